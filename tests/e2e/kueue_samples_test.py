#!/usr/bin/env python3
"""kueue_samples_test.py FAIRWAY [--simulated]: what Kueue's documentation shows by its samples (one queue, flavors, cohorts,
borrowing, lending, preemption, a tree of cohorts, fair sharing), with manifests of the same shapes, over two
members: real control planes where controlplane/cluster can start some, else simulated ones."""
import os
import subprocess
import sys

sys.dont_write_bytecode = True
from kit import HERE, Gateway, Simulated, wait
from queues_test import KUEUE, LONG, SHORT, Door, condition, holds, job, kueue, quota

SITES = ("x86", "arm")


class Team(Door):
    """The gateway as the teams of a sample use it: each test has namespaces of its own."""

    def namespace(self, name, **labels):
        self.make({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}})

    def queues(self, namespace, name, groups, **spec):
        self.make(kueue("ClusterQueue", name, {"namespaceSelector": {}, "resourceGroups": groups, **spec}),
                  kueue("LocalQueue", "user-queue", {"clusterQueue": name}, namespace=namespace))

    def job(self, namespace, name, cpu, pods=1, run_ms=LONG, **more):
        # A tenth of what the samples ask for: their queues are larger than the members of a test.
        self.make(job(name, "user-queue", f"{cpu}00m", namespace=namespace, parallelism=pods, run_ms=run_ms,
                      **more))

    def admitted(self, namespace, name):
        return holds(self.of_job(name, namespace), "Admitted")

    def runs(self, namespace, *names):
        for name in names:
            wait(f"{namespace}/{name} to be admitted", lambda: self.admitted(namespace, name))

    def waits(self, namespace, name, text):
        wait(f"{namespace}/{name} to wait: {text}", lambda: text in condition(
            self.of_job(name, namespace), "QuotaReserved").get("message", ""))

    def place(self, namespace, name):
        return self.client.get(f"/apis/fairway.flext.sh/v1alpha1/namespaces/{namespace}/placements/{name}").get(
            "status", {}).get("cluster")

    def usage(self, name):
        """Milli-cpu that a ClusterQueue uses and borrows."""
        total = borrowed = 0
        for flavor in self.client.get(f"{KUEUE}/clusterqueues/{name}").get("status", {}).get("flavorsUsage", []):
            for each in flavor["resources"]:
                if each["name"] == "cpu":
                    total, borrowed = total + milli(each["total"]), borrowed + milli(each.get("borrowed", "0"))
        return total, borrowed

    def end(self, namespace):
        path = f"/apis/batch/v1/namespaces/{namespace}/jobs"
        for each in self.client.get(path)["items"]:
            self.client.call("DELETE", path + "/" + each["metadata"]["name"], {"propagationPolicy": "Background"})
        wait(f"the Jobs of {namespace} to go", lambda: not self.client.get(path)["items"])


def milli(text):
    return int(text[:-1]) if text.endswith("m") else int(text) * 1000


def tenths(cpu, **limits):
    """cpu tenths as nominal quota, as the jobs here are."""
    return quota(f"{cpu}00m", ("default-flavor",), **{k: f"{v}00m" for k, v in limits.items()})


def one_queue(door):
    """Nine may run; what is beyond waits, and follows when there is room."""
    door.namespace("single")
    door.queues("single", "cluster-queue", tenths(9))
    for name in ("one", "two", "three"):
        door.job("single", name, 1, pods=3)
    door.runs("single", "one", "two", "three")
    door.job("single", "four", 1, pods=3, run_ms=SHORT)
    door.waits("single", "four", "insufficient unused quota for cpu in flavor default-flavor, 300m more needed")
    door.client.call("DELETE", "/apis/batch/v1/namespaces/single/jobs/one", {"propagationPolicy": "Background"})
    wait("four to finish", lambda: holds(door.of_job("four", "single"), "Finished"))
    door.end("single")


