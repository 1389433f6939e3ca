#!/usr/bin/env python3
"""failover_test.py FAIRWAY: three simulated clusters in a process of their own; one of them stops answering
while Jobs of every policy run there. A blip moves none. A loss moves `fast` Jobs at once and `fenced` ones
after their lease, when the member itself has ended the old copy; `never` ones wait, shown as Stale. Then the
cluster returns: no duplicates, probation, Ready, and everything completes once. Once more with the gateway
killed in the middle. Last, watches that have gone mute on a cluster that answers."""
import calendar
import sys
import time

sys.dont_write_bytecode = True
import rest
from kit import Gateway, Simulated, condition, moving_job, near_policy, wait

JOBS = "/apis/batch/v1/namespaces/default/jobs"
PLACEMENTS = "/apis/fairway.flext.sh/v1alpha1/namespaces/default/placements"
POLICIES = "/apis/fairway.flext.sh/v1alpha1/namespaces/default/placementpolicies"
CLUSTERS = "/apis/fairway.flext.sh/v1alpha1/clusters"
PREFIX = "fairway.flext.sh/"
UNREACHABLE_SECONDS, LEASE_SECONDS = 4, 6
CONFIG = f"""
members: {{probeIntervalMs: 300, probeTimeoutMs: 1000}}
failover:
  suspectAfterMs: 1000
  unreachableAfterMs: {UNREACHABLE_SECONDS * 1000}
  leaseMs: {LEASE_SECONDS * 1000}
  clockSkewMaxMs: 500
  guardMs: 1000
  probationMs: 2000
  probationMaxMs: 4000
"""
PER_POLICY = 8
LOST = "sim-1"


def manifest(name, policy):
    return moving_job(name, 25000, {"failover": policy, "checkpoint": f"{name} was here"})


def digest(kind, item):
    """Of a member's copy: when it was made, and when and how it ended."""
    ended = [(entry["type"], entry.get("reason"), entry["lastTransitionTime"])
             for entry in item.get("status", {}).get("conditions", [])
             if entry["type"] in ("Complete", "Failed") and entry["status"] == "True"]
    return (kind, item["metadata"]["name"], item["metadata"]["labels"].get(PREFIX + "epoch"),
            item["metadata"]["creationTimestamp"], ended[0] if ended else None)


def seconds(text):
    return calendar.timegm(time.strptime(text, "%Y-%m-%dT%H:%M:%SZ"))


