#!/usr/bin/env python3
"""real_clusters_test.py FAIRWAY, started by `controlplane/cluster run a b -- ...`: two real clusters, one joined
with a client certificate, one with a token. 200 Jobs with mixed affinities finish on the right ones;
labels, dependencies, status, suspension and TTL hold; deleting at the gateway leaves nothing behind; and a
cluster that is down holds up nobody else."""
import base64
import os
import subprocess
import sys

sys.dont_write_bytecode = True
from kit import HERE, Gateway, condition, wait
from rest import CUT, Access, Client

JOBS = 200
PREFIX = "fairway.flext.sh/"
SELECTOR = PREFIX + "cluster-selector"
LABELS = [PREFIX + "uid", PREFIX + "epoch", PREFIX + "gateway"]
FOREVER_MS = 3600000
FAIRWAY_API = "/apis/fairway.flext.sh/v1alpha1"


def jobs(ns="default"):
    return f"/apis/batch/v1/namespaces/{ns}/jobs"


def core(ns, kind):
    return f"/api/v1/namespaces/{ns}/{kind}"


def job(name, site=None, run_ms=300, labels=None, **spec):
    container = {"name": "main", "image": "busybox", "resources": {"requests": {"cpu": "100m"}}}
    template = {"metadata": {"annotations": {"simulated.fairway.flext.sh/run-ms": str(run_ms)}},
                "spec": {"restartPolicy": "Never", "containers": [container]}}
    annotations = {SELECTOR: f"site={site}"} if site else {}
    return {"apiVersion": "batch/v1", "kind": "Job",
            "metadata": {"name": name, "annotations": annotations, "labels": labels or {}},
            "spec": {"template": template, **spec}}


def policy(site):
    """Sends the Jobs that are labelled wants=<site> there."""
    return {"apiVersion": "fairway.flext.sh/v1alpha1", "kind": "PlacementPolicy",
            "metadata": {"name": f"to-{site}"},
            "spec": {"workloadSelector": {"matchLabels": {"wants": site}},
                     "clusterAffinity": {"required": [{"matchExpressions": [
                         {"key": "site", "operator": "In", "values": [site]}]}]}}}


def ours(listed):
    return [i["metadata"]["name"] for i in listed["items"]
            if PREFIX + "gateway" in i["metadata"].get("labels", {})]


def gone(client, path):
    return client.call("GET", path)[0] == 404


def leftovers(member):
    """Everything on a member that we made, and every pod."""
    found = {}
    for kind, path in {"jobs": "/apis/batch/v1/jobs", "configmaps": "/api/v1/configmaps",
                       "secrets": "/api/v1/secrets", "namespaces": "/api/v1/namespaces",
                       "serviceaccounts": "/api/v1/serviceaccounts"}.items():
        found[kind] = ours(member.get(path))
    found["pods"] = [i["metadata"]["name"] for i in member.get("/api/v1/pods")["items"]]
    return {kind: names for kind, names in found.items() if names}


def wait_empty(members):
    for name, member in members.items():
        try:
            wait(f"nothing of ours on {name}", lambda: not leftovers(member))
        except AssertionError:
            raise AssertionError(f"left behind on {name}: {leftovers(member)}") from None


def right_clusters(k, members):
    for site in members:
        k.post(f"{FAIRWAY_API}/namespaces/default/placementpolicies", policy(site))
    wishes = {}
    for i in range(JOBS):
        name, site = f"job-{i}", [None, *members][i % 3]
        wishes[name] = site
        if site and i % 2:
            k.post(jobs(), job(name, labels={"wants": site}))
        else:
            k.post(jobs(), job(name, site))
    wait(f"{JOBS} complete jobs", lambda: sum(
        condition(item, "Complete") == "True" for item in k.get(jobs())["items"]) == JOBS)
    mine = {item["metadata"]["name"]: item for item in k.get(jobs())["items"]}
    found = {}
    for member, client in members.items():
        for copy in client.get(jobs())["items"]:
            name, labels = copy["metadata"]["name"], copy["metadata"].get("labels", {})
            assert name not in found, f"{name} runs on {found[name]} and {member}"
            found[name] = member
            assert wishes[name] in (None, member), f"{name} wants {wishes[name]}, is on {member}"
            assert all(label in labels for label in LABELS), f"{name} on {member}: {labels}"
            assert labels[PREFIX + "uid"] == mine[name]["metadata"]["uid"], f"{name}: {labels}"
            check_status(name, mine[name]["status"], copy["status"])
    assert found.keys() == wishes.keys(), f"without a copy: {sorted(wishes.keys() - found.keys())}"
    assert set(found.values()) == set(members), f"only on {set(found.values())}"


def check_status(name, shown, real):
    for field in ["startTime", "completionTime", "succeeded", "failed", "ready"]:
        assert shown.get(field) == real.get(field), f"{name}: {field}: {shown} instead of {real}"
    kinds = [{c["type"]: c["status"] for c in status["conditions"]} for status in (shown, real)]
    assert kinds[1].items() <= kinds[0].items(), f"{name}: {shown} instead of {real}"


def delete_all(k, members):
    k.delete(jobs())
    wait("no job at the gateway", lambda: not k.get(jobs())["items"])
    wait_empty(members)


