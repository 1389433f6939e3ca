#!/usr/bin/env python3
"""operator_verbs_test.py FAIRWAY: three simulated clusters in a process of their own, and an operator. He
drains one: the plan says beforehand what happens, a freeze holds it over a crash of the gateway, what has not
started moves, what runs stays until he says --now. Afterwards Jobs that may go back do, and no others. Then the
cluster dies: he approves moves, and removes it with a report of what is left there."""
import json
import sys
import time

sys.dont_write_bytecode = True
from kit import Gateway, Simulated, condition, moving_job, near_policy, wait

JOBS = "/apis/batch/v1/namespaces/default/jobs"
PLACEMENTS = "/apis/fairway.flext.sh/v1alpha1/namespaces/default/placements"
POLICIES = "/apis/fairway.flext.sh/v1alpha1/namespaces/default/placementpolicies"
CLUSTERS = "/apis/fairway.flext.sh/v1alpha1/clusters"
HOME = "sim-1"
CONFIG = """
members: {probeIntervalMs: 300, probeTimeoutMs: 1000}
failover:
  suspectAfterMs: 1000
  unreachableAfterMs: 4000
  leaseMs: 6000
  clockSkewMaxMs: 500
  guardMs: 1000
  probationMs: 1000
  probationMaxMs: 2000
  failbackAfterMs: 3000
  failbacksPerMinute: 600
"""
RUNNING = [f"running-{i}" for i in range(8)]
HOMESICK = [f"homesick-{i}" for i in range(2)]
PENDING = [f"pending-{i}" for i in range(6)]
MANUAL = [f"manual-{i}" for i in range(3)]
REMOVE_SECONDS = 2


def manifest(name, **annotations):
    return moving_job(name, 3600000, annotations)


