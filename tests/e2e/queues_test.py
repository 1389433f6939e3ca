#!/usr/bin/env python3
"""queues_test.py FAIRWAY: Kueue's queue API at the front door, over simulated clusters: manifests as its
users write them are taken, Jobs and bare Workloads wait for quota, borrow from their cohort, get the flavor
that has room, are preempted and come back; stopped queues and foreign namespaces admit nothing; what Fairway
does not do is refused. Ends with a restart, after which all of it still stands."""
import json
import sys

sys.dont_write_bytecode = True
from kit import Gateway, Kubectl, newest_kubectl, wait

KUEUE = "/apis/kueue.x-k8s.io/v1beta2"
RUN = "simulated.fairway.flext.sh/run-ms"
LONG, SHORT = "600000", "50"
MAX_EXEC = "kueue.x-k8s.io/max-exec-time-seconds"


def kueue(kind, name, spec, **more):
    metadata = {"name": name, **more}
    return {"apiVersion": "kueue.x-k8s.io/v1beta2", "kind": kind, "metadata": metadata, "spec": spec}


def quota(nominal, flavors=("plain",), **limits):
    return [{"coveredResources": ["cpu"],
             "flavors": [{"name": f, "resources": [{"name": "cpu", "nominalQuota": nominal, **limits}]}
                         for f in flavors]}]


def queue(name, nominal, namespace, flavors=("plain",), cohort="", limits=None, **spec):
    """A ClusterQueue and the LocalQueue of the same name in front of it."""
    spec = {"namespaceSelector": {}, "resourceGroups": quota(nominal, flavors, **(limits or {})), **spec}
    if cohort:
        spec["cohortName"] = cohort
    return [kueue("ClusterQueue", name, spec),
            kueue("LocalQueue", name, {"clusterQueue": name}, namespace=namespace)]


def template(cpu, run_ms=LONG):
    container = {"name": "main", "image": "busybox", "resources": {"requests": {"cpu": cpu}}}
    return {"metadata": {"annotations": {RUN: run_ms}},
            "spec": {"restartPolicy": "Never", "containers": [container]}}


def job(name, queue_name, cpu, run_ms=LONG, namespace="team", parallelism=1, labels=None,
        annotations=None):
    labels = {**({"kueue.x-k8s.io/queue-name": queue_name} if queue_name else {}), **(labels or {})}
    return {"apiVersion": "batch/v1", "kind": "Job",
            "metadata": {"name": name, "namespace": namespace, "labels": labels,
                         "annotations": annotations or {}},
            "spec": {"suspend": True, "parallelism": parallelism, "completions": parallelism,
                     "template": template(cpu, run_ms)}}


def workload(name, queue_name, cpu, priority=0, count=1, namespace="team"):
    return kueue("Workload", name, {"queueName": queue_name, "priority": priority,
                                    "podSets": [{"name": "main", "count": count,
                                                 "template": template(cpu)}]}, namespace=namespace)


class Door:
    """The gateway, spoken to as a client of Kueue's does."""

    def __init__(self, gateway):
        self.gateway = gateway
        self.client = gateway.client()

    def make(self, *documents):
        for document in documents:
            status, body = self.client.call("POST", self.path(document), document)
            assert status == 201, f"{document['kind']} {document['metadata']['name']}: {body}"

    def refused(self, document, text):
        status, body = self.client.call("POST", self.path(document), document)
        assert status == 422 and text in body["message"], f"{status} {body}"

    @staticmethod
    def path(document):
        kind, namespace = document["kind"], document["metadata"].get("namespace")
        base = "/api/v1" if kind == "Namespace" else f"/apis/{document['apiVersion']}"
        plural = kind[:-1] + "ies" if kind.endswith("y") else kind + ("es" if kind.endswith("s") else "s")
        return base + (f"/namespaces/{namespace}" if namespace else "") + "/" + plural.lower()

    def workload(self, name, namespace="team"):
        return self.client.get(f"{KUEUE}/namespaces/{namespace}/workloads/{name}")

    def of_job(self, name, namespace="team"):
        """The Workload of a Job; None while there is none."""
        found = [w for w in self.client.get(f"{KUEUE}/namespaces/{namespace}/workloads")["items"]
                 if any(o["name"] == name for o in w["metadata"].get("ownerReferences", []))]
        assert len(found) <= 1, found
        return found[0] if found else None

    def completes(self, name):
        wait(f"{name} to finish", lambda: holds(
            self.client.get(f"/apis/batch/v1/namespaces/team/jobs/{name}"), "Complete"))

    def status(self, document, conditions, **status):
        """A status patch as Kueue's own clients send it."""
        name, namespace = document["metadata"]["name"], document["metadata"]["namespace"]
        path = f"{KUEUE}/namespaces/{namespace}/workloads/{name}/status"
        return self.client.call(
            "PATCH", path + "?fieldManager=test&force=true",
            {"apiVersion": document["apiVersion"], "kind": "Workload",
             "metadata": {"name": name, "namespace": namespace},
             "status": {"conditions": conditions, **status}},
            {"Content-Type": "application/apply-patch+yaml"})

    def patch(self, path, body):
        status, answer = self.client.call("PATCH", path, body,
                                          {"Content-Type": "application/merge-patch+json"})
        assert status == 200, answer

    def delete(self, path):
        self.client.call("DELETE", path)