class Run:
    def __init__(self, gateway, members, kill):
        self.gateway, self.members, self.kill = gateway, members, kill
        self.prefix = "killed" if kill else "plain"
        self.client = gateway.client()
        self.lost = members.client(LOST)
        self.names = {policy: [f"{self.prefix}-{policy}-{i}" for i in range(PER_POLICY)]
                      for policy in ("fast", "fenced", "never")}

    def fault(self, faults):
        self.lost.must("PUT", "/simulated/faults", faults)

    def placements(self, policy):
        wanted = set(self.names[policy])
        return {item["metadata"]["name"]: item["status"]
                for item in self.client.get(PLACEMENTS)["items"]
                if item["metadata"]["name"] in wanted}

    def all_of(self, policy, holds):
        found = self.placements(policy)
        return len(found) == PER_POLICY and all(holds(status) for status in found.values())

    def link(self):
        return self.client.get(f"{CLUSTERS}/{LOST}")["status"].get("linkState")

    def submit(self):
        for policy, names in self.names.items():
            for name in names:
                self.client.post(JOBS, manifest(name, policy))
        for policy in self.names:
            wait(f"the {policy} Jobs to run on {LOST}", lambda: self.all_of(
                policy, lambda s: s.get("cluster") == LOST and s["state"] == "Running"))

    def leases_are_given(self):
        """Under `fenced` each copy has a deadline, and a third of a lease later a later one."""
        def deadlines():
            return {item["metadata"]["name"]: item["spec"].get("activeDeadlineSeconds")
                    for item in self.lost.get(JOBS)["items"]}
        first = deadlines()
        for name in self.names["fenced"]:
            assert first[name], f"{name} has no lease"
        for name in self.names["fast"] + self.names["never"]:
            assert first[name] is None, f"{name} has a deadline that nobody asked for"
        wait("leases to be renewed", lambda: all(
            deadlines()[name] > first[name] for name in self.names["fenced"]))

    def blip(self):
        began = time.monotonic()
        self.fault({"hang": True})
        # As long as a blip may be, and noticed: or that it moves nothing would show nothing.
        wait("half the threshold to pass and the blip to be noticed", lambda:
             time.monotonic() - began >= UNREACHABLE_SECONDS / 2 and self.link() == "Suspect")
        self.fault({})
        wait("the cluster after a blip", lambda: self.link() == "Ready")
        for policy in self.names:
            assert self.all_of(policy, lambda s: s["epoch"] == 1 and s["state"] == "Running"), \
                f"a blip moved {policy} Jobs: {self.placements(policy)}"

    def lose(self):
        self.fault({"hang": True})
        cut = time.time()
        wait("the loss to be noticed", lambda: self.link() in ("Unreachable", "Fenced"))
        if self.kill:
            self.client.close()
            self.gateway.kill()
            self.gateway.start()
            self.client = self.gateway.client()
        wait("the fast Jobs to run elsewhere", lambda: self.all_of(
            "fast", lambda s: s["epoch"] == 2 and s["state"] == "Running"))
        fast = time.time() - cut
        wait("the never Jobs to be shown as Uncertain", lambda: self.all_of(
            "never", lambda s: s["epoch"] == 1 and s["state"] == "Uncertain"))
        for name in self.names["never"]:
            assert condition(self.client.get(f"{JOBS}/{name}"), "Stale") == "True", name
        wait("the fenced Jobs to run elsewhere", lambda: self.all_of(
            "fenced", lambda s: s["epoch"] == 2 and s["state"] == "Running"))
        fenced = time.time() - cut
        print(f"{self.prefix}: fast Jobs ran elsewhere after {fast:.1f} s, fenced ones after "
              f"{fenced:.1f} s")
        for policy, reason in (("fast", "ClusterLost"), ("fenced", "LeaseEnded")):
            assert self.all_of(policy, lambda s: s["formerEpochs"][0]["reason"] == reason), \
                self.placements(policy)

    def the_new_copy_knows(self):
        for policy in ("fast", "fenced"):
            for name, status in self.placements(policy).items():
                member = self.members.client(status["cluster"])
                template = member.get(f"{JOBS}/{name}")["spec"]["template"]
                member.close()
                told = template["metadata"]["annotations"]
                assert told[PREFIX + "failover-count"] == "1", told
                assert told[PREFIX + "former-cluster"] == LOST, told
                assert told[PREFIX + "resume-from"] == f"{name} was here", told
                variables = {each["name"] for each in template["spec"]["containers"][0]["env"]}
                assert {"FAIRWAY_EPOCH", "FLEXT_FAILOVER_COUNT", "FAIRWAY_FORMER_CLUSTER",
                        "FAIRWAY_CHECKPOINT"} <= variables, variables

    def come_back(self):
        self.fault({})
        wait("probation", lambda: self.link() in ("Probation", "Ready"))
        wait("the cluster to be Ready", lambda: self.link() == "Ready")
        wait("what was left behind to be deleted", lambda: {
            item["metadata"]["name"] for item in self.lost.get(JOBS)["items"]
            if item["metadata"]["name"].startswith(self.prefix)} == set(self.names["never"]))
        wait("the never Jobs to go on", lambda: self.all_of(
            "never", lambda s: s["epoch"] == 1 and s["state"] in ("Running", "Done")))

    def complete(self):
        for policy, names in self.names.items():
            for name in names:
                job = wait(f"{name} to complete", lambda: (
                    lambda found: found if condition(found, "Complete") == "True" else None)(
                        self.client.get(f"{JOBS}/{name}")))
                assert condition(job, "Stale") is None, job["status"]
                assert job["status"].get("succeeded") == 1, job["status"]

    def fences_held(self, events):
        """By the members' own records: the old copy had ended before the new one was made."""
        ended, made = {}, {}
        for _, name, epoch, created, end in events:
            if end and epoch == "1" and name in self.names["fenced"]:
                ended[name] = end
            if epoch == "2":
                made[name] = created
        for name in self.names["fenced"]:
            kind, reason, when = ended[name]
            assert (kind, reason) == ("Failed", "DeadlineExceeded"), ended[name]
            assert seconds(when) <= seconds(made[name]), \
                f"{name}: the old copy ended at {when}, the new one was made at {made[name]}"

    def everything(self):
        recorders = []
        for name, kubeconfig in self.members.kubeconfigs.items():
            client = self.members.client(name)
            revision = client.get("/apis/batch/v1/jobs")["metadata"]["resourceVersion"]
            client.close()
            recorders.append(rest.Recorder(kubeconfig, "/apis/batch/v1/jobs", revision, digest))
        self.submit()
        self.leases_are_given()
        self.blip()
        self.lose()
        self.the_new_copy_knows()
        self.come_back()
        self.complete()
        for recorder in recorders:
            recorder.stop()
            assert not recorder.problems, recorder.problems
        self.fences_held([event for recorder in recorders for event in recorder.events])
        self.client.close()
        self.lost.close()


def mute(gateway, members):
    """The cluster answers, but what it says of its Jobs no longer arrives: results are seen all the same,
    long before the silence itself would be noticed."""
    client, direct = gateway.client(), members.client(LOST)
    direct.must("PUT", "/simulated/faults", {"halfOpen": True})
    names = [f"mute-{policy}" for policy in ("fenced", "never")]
    for name in names:
        client.post(JOBS, moving_job(name, 1000, {"failover": name.removeprefix("mute-")}))
    for name in names:
        wait(f"{name} to be there", lambda: direct.call("GET", f"{JOBS}/{name}")[0] == 200)
    direct.must("PUT", "/simulated/faults", {})  # a watch that was mute stays so
    for name in names:
        wait(f"{name} to complete", lambda: condition(client.get(f"{JOBS}/{name}"), "Complete") == "True", 60)
        placed = client.get(f"{PLACEMENTS}/{name}")["status"]
        assert (placed["cluster"], placed["epoch"]) == (LOST, 1), placed
    client.close()
    direct.close()


def main():
    binary = sys.argv[1]
    with Simulated(binary, 3, 1000) as members:
        with Gateway(binary, config=CONFIG) as gateway:
            gateway.join(members.kubeconfigs, "site")
            client = gateway.client()
            client.post(POLICIES, near_policy(LOST))
            client.close()
            for kill in (False, True):
                Run(gateway, members, kill).everything()
            mute(gateway, members)
    print("failover: every promise kept")


if __name__ == "__main__":
    main()
