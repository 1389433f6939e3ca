#!/usr/bin/env python3
"""kueue_originals_test.py FAIRWAY: the manifests of Kueue's documentation themselves, applied by kubectl as its pages
say, over two members (real control planes where controlplane/cluster can start some, else simulated ones).
KUEUE_SOURCE names a checkout of Kueue: nothing of it is part of Fairway, and without one this is skipped.

First every queue, cohort, flavor and priority of the pages is tried by a dry run: what is refused must be refused for
something that Fairway says it has not. Then the page about quotas is followed, with the sample Job: one queue, two
flavors, a cohort that borrows, dedicated flavors with a fallback."""
import os
import pathlib
import re
import subprocess
import sys

sys.dont_write_bytecode = True
from kit import HERE, SKIPPED, Gateway, Kubectl, Simulated, newest_kubectl, wait
from queues_test import condition, holds
from kueue_samples_test import Team

KINDS = r"^kind: (ClusterQueue|Cohort|ResourceFlavor|LocalQueue|WorkloadPriorityClass)\b"
# What Fairway does not do (docs/operating/queues.md), as the refusals name it.
NOT_THERE = ("admissionChecks", "topologyName", "topologies", "oncurrentAdmission", "by past usage",
             "no matches for kind")
# Two blocks cover a resource and give no quota for it: Kueue's own rule refuses them, in these words.
NOR_AT_KUEUE = ("flavors must have the same number of resources as the coveredResources",)
RUN = "simulated.fairway.flext.sh/run-ms"


def blocks(page):
    """The YAML of a page, in order; a block may hold several documents."""
    text = re.sub(r"^[ \t]+(?=```)", "", page.read_text(), flags=re.M)
    return [block for block in re.findall(r"```ya?ml[^\n]*\n(.*?)```", text, re.S)]


class Pages:
    def __init__(self, source, kubectl):
        self.docs = source / "site" / "content" / "en" / "docs"
        self.examples = source / "site" / "static" / "examples"
        self.kubectl = kubectl

    def apply(self, text):
        self.kubectl.run("apply", "-f", "-", stdin=text)

    def quota_blocks(self):
        return [b for b in blocks(self.docs / "tasks" / "manage" / "administer_cluster_quotas.md")
                if re.search(KINDS, b, re.M)]


def every_sample(pages):
    """Each block alone, as the pages show it."""
    taken, refused, strange = 0, [], []
    files = [(page, block) for page in sorted(pages.docs.rglob("*.md")) for block in blocks(page)]
    files += [(page, page.read_text()) for page in sorted((pages.examples / "admin").glob("*.yaml"))]
    files = [(page, text) for page, text in files
             if re.search(KINDS, text, re.M) and "kueue.x-k8s.io/v1beta" in text]
    for namespace in sorted({n for _, text in files for n in re.findall(r'^  namespace: "?([\w-]+)', text, re.M)}):
        pages.kubectl.run("create", "namespace", namespace, code=None)
    for page, text in files:
        pages.kubectl.run("apply", "--dry-run=server", "-f", "-", stdin=text, code=None)
        if pages.kubectl.code == 0:
            taken += 1
            continue
        message = pages.kubectl.errors.strip().replace("\n", " | ")
        known = any(word in message for word in NOT_THERE + NOR_AT_KUEUE) or "..." in text
        (refused if known else strange).append(f"{page.name}: {message[:300]}")
    for line in refused:
        print(f"    refused: {line}")
    assert not strange, "refused for no reason that is documented:\n" + "\n".join(strange)
    assert taken >= 20, f"only {taken} samples were found: is KUEUE_SOURCE a checkout of Kueue?"
    print(f"    {taken} of {len(files)} taken as they are")


class Door(Team):
    """Creates the sample Job: its container sleeps for a minute, which a member that plays pods must be told."""

    def __init__(self, gateway, pages):
        super().__init__(gateway)
        self.pages = pages

    def sample_job(self, queue="user-queue"):
        """3 pods of 1 cpu and 200Mi; its name."""
        text = (self.pages.examples / "jobs" / "sample-job.yaml").read_text()
        text = text.replace("user-queue", queue)
        text = re.sub(r"^  template:\n", f"  template:\n    metadata:\n      annotations:\n        {RUN}: '600000'\n",
                      text, count=1, flags=re.M)
        created = self.pages.kubectl.run("create", "-o", "name", "-f", "-", stdin=text)
        return created.strip().split("/")[1]

    def sample_jobs(self, count, queue="user-queue"):
        names = []
        for _ in range(count):  # one after the other: the order is what the pages speak of
            names.append(self.sample_job(queue))
            wait("its Workload to be looked at", lambda: condition(self.of_job(names[-1], "default"), "QuotaReserved"))
        return names

    def local_queue(self, name, cluster_queue):
        text = (f"apiVersion: kueue.x-k8s.io/v1beta2\nkind: LocalQueue\nmetadata:\n  namespace: default\n"
                f"  name: {name}\nspec:\n  clusterQueue: {cluster_queue}\n")
        self.pages.apply(text)

    def clear(self):
        self.end("default")
        for kind in ("localqueues", "clusterqueues"):
            self.pages.kubectl.run("delete", kind, "--all", *(["-n", "default"] if kind == "localqueues" else []))

    def running(self, *names):
        self.runs("default", *names)
        for name in names:
            wait(f"{name} to run", lambda: self.client.get(
                f"/apis/batch/v1/namespaces/default/jobs/{name}").get("status", {}).get("active") == 3)