def condition(document, kind):
    for each in (document or {}).get("status", {}).get("conditions", []):
        if each["type"] == kind:
            return each
    return {}


def holds(document, kind):
    return condition(document, kind).get("status") == "True"


def now_condition(kind, status, reason, message=""):
    return {"type": kind, "status": status, "reason": reason, "message": message,
            "lastTransitionTime": "2026-01-01T00:00:00Z"}


def manifests():
    """What later tests rest on."""
    return [
        kueue("ResourceFlavor", "plain", {}),
        kueue("ClusterQueue", "applied", {"namespaceSelector": {}, "resourceGroups": quota(9)}),
        kueue("LocalQueue", "applied", {"clusterQueue": "applied"}, namespace="team"),
        kueue("Cohort", "tree", {"parentName": "root"}),
        {"apiVersion": "kueue.x-k8s.io/v1beta2", "kind": "WorkloadPriorityClass",
         "metadata": {"name": "high"}, "value": 1000}]


def test_manifests(door, kubectl):
    """kubectl applies them twice, client-side and server-side, and shows them in Kueue's columns."""
    text = "\n---\n".join(json.dumps(d) for d in manifests())
    for flags in ([], [], ["--server-side", "--force-conflicts"]):
        kubectl.run("apply", "-f", "-", *flags, stdin=text)
    spec = door.client.get(f"{KUEUE}/clusterqueues/applied")["spec"]
    assert spec["queueingStrategy"] == "BestEffortFIFO" and spec["stopPolicy"] == "None", spec
    for name in ("cq", "lq", "wl", "rf", "wpc"):
        kubectl.run("get", name, "-A" if name in ("lq", "wl") else "--ignore-not-found")
    columns = kubectl.run("get", "lq", "-n", "team").splitlines()[0].split("  ")
    assert [c.strip() for c in columns if c.strip()] == [
        "NAME", "CLUSTERQUEUE", "PENDING WORKLOADS", "ADMITTED WORKLOADS"], columns
    assert "nominalQuota" in kubectl.run("explain", "cq", "--recursive")
    wait("the queue to be active", lambda: condition(
        door.client.get(f"{KUEUE}/clusterqueues/applied"), "Active").get("reason") == "Ready")


def test_refusals(door):
    door.refused(kueue("ClusterQueue", "x", {"admissionChecksStrategy":
                                             {"admissionChecks": [{"name": "a"}]}}),
                 "not supported by Fairway")
    door.refused(kueue("ResourceFlavor", "x", {"topologyName": "racks"}), "not supported by Fairway")
    door.refused(job("x", "applied", "1", labels={"kueue.x-k8s.io/priority-class": "none"}),
                 "Not found")
    made = workload("forged", "nowhere", "1")
    door.make(made)
    status, body = door.status(made, [now_condition("QuotaReserved", "True", "Mine")],
                               admission={"clusterQueue": "applied", "podSetAssignments": [
                                   {"name": "main", "count": 1}]})
    assert status == 422 and "reserved by Fairway alone" in body["message"], body
    door.delete(f"{KUEUE}/namespaces/team/workloads/forged")