def flavors(door):
    """The first flavor until it is used up, then the second; each is bound to the nodes with its label."""
    door.namespace("flavors")
    door.queues("flavors", "two-flavors", quota("400m", SITES))
    for name in ("one", "two"):
        door.job("flavors", name, 4)
    door.runs("flavors", "one", "two")
    got = {name: door.of_job(name, "flavors")["status"]["admission"]["podSetAssignments"][0]["flavors"]["cpu"]
           for name in ("one", "two")}
    assert sorted(got.values()) == sorted(SITES), got
    for name, flavor in got.items():
        wait(f"{name} to be where {flavor} is", lambda: door.place("flavors", name) == door.sites[flavor])
    door.job("flavors", "picky", 1, run_ms=SHORT)
    door.waits("flavors", "picky", "flavor arm, 100m more needed")
    door.end("flavors")


def tainted_flavor(door):
    """Only pods that tolerate a flavor's taint get it."""
    door.namespace("tainted")
    door.make(kueue("ResourceFlavor", "spot", {"nodeTaints": [
        {"key": "spot", "value": "true", "effect": "NoSchedule"}]}))
    door.queues("tainted", "spot-queue", quota("900m", ("spot",)))
    door.job("tainted", "fragile", 1)
    door.waits("tainted", "fragile", "untolerated taint spot in flavor spot")
    sturdy = job("sturdy", "user-queue", "100m", namespace="tainted", run_ms=SHORT)
    sturdy["spec"]["template"]["spec"]["tolerations"] = [{"key": "spot", "operator": "Exists"}]
    door.make(sturdy)
    wait("sturdy to finish", lambda: holds(door.of_job("sturdy", "tainted"), "Finished"))
    door.end("tainted")


def borrowing(door):
    """Nine each: one team uses twelve while the other rests, but no more than its limit; what is not lent is
    the lender's own."""
    for team, more in (("a", {"borrowingLimit": 3}), ("b", {"lendingLimit": 4})):
        door.namespace(f"team-{team}")
        door.queues(f"team-{team}", f"team-{team}-cq", tenths(9, **more), cohortName="team-ab")
    door.job("team-a", "large", 12)
    door.runs("team-a", "large")
    wait("three to be borrowed", lambda: door.usage("team-a-cq") == (1200, 300))
    door.job("team-a", "more", 1)
    door.waits("team-a", "more", "100m more needed")
    door.job("team-b", "own", 6)
    door.runs("team-b", "own")
    door.end("team-a")
    door.job("team-b", "over", 13)  # beside its six: one more than both teams have
    door.waits("team-b", "over", "insufficient unused quota")
    for team in "ab":
        door.end(f"team-{team}")


def preemption(door):
    """Who borrows gives back to whom it belongs to; within a queue the higher priority goes first."""
    rules = {"reclaimWithinCohort": "Any", "withinClusterQueue": "LowerPriority"}
    for team in "cd":
        door.namespace(f"team-{team}")
        door.queues(f"team-{team}", f"team-{team}-cq", tenths(4), cohortName="team-cd", preemption=rules)
    for i in range(4):
        door.job("team-c", f"job-{i}", 2)
    door.runs("team-c", *(f"job-{i}" for i in range(4)))
    door.job("team-d", "owner", 4)
    door.runs("team-d", "owner")
    wait("c to be within its quota", lambda: door.usage("team-c-cq") == (400, 0))
    evicted = [name for name in (f"job-{i}" for i in range(4)) if condition(
        door.of_job(name, "team-c"), "Requeued").get("reason") == "Preempted"]
    assert len(evicted) == 2, evicted
    door.job("team-c", "urgent", 2, labels={"kueue.x-k8s.io/priority-class": "sample-priority"})
    door.runs("team-c", "urgent")
    assert door.usage("team-c-cq") == (400, 0) and door.admitted("team-d", "owner")
    for team in "cd":
        door.end(f"team-{team}")