def one_queue(door):
    """9 cpu: three Jobs of 3; the fourth waits until one is gone."""
    queue, flavor, local = door.pages.quota_blocks()[:3]
    for text in (queue, flavor, local):
        door.pages.apply(text)
    first, *rest, fourth = door.sample_jobs(4)
    door.running(first, *rest)
    door.waits("default", fourth, "cpu")
    assert door.usage("cluster-queue") == (9000, 0), door.usage("cluster-queue")
    door.pages.kubectl.run("delete", "job", first)
    door.running(fourth)


def two_flavors(door):
    """x86 has 9 cpu, arm 12: seven Jobs of 3, on the cluster whose label is the flavor's."""
    x86, arm, queue = door.pages.quota_blocks()[3:6]
    for text in (x86, arm, queue, door.pages.quota_blocks()[2]):
        door.pages.apply(text)
    *names, last = door.sample_jobs(8)
    door.running(*names)
    door.waits("default", last, "cpu")
    where = [door.place("default", name) for name in names]
    assert where.count("x86") == 3 and where.count("arm") == 4, where


def cohort(door):
    """team-a has 9 and may borrow 6 of team-b's 12: five Jobs. What is left for team-b are 6 cpu."""
    for text in door.pages.quota_blocks()[6:8]:
        door.pages.apply(text)
    door.local_queue("team-a", "team-a-cq")
    door.local_queue("team-b", "team-b-cq")
    *names, last = door.sample_jobs(6, "team-a")
    door.running(*names)
    door.waits("default", last, "cpu")
    assert door.usage("team-a-cq") == (15000, 6000), door.usage("team-a-cq")
    *names, last = door.sample_jobs(3, "team-b")
    door.running(*names)
    door.waits("default", last, "cpu")


def fallback(door):
    """team-a has 9 cpu of arm, which it may not exceed, and falls back to the 6 cpu of x86 that shared-cq has."""
    for text in door.pages.quota_blocks()[8:11]:
        door.pages.apply(text)
    door.local_queue("team-a", "team-a-cq")
    *names, last = door.sample_jobs(6, "team-a")
    door.running(*names)
    door.waits("default", last, "cpu")
    where = [door.place("default", name) for name in names]
    assert where == ["arm"] * 3 + ["x86"] * 2, where


def follow(binary, source, members):
    with Gateway(binary) as gateway:
        gateway.join(members, "cpu-arch")
        kubectl = Kubectl(gateway.kubeconfig, newest_kubectl())
        pages = Pages(source, kubectl)
        every_sample(pages)
        print("  every_sample", flush=True)
        door = Door(gateway, pages)
        for step in (one_queue, two_flavors, cohort, fallback):
            step(door)
            door.clear()
            print(f"  {step.__name__}", flush=True)
        kubectl.close()
        gateway.stop()
    print("Kueue's own manifests behave as its pages say")


def main():
    source = os.environ.get("KUEUE_SOURCE")
    if not source:
        print("skipped: KUEUE_SOURCE names no checkout of Kueue")
        return SKIPPED
    if newest_kubectl() is None:
        print("skipped: there is no kubectl to apply them with")
        return SKIPPED
    if os.environ.get("TEST_MEMBERS"):
        members = dict(entry.split("=", 1) for entry in os.environ["TEST_MEMBERS"].split(","))
        return follow(sys.argv[1], pathlib.Path(source), members)
    cluster = HERE / "controlplane" / "cluster"
    if "--simulated" not in sys.argv and subprocess.run([cluster, "available"]).returncode == 0:
        os.execv(cluster, [cluster, "run", "x86", "arm", "--", sys.executable, *sys.argv])
    print("no real control planes: simulated clusters instead")
    with Simulated(sys.argv[1], 2, 500) as simulated:
        follow(sys.argv[1], pathlib.Path(source), dict(zip(("x86", "arm"), simulated.kubeconfigs.values())))
    return None


if __name__ == "__main__":
    sys.exit(main())