def test_jobs_wait_for_quota(door):
    """A Job runs when there is quota, not before, and frees it at its end."""
    door.make(*queue("small", 2, "team"), job("first", "small", "2", run_ms="1500"),
              job("second", "small", "2", run_ms=SHORT))
    first = wait("the first to be admitted", lambda: (w := door.of_job("first")) and
                 holds(w, "Admitted") and w)
    assert first["metadata"]["name"].startswith("job-first-"), first["metadata"]
    assignment = first["status"]["admission"]["podSetAssignments"][0]
    assert assignment["flavors"] == {"cpu": "plain"} and assignment["count"] == 1, assignment
    wait("the second to say why it waits", lambda: condition(
        door.of_job("second"), "QuotaReserved").get("status") == "False")
    for name in ("first", "second"):
        door.completes(name)
        wait(f"the Workload of {name} to finish", lambda: condition(
            door.of_job(name), "Finished").get("reason") == "Succeeded")
    wait("the usage to be gone", lambda: [u["resources"][0]["total"] for u in door.client.get(
        f"{KUEUE}/clusterqueues/small").get("status", {}).get("flavorsUsage", [])] == ["0"])


def test_borrowing(door):
    """Two queues of a cohort: one takes what the other leaves, within its limit."""
    door.make(*queue("lender", 3, "team", cohort="shared"),
              *queue("borrower", 1, "team", cohort="shared", limits={"borrowingLimit": 2}),
              workload("loan", "borrower", "1", count=3), workload("over", "borrower", "1"))
    wait("the loan to be admitted", lambda: holds(door.workload("loan"), "Admitted"))
    used = wait("the loan to show", lambda: next(
        (u for u in door.client.get(f"{KUEUE}/clusterqueues/borrower").get("status", {}).get(
            "flavorsUsage", []) if u["resources"][0]["total"] == "3"), None))
    assert used["resources"][0]["borrowed"] == "2", used
    assert not holds(door.workload("over"), "Admitted")
    door.status(workload("loan", "borrower", "1"), [now_condition("Finished", "True", "Done")])
    wait("its place to be taken", lambda: holds(door.workload("over"), "Admitted"))


def test_flavors(door):
    """The first flavor that has room; a flavor is bound to the clusters with its labels."""
    door.make(kueue("ResourceFlavor", "one", {"nodeLabels": {"site": "one"}}),
              kueue("ResourceFlavor", "two", {"nodeLabels": {"site": "two"}}),
              *queue("sites", 1, "team", flavors=("one", "two")),
              job("at-one", "sites", "1"), job("at-two", "sites", "1"))
    for name, site in (("at-one", "one"), ("at-two", "two")):
        placed = wait(f"{name} to be placed", lambda: door.client.get(
            f"/apis/fairway.flext.sh/v1alpha1/namespaces/team/placements/{name}").get("status", {}).get("cluster"))
        assert placed == f"sim-{1 if site == 'one' else 2}", (name, placed)
        admission = door.of_job(name)["status"]["admission"]
        assert admission["podSetAssignments"][0]["flavors"] == {"cpu": site}, admission


def test_preemption(door):
    """A workload of more priority takes the place; Kueue's handshake with the owner of the other."""
    door.make(*queue("urgent", 1, "team", preemption={"withinClusterQueue": "LowerPriority"}),
              workload("low", "urgent", "1"))
    wait("low to be admitted", lambda: holds(door.workload("low"), "Admitted"))
    door.make(workload("high", "urgent", "1", priority=10))
    low = wait("low to be evicted", lambda: (w := door.workload("low")) and holds(w, "Evicted") and w)
    assert condition(low, "Evicted")["reason"] == "Preempted", low
    assert condition(low, "Preempted")["reason"] == "InClusterQueue", low
    assert holds(low, "QuotaReserved") and not holds(door.workload("high"), "Admitted"), low
    status, body = door.status(low, [now_condition("QuotaReserved", "False", "Pending", "stopped"),
                                     now_condition("Admitted", "False", "NoReservation")])
    assert status == 200 and "admission" not in body["status"], body
    wait("high to be admitted", lambda: holds(door.workload("high"), "Admitted"))
    door.delete(f"{KUEUE}/namespaces/team/workloads/high")
    low = wait("low to come back", lambda: (w := door.workload("low")) and holds(w, "Admitted") and w)
    assert condition(low, "Evicted")["status"] == "False", low