def cohort_tree(door):
    """A Cohort has quota of its own, and its parent lends what nobody uses."""
    group = [{"coveredResources": ["cpu"], "flavors": [{"name": "default-flavor", "resources": [
        {"name": "cpu", "nominalQuota": "400m"}]}]}]
    door.make(kueue("Cohort", "root-cohort", {}),
              kueue("Cohort", "important-org", {"parentName": "root-cohort", "resourceGroups": group}),
              kueue("Cohort", "regular-org", {"parentName": "root-cohort"}))
    for team, cohort in (("e", "important-org"), ("f", "regular-org")):
        door.namespace(f"team-{team}")
        door.queues(f"team-{team}", f"team-{team}-cq", tenths(1), cohortName=cohort,
                    preemption={"reclaimWithinCohort": "Any"})
    door.job("team-f", "guest", 6)  # its own, its cousin's and the important organisation's
    door.runs("team-f", "guest")
    wait("five to be borrowed", lambda: door.usage("team-f-cq") == (600, 500))
    door.job("team-e", "entitled", 5)
    door.runs("team-e", "entitled")
    wait("the guest to be evicted", lambda: not door.admitted("team-f", "guest"))
    for team in "ef":
        door.end(f"team-{team}")


def fair_sharing(door):
    """What nobody owns is shared by weight: three to one."""
    group = [{"coveredResources": ["cpu"], "flavors": [{"name": "default-flavor", "resources": [
        {"name": "cpu", "nominalQuota": "800m"}]}]}]
    door.make(kueue("Cohort", "fair", {"resourceGroups": group}))
    for team, weight in (("g", "3"), ("h", "1")):
        door.namespace(f"team-{team}")
        door.queues(f"team-{team}", f"team-{team}-cq", tenths(0), cohortName="fair",
                    fairSharing={"weight": weight},
                    preemption={"reclaimWithinCohort": "Any", "withinClusterQueue": "LowerPriority"})
    for i in range(8):
        door.job("team-h", f"job-{i}", 1)
    door.runs("team-h", *(f"job-{i}" for i in range(8)))
    for i in range(8):
        door.job("team-g", f"job-{i}", 1)
    wait("the shares to be six and two", lambda: (door.usage("team-g-cq")[0], door.usage("team-h-cq")[0]) == (600, 200))
    for team in "gh":
        door.end(f"team-{team}")


TESTS = [one_queue, flavors, tainted_flavor, borrowing, preemption, cohort_tree]


def gateway_with(binary, members, tests, *flags):
    with Gateway(binary, *flags) as gateway:
        gateway.join(members, "site")
        door = Team(gateway)
        door.sites = dict(zip(SITES, members))
        for flavor, member in door.sites.items():
            door.make(kueue("ResourceFlavor", flavor, {"nodeLabels": {"site": member}}))
        door.make(kueue("ResourceFlavor", "default-flavor", {}),
                  {"apiVersion": "kueue.x-k8s.io/v1beta2", "kind": "WorkloadPriorityClass",
                   "metadata": {"name": "sample-priority"}, "value": 10000})
        for test in tests:
            test(door)
            print(f"  {test.__name__}", flush=True)
        gateway.stop()


def all_of(binary, members):
    gateway_with(binary, members, TESTS)
    gateway_with(binary, members, [fair_sharing], "--fair-sharing", "true")
    print(f"{len(TESTS) + 1} samples behave as documented")


def main():
    if os.environ.get("TEST_MEMBERS"):
        members = dict(entry.split("=", 1) for entry in os.environ["TEST_MEMBERS"].split(","))
        return all_of(sys.argv[1], members)
    cluster = HERE / "controlplane" / "cluster"
    if "--simulated" not in sys.argv and subprocess.run([cluster, "available"]).returncode == 0:
        os.execv(cluster, [cluster, "run", "a", "b", "--", sys.executable, *sys.argv])
    print("no real control planes: simulated clusters instead")
    with Simulated(sys.argv[1], 2, 500) as simulated:
        all_of(sys.argv[1], simulated.kubeconfigs)
    return None


if __name__ == "__main__":
    main()