def dependencies(k, members):
    """The ConfigMap and Secret that a Job names are there before it, follow changes, and go with it."""
    k.post("/api/v1/namespaces", {"metadata": {"name": "team"}})
    k.post(core("team", "configmaps"), {"metadata": {"name": "settings"}, "data": {"colour": "blue"}})
    secret = base64.b64encode(b"quiet").decode()
    k.post(core("team", "secrets"), {"metadata": {"name": "word"}, "data": {"word": secret}})
    wanted = job("needs", "b", FOREVER_MS)
    pod = wanted["spec"]["template"]["spec"]
    pod["containers"][0]["envFrom"] = [{"configMapRef": {"name": "settings"}}]
    pod["volumes"] = [{"name": "word", "secret": {"secretName": "word"}}]
    k.post(jobs("team"), wanted)
    wait("the job to run", lambda: k.get(jobs("team") + "/needs").get("status", {}).get("ready") == 1)
    b = members["b"]
    assert b.get(core("team", "configmaps") + "/settings")["data"] == {"colour": "blue"}
    assert b.get(core("team", "secrets") + "/word")["data"] == {"word": secret}
    k.merge(core("team", "configmaps") + "/settings", {"data": {"colour": "red"}})
    wait("the change to arrive", lambda: b.get(
        core("team", "configmaps") + "/settings")["data"] == {"colour": "red"})
    assert gone(members["a"], "/api/v1/namespaces/team"), "a was not asked to run it"
    k.delete("/api/v1/namespaces/team")
    wait("the namespace to be gone", lambda: gone(k, "/api/v1/namespaces/team"))
    wait_empty(members)


def suspension(k, members):
    path = jobs() + "/paused"
    k.post(jobs(), job("paused", "a", FOREVER_MS))
    wait("the job to run", lambda: k.get(path)["status"].get("ready") == 1)
    k.merge(path, {"spec": {"suspend": True}})
    wait("the job to be suspended", lambda: condition(k.get(path), "Suspended") == "True")
    wait("its pod to be gone", lambda: not members["a"].get(core("default", "pods"))["items"])
    k.merge(path, {"spec": {"suspend": False}})
    wait("the job to run again", lambda: k.get(path)["status"].get("ready") == 1)
    assert condition(k.get(path), "Suspended") == "False"
    k.delete(path)
    wait_empty(members)


def failure(k, members):
    """A Job that fails says so as on the cluster."""
    wanted = job("fails", "b", 50, backoffLimit=0)
    annotations = wanted["spec"]["template"]["metadata"]["annotations"]
    annotations["simulated.fairway.flext.sh/exit-code"] = "1"
    k.post(jobs(), wanted)
    path = jobs() + "/fails"
    wait("the job to fail", lambda: condition(k.get(path), "Failed") == "True")
    copy = members["b"].get(path)
    shown = k.get(path)
    reasons = [[c["reason"] for c in item["status"]["conditions"] if c["type"] == "Failed"]
               for item in (shown, copy)]
    assert reasons[0] == reasons[1] == ["BackoffLimitExceeded"], reasons
    assert shown["status"]["failed"] == 1, shown
    k.delete(path)
    wait_empty(members)


def ttl(k, members):
    k.post(jobs(), job("short-lived", "a", 50, ttlSecondsAfterFinished=1))
    wait("the job to be collected", lambda: gone(k, jobs() + "/short-lived"))
    wait_empty(members)


def cluster(*arguments):
    subprocess.run([HERE / "controlplane" / "cluster", *arguments], check=True)


def dead_member(k, members):
    """A cluster that is down delays nobody; a deletion there is pending in sight, and completes."""
    path = jobs() + "/stuck"
    k.post(jobs(), job("stuck", "a", FOREVER_MS))
    wait("the job to run", lambda: k.get(path)["status"].get("ready") == 1)
    cluster("signal", "a", "kube-apiserver", "KILL")
    k.delete(path)
    for i in range(10):
        k.post(jobs(), job(f"alive-{i}", "b"))
    wait("jobs on the living cluster", lambda: all(
        condition(k.get(f"{jobs()}/alive-{i}"), "Complete") == "True" for i in range(10)))
    wait("a to be reported", lambda: condition(
        k.get(f"{FAIRWAY_API}/clusters/a"), "Ready") != "True")
    assert k.get(path)["metadata"]["deletionTimestamp"], "nobody can know that the copy is gone"

    def reported():
        events = k.get(core("default", "events"))["items"]
        return [e["message"] for e in events if e["involvedObject"]["name"] == "stuck"
                and e["type"] == "Warning"]
    print("reported:", wait("a warning about the cluster", reported)[-1])
    cluster("up", "a")
    members["a"].close()  # its connection went with the old process
    wait("the deletion to complete", lambda: gone(k, path))
    delete_all(k, members)


STEPS = [right_clusters, delete_all, dependencies, suspension, failure, ttl, dead_member]


def main():
    files = dict(pair.split("=", 1) for pair in os.environ["TEST_MEMBERS"].split(","))
    members = {name: Client(Access(path)) for name, path in files.items()}
    failed = []
    with Gateway(sys.argv[1]) as gateway:
        gateway.join({"a": files["a"], "b": files["b"] + ".token"}, "site")
        k = gateway.client()
        for step in [s for s in STEPS if s.__name__ in sys.argv[2:] or not sys.argv[2:]]:
            try:
                step(k, members)
                print(f"{step.__name__}: good", flush=True)
            except (AssertionError, KeyError, *CUT) as error:
                failed.append(f"{step.__name__}: {error!r}")
                print(failed[-1], flush=True)
        gateway.stop()
        if failed:
            print(gateway.log(), file=sys.stderr)
    sys.exit("\n".join(failed) if failed else 0)


if __name__ == "__main__":
    main()