def test_jobs_are_preempted(door):
    """The victim's copy ends before the other starts, and it runs again afterwards."""
    door.make(*queue("busy", 1, "team", preemption={"withinClusterQueue": "LowerPriority"}),
              job("victim", "busy", "1"))
    wait("the victim to run", lambda: holds(door.of_job("victim"), "Admitted"))
    door.make(job("winner", "busy", "1", run_ms="800",
                  labels={"kueue.x-k8s.io/priority-class": "high"}))
    wait("the victim to be evicted", lambda: condition(
        door.of_job("victim"), "Requeued").get("reason") == "Preempted")
    wait("the winner to finish", lambda: holds(door.of_job("winner"), "Finished"))
    wait("the victim to run again", lambda: holds(door.of_job("victim"), "Admitted"))
    placement = door.client.get("/apis/fairway.flext.sh/v1alpha1/namespaces/team/placements/victim")
    assert placement["status"]["epoch"] == 2, placement["status"]


def test_deactivation_and_stops(door):
    """spec.active=false evicts; so does a queue that drains; both come back."""
    door.make(*queue("stops", 4, "team"), job("quiet", "stops", "1"), workload("bare", "stops", "1"))
    wait("both to be admitted", lambda: holds(door.of_job("quiet"), "Admitted") and
         holds(door.workload("bare"), "Admitted"))
    path = f"{KUEUE}/namespaces/team/workloads/" + door.of_job("quiet")["metadata"]["name"]
    door.patch(path, {"spec": {"active": False}})
    wait("the Job to be evicted", lambda: condition(
        door.of_job("quiet"), "Evicted").get("reason") == "Deactivated" and
        not holds(door.of_job("quiet"), "QuotaReserved"))
    door.patch(path, {"spec": {"active": True}})
    wait("it to be admitted again", lambda: holds(door.of_job("quiet"), "Admitted"))
    door.patch(f"{KUEUE}/clusterqueues/stops", {"spec": {"stopPolicy": "HoldAndDrain"}})
    wait("the Job to be drained", lambda: condition(
        door.of_job("quiet"), "Evicted").get("reason") == "ClusterQueueStopped")
    wait("the queue to say so", lambda: condition(
        door.client.get(f"{KUEUE}/clusterqueues/stops"), "Active").get("reason") == "Stopped")
    door.patch(f"{KUEUE}/clusterqueues/stops", {"spec": {"stopPolicy": "None"}})
    wait("the Job to be admitted again", lambda: holds(door.of_job("quiet"), "Admitted"))


def test_namespaces_and_defaults(door):
    """namespaceSelector follows the Namespace's labels; a LocalQueue called default needs no label."""
    door.make({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "other"}},
              kueue("ClusterQueue", "picky", {"namespaceSelector": {"matchLabels": {"paid": "yes"}},
                                              "resourceGroups": quota(1)}),
              kueue("LocalQueue", "default", {"clusterQueue": "picky"}, namespace="other"),
              job("guest", "", "1", namespace="other", run_ms=SHORT))
    labels = door.client.get("/apis/batch/v1/namespaces/other/jobs/guest")["metadata"]["labels"]
    assert labels["kueue.x-k8s.io/queue-name"] == "default", labels
    wait("the guest to wait", lambda: condition(
        door.of_job("guest", "other"), "QuotaReserved").get("status") == "False")
    door.patch("/api/v1/namespaces/other", {"metadata": {"labels": {"paid": "yes"}}})
    wait("the guest to run", lambda: holds(door.of_job("guest", "other"), "Finished"))


def test_partial_admission(door):
    """As many pods as there is quota for, at least the annotated number."""
    door.make(*queue("partial", 2, "team"),
              job("shrunk", "partial", "1", parallelism=4, run_ms=SHORT,
                  annotations={"kueue.x-k8s.io/job-min-parallelism": "2"}))
    shrunk = wait("it to be admitted", lambda: (w := door.of_job("shrunk")) and
                  w.get("status", {}).get("admission") and w)
    assert shrunk["status"]["admission"]["podSetAssignments"][0]["count"] == 2, shrunk["status"]
    wait("all completions", lambda: door.client.get(
        "/apis/batch/v1/namespaces/team/jobs/shrunk").get("status", {}).get("succeeded") == 4)


