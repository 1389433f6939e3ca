#!/usr/bin/env python3
"""trouble_test.py FAIRWAY: three simulated clusters, one of which cannot run what it is given: no image can be
pulled there, or no pod be made, or its nodes are lost. `fenced` and `fast` Jobs go elsewhere once their old
copy is gone, and avoid that cluster for a while; `never` and `manual` ones stay. A Job that fails on its own
account fails, and is never tried again."""
import sys

sys.dont_write_bytecode = True
from kit import Gateway, Simulated, condition, moving_job, near_policy, wait

JOBS = "/apis/batch/v1/namespaces/default/jobs"
FAIRWAY = "/apis/fairway.flext.sh/v1alpha1/"
PLACEMENTS = FAIRWAY + "namespaces/default/placements"
EVENTS = "/api/v1/namespaces/default/events"
NEAR = "sim-1"
MOVES, STAYS = ("fenced", "fast"), ("never", "manual")
CONFIG = """
members: {probeIntervalMs: 300}
failover: {troubleAfterMs: 1500, troubleAvoidMs: 600000, troubleMovesMax: 1}
"""


class Run:
    def __init__(self, client, members):
        self.client, self.members = client, members
        self.member = members.client(NEAR)

    def submit(self, prefix, policies=MOVES + STAYS, run_ms=500, exit_code=None):
        names = {}
        for policy in policies:
            job = moving_job(f"{prefix}-{policy}", run_ms, {"failover": policy})
            job["spec"]["backoffLimit"] = 0
            if exit_code is not None:
                job["spec"]["template"]["metadata"]["annotations"][
                    "simulated.fairway.flext.sh/exit-code"] = str(exit_code)
            self.client.post(JOBS, job)
            names[policy] = job["metadata"]["name"]
        return names

    def placement(self, name):
        return self.client.get(f"{PLACEMENTS}/{name}")["status"]

    def job(self, name, kind):
        return wait(f"{name} to be {kind}", lambda: (
            lambda found: found if condition(found, kind) == "True" else None)(
                self.client.get(f"{JOBS}/{name}")))

    def moved_for(self, name, reason):
        self.job(name, "Complete")
        status = self.placement(name)
        assert status["epoch"] == 2 and status["cluster"] != NEAR, (name, status)
        former = status["formerEpochs"]
        assert [(f["cluster"], f["reason"]) for f in former] == [(NEAR, reason)], (name, former)

    def stays(self, name):
        status = self.placement(name)
        assert status["epoch"] == 1 and status["cluster"] == NEAR, (name, status)

    def reasons(self, name):
        return {e["reason"] for e in self.client.get(EVENTS)["items"]
                if e["involvedObject"]["name"] == name}

    def left_behind(self, names):
        found = {i["metadata"]["name"] for i in self.member.get(JOBS)["items"]}
        return found & {names[policy] for policy in MOVES if policy in names}

    def stuck(self, prefix, fault, reason):
        """What cannot start there."""
        self.members.fault(NEAR, **{fault: True})
        names = self.submit(prefix)
        for policy in MOVES:
            self.moved_for(names[policy], reason)
        assert not self.left_behind(names), f"left on {NEAR}: {self.left_behind(names)}"
        for policy in STAYS:
            self.stays(names[policy])
        self.members.fault(NEAR)
        for policy in STAYS:
            self.job(names[policy], "Complete")
            self.stays(names[policy])
        return names

    def no_images(self):
        names = self.stuck("image", "noImages", "ImagePullFailed")
        assert "PodsDoNotRun" in self.reasons(names["fenced"]), self.reasons(names["fenced"])

    def no_pods(self):
        self.stuck("quota", "noPods", "PodsRefused")

    def a_short_outage_moves_none(self):
        self.members.fault(NEAR, noImages=True)
        names = self.submit("short", MOVES)
        for policy in MOVES:
            wait("the trouble to be told", lambda: "PodsDoNotRun" in self.reasons(names[policy]))
        self.members.fault(NEAR)
        for policy in MOVES:
            self.job(names[policy], "Complete")
            self.stays(names[policy])

    def lost_nodes(self):
        names = self.submit("nodes", run_ms=2000)
        for name in names.values():
            wait(f"{name} to run on {NEAR}", lambda: (
                lambda s: s.get("cluster") == NEAR and s["state"] == "Running")(
                    self.placement(name)))
        self.member.must("POST", "/simulated/lose-nodes")
        for policy in MOVES:
            self.moved_for(names[policy], "NodeFailure")
        for policy in STAYS:
            job = self.job(names[policy], "Failed")
            assert job["status"]["failed"] == 1, job["status"]
            self.stays(names[policy])

    def its_own_failure(self):
        names = self.submit("own", exit_code=3)
        for name in names.values():
            job = self.job(name, "Failed")
            reasons = [c["reason"] for c in job["status"]["conditions"] if c["type"] == "Failed"]
            assert reasons == ["BackoffLimitExceeded"], job["status"]
        # Those that could be tried again have had the time for it.
        self.no_images()
        for name in names.values():
            self.stays(name)

    def moves_are_counted(self):
        """One move is allowed here: what is in trouble elsewhere too stays there."""
        for name in self.members.kubeconfigs:
            self.members.fault(name, noImages=True)
        names = self.submit("often", ("fenced",))
        wait("it to move", lambda: self.placement(names["fenced"])["epoch"] == 2)
        self.members.fault(NEAR)
        second = self.placement(names["fenced"])["cluster"]
        wait("its second trouble", lambda: [
            e for e in self.client.get(EVENTS)["items"] if e["reason"] == "PodsDoNotRun"
            and e["involvedObject"]["name"] == names["fenced"] and f"cluster {second}:" in e["message"]])
        other = self.submit("witness", ("fast",))  # goes through all there is to wait for
        self.job(other["fast"], "Complete")
        for name in self.members.kubeconfigs:
            self.members.fault(name)
        self.job(names["fenced"], "Complete")
        assert self.placement(names["fenced"])["epoch"] == 2, self.placement(names["fenced"])


STEPS = ["no_images", "no_pods", "a_short_outage_moves_none", "lost_nodes", "its_own_failure",
         "moves_are_counted"]


def main():
    binary = sys.argv[1]
    with Simulated(binary, 3, 500) as members:
        with Gateway(binary, config=CONFIG) as gateway:
            gateway.join(members.kubeconfigs, "site")
            client = gateway.client()
            client.post(FAIRWAY + "namespaces/default/placementpolicies", near_policy(NEAR))
            for step in STEPS:
                run = Run(client, members)
                getattr(run, step)()
                print(f"{step}: good", flush=True)
                run.member.close()
                client.delete(JOBS)
                wait("no job", lambda: not client.get(JOBS)["items"])


if __name__ == "__main__":
    main()