class Operator:
    def __init__(self, gateway, members):
        self.gateway, self.members = gateway, members
        self.client = gateway.client()

    def status(self, name):
        return self.client.get(f"{PLACEMENTS}/{name}")["status"]

    def all_of(self, names, holds):
        return all(holds(self.status(name)) for name in names)

    def submit(self, names, state, **annotations):
        for name in names:
            self.client.post(JOBS, manifest(name, **annotations))
        wait(f"{names[0]} and its like to be {state} on {HOME}", lambda: self.all_of(
            names, lambda s: s.get("cluster") == HOME and s["state"] == state))

    def cluster(self):
        return self.client.get(f"{CLUSTERS}/{HOME}")

    def drain_status(self):
        return self.cluster()["status"].get("drain", {})

    def crash(self):
        self.client.close()
        self.gateway.kill()
        self.gateway.start()
        self.client = self.gateway.client()

    def the_plan_says_it(self):
        plan = json.loads(self.gateway.fairway("cluster", "drain", HOME, "--dry-run", "-o", "json"))
        assert (plan["moves"], plan["stays"], plan["stuck"]) == (6, 10, 0), plan
        assert sum(plan["arrivals"].values()) == 6 and HOME not in plan["arrivals"], plan
        text = self.gateway.fairway("cluster", "drain", HOME, "--dry-run", "--now")
        assert "16 jobs move, 0 run to their end" in text, text
        assert "drain" not in self.cluster()["spec"]

    def a_freeze_holds_it(self):
        self.gateway.fairway("freeze", "--reason", "network is being rebuilt")
        self.gateway.fairway("cluster", "drain", HOME, "--max-moving", "10")
        wait("the drain to say that it is held", lambda: "frozen" in self.drain_status().get(
            "message", "") and condition(self.cluster(), "Frozen") == "True")
        self.crash()
        wait("the drain to be held after a restart", lambda: "network is being rebuilt" in
             self.drain_status().get("message", "") and self.drain_status()["left"] == 16)
        assert self.all_of(RUNNING + PENDING, lambda s: s["epoch"] == 1)
        listed = self.gateway.try_fairway("cluster", "list")
        assert "frozen" in listed.stderr and "draining (16 left)" in listed.stdout, listed
        self.client.post(JOBS, manifest("new"))  # goes elsewhere all the same
        wait("a new Job to be placed", lambda: self.status("new").get("cluster") not in ("", None, HOME))

    def what_has_not_started_moves(self):
        self.gateway.fairway("unfreeze")
        wait("the pending Jobs to be withdrawn", lambda: self.all_of(
            PENDING, lambda s: s["state"] == "Requeued" or s["epoch"] == 2))
        self.members.fault(HOME)
        wait("the pending Jobs to run elsewhere", lambda: self.all_of(
            PENDING, lambda s: s["epoch"] == 2 and s["cluster"] != HOME and s["state"] == "Running"))
        assert self.status(PENDING[0])["formerEpochs"][0]["reason"] == "Drained"
        wait("the drain to wait for what runs", lambda: (
            self.drain_status()["left"], self.drain_status()["stays"]) == (10, 10))
        assert condition(self.cluster(), "Frozen") is None
        assert self.all_of(RUNNING, lambda s: s["epoch"] == 1 and s["state"] == "Running")

    def evacuate(self):
        text = self.gateway.fairway("cluster", "drain", HOME, "--now", "--max-moving", "3", "--watch")
        assert text.rstrip().endswith("drained"), text
        wait("all Jobs to run elsewhere", lambda: self.all_of(
            RUNNING + HOMESICK, lambda s: s["epoch"] == 2 and s["state"] == "Running"))
        copies = {}
        for name in self.members.kubeconfigs:
            member = self.members.client(name)
            for job in member.get(JOBS)["items"]:
                copies.setdefault(job["metadata"]["name"], []).append(name)
            member.close()
        for name in RUNNING + HOMESICK + PENDING:
            assert len(copies[name]) == 1 and copies[name] != [HOME], (name, copies[name])

    def those_who_may_go_back_do(self):
        self.gateway.fairway("cluster", "undrain", HOME)
        wait("the homesick Jobs to go back", lambda: self.all_of(
            HOMESICK, lambda s: s["epoch"] == 3 and s["cluster"] == HOME and s["state"] == "Running"))
        assert self.status(HOMESICK[0])["formerEpochs"][-1]["reason"] == "Failback"
        assert self.all_of(RUNNING, lambda s: s["epoch"] == 2)
        assert "drain" not in self.cluster()["status"]

    def approve(self):
        self.submit(MANUAL, "Running", failover="manual")
        self.members.fault(HOME, hang=True)
        wait("the manual Jobs to be Uncertain",
             lambda: self.all_of(MANUAL, lambda s: s["state"] == "Uncertain"))
        text = self.gateway.fairway("approve", MANUAL[0], "--dry-run")
        assert "would be given up; its copy there may still be running" in text, text
        refused = self.gateway.try_fairway("approve", RUNNING[0])
        assert refused.returncode == 1 and "does not wait for a lost cluster" in refused.stderr, refused
        self.gateway.fairway("approve", MANUAL[0])
        wait("the approved Job to move", lambda: self.status(MANUAL[0])["epoch"] == 2)
        assert self.all_of(MANUAL[1:], lambda s: s["epoch"] == 1)

    def remove_the_dead(self):
        refused = self.gateway.try_fairway("cluster", "remove", HOME)
        assert refused.returncode == 1 and "jobs are placed on" in refused.stderr, refused
        plan = json.loads(self.gateway.fairway("cluster", "remove", HOME, "--dry-run", "-o", "json"))
        by_name = {job["name"]: job for job in plan["jobs"]}
        assert not plan["reachable"] and by_name[MANUAL[1]]["mayStillRun"], plan
        assert MANUAL[0] in [record["name"] for record in plan["residue"]], plan["residue"]
        began = time.monotonic()
        text = self.gateway.fairway("cluster", "remove", HOME, "--force")
        took = time.monotonic() - began
        print(f"a dead cluster was removed in {took:.2f} s")
        assert took < REMOVE_SECONDS, took
        for line in ("may still be running", "Left behind there (out of reach)",
                     f"default/{MANUAL[1]}", f"default/{MANUAL[0]} (of a former epoch)"):
            assert line in text, (line, text)
        wait("its Jobs to run elsewhere", lambda: self.all_of(
            MANUAL, lambda s: s["epoch"] == 2 and s["state"] == "Running"))
        assert self.status(MANUAL[1])["formerEpochs"][-1]["reason"] == "ClusterRemoved"


def main():
    binary = sys.argv[1]
    with Simulated(binary, 3, 1000) as members:
        with Gateway(binary, config=CONFIG) as gateway:
            gateway.join(members.kubeconfigs, "site")
            operator = Operator(gateway, members)
            operator.client.post(POLICIES, near_policy(HOME))
            operator.submit(RUNNING, "Running", failover="never")
            operator.submit(HOMESICK, "Running", failback="allowed")
            members.fault(HOME, freeze=True)
            operator.submit(PENDING, "Dispatched", failover="never")
            operator.the_plan_says_it()
            operator.a_freeze_holds_it()
            operator.what_has_not_started_moves()
            operator.evacuate()
            operator.those_who_may_go_back_do()
            operator.approve()
            operator.remove_the_dead()
            operator.client.close()
    print("operator_verbs: every promise kept")


if __name__ == "__main__":
    main()