def test_queues_in_use_stay(door):
    """A ClusterQueue goes when nothing holds its quota any more."""
    door.make(*queue("leaving", 1, "team"), workload("last", "leaving", "1"))
    wait("it to be admitted", lambda: holds(door.workload("last"), "Admitted"))
    door.delete(f"{KUEUE}/clusterqueues/leaving")
    wait("the queue to say so", lambda: condition(
        door.client.get(f"{KUEUE}/clusterqueues/leaving"), "Active").get("reason") == "Terminating")
    door.delete(f"{KUEUE}/namespaces/team/workloads/last")
    wait("the queue to go", lambda: door.client.call(
        "GET", f"{KUEUE}/clusterqueues/leaving")[0] == 404)


def test_restart(gateway, door):
    """Quota that is held is held over a restart, and freed after it."""
    door.make(*queue("steady", 1, "team"), workload("before", "steady", "1"),
              workload("after", "steady", "1"))
    wait("it to be admitted", lambda: holds(door.workload("before"), "Admitted"))
    gateway.stop()
    gateway.start()
    door = Door(gateway)
    assert holds(door.workload("before"), "Admitted")
    assert not holds(door.workload("after"), "Admitted")
    door.status(workload("before", "steady", "1"), [now_condition("Finished", "True", "Done")])
    wait("the next to be admitted", lambda: holds(door.workload("after"), "Admitted"))


def test_backfill(binary):
    """What is kept for a large Job is lent to one that is over in time, and to nobody else."""
    with Gateway(binary, "--simulate", "1", config="queues:\n  reserveAfterMs: 1000\n") as gateway:
        door = Door(gateway)
        door.make({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "team"}}, *manifests(),
                  *queue("wide", 4, "team"))
        door.make(job("long", "wide", "3", labels={MAX_EXEC: "3600"}), job("brief", "wide", "1", run_ms="2500"))
        for name in ("long", "brief"):
            wait(f"{name} to be admitted", lambda: holds(door.of_job(name), "Admitted"))
        door.make(job("large", "wide", "4"))
        door.completes("brief")
        door.make(job("endless", "wide", "1"))
        wait("the endless one to be told for whom it waits", lambda: "kept for team/large" in condition(
            door.of_job("endless"), "QuotaReserved").get("message", ""))
        door.make(job("bounded", "wide", "1", run_ms=SHORT, labels={MAX_EXEC: "5"}))
        door.completes("bounded")  # it passes
        assert not holds(door.of_job("endless"), "Admitted")
        door.delete("/apis/batch/v1/namespaces/team/jobs/long")
        wait("the large one to have its turn", lambda: holds(door.of_job("large"), "Admitted"))
        assert not holds(door.of_job("endless"), "Admitted")


def main():
    with Gateway(sys.argv[1], "--simulate", "2") as gateway:
        door = Door(gateway)
        for number, site in ((1, "one"), (2, "two")):
            door.patch(f"/apis/fairway.flext.sh/v1alpha1/clusters/sim-{number}",
                       {"metadata": {"labels": {"site": site}}})
        door.make({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "team"}})
        if path := newest_kubectl():
            kubectl = Kubectl(gateway.kubeconfig, path)
            try:
                test_manifests(door, kubectl)
            finally:
                kubectl.close()
        else:
            print("skipped: test_manifests (there is no kubectl)", flush=True)
            door.make(*manifests())
        for test in (test_refusals, test_jobs_wait_for_quota, test_borrowing, test_flavors,
                     test_preemption, test_jobs_are_preempted, test_deactivation_and_stops,
                     test_namespaces_and_defaults, test_partial_admission, test_queues_in_use_stay):
            print(test.__name__, flush=True)
            test(door)
        print("test_restart", flush=True)
        test_restart(gateway, door)
    print("test_backfill", flush=True)
    test_backfill(sys.argv[1])
    print("queues: all well")


if __name__ == "__main__":
    main()
