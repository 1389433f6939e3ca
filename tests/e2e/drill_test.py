#!/usr/bin/env python3
"""drill_test.py FAIRWAY: three simulated clusters in a process of their own, Jobs of every policy on one of them, and
a rehearsal of its loss, all through `fairway drill`. First in thought: nothing is touched. Then live, for some of the
Jobs: those move by their policies, the others stay and run on, and the report agrees with the members' own records.
A live drill is aborted; another is cut short by SIGKILL of the gateway, and ends safely. At last the same drill is
started by a DrillPlan, a manifest shaped as a CronJob."""
import json
import sys
import time

sys.dont_write_bytecode = True
from kit import Gateway, Simulated, moving_job, near_policy, wait

JOBS = "/apis/batch/v1/namespaces/default/jobs"
PLACEMENTS = "/apis/fairway.flext.sh/v1alpha1/namespaces/default/placements"
POLICIES = "/apis/fairway.flext.sh/v1alpha1/namespaces/default/placementpolicies"
CLUSTERS = "/apis/fairway.flext.sh/v1alpha1/clusters"
DRILLS = "/apis/fairway.flext.sh/v1alpha1/drills"
PLANS = "/apis/fairway.flext.sh/v1alpha1/drillplans"
HOME = "sim-1"
CONFIG = """
members: {probeIntervalMs: 300, probeTimeoutMs: 1000}
failover:
  suspectAfterMs: 1000
  unreachableAfterMs: 3000
  leaseMs: 6000
  clockSkewMaxMs: 500
  guardMs: 1000
  probationMs: 500
  probationMaxMs: 1000
"""
IN = {policy: [f"in-{policy}-{i}" for i in range(3)] for policy in ("fast", "fenced", "never")}
OUT = {policy: [f"out-{policy}-{i}" for i in range(2)] for policy in ("fast", "fenced")}
SCOPE = ("--cluster", HOME, "-l", "part=in")


def names(groups):
    return [name for group in groups.values() for name in group]


class Rehearsal:
    def __init__(self, gateway, members):
        self.gateway, self.members = gateway, members
        self.client = gateway.client()

    def drill(self, name):
        return self.client.get(f"{DRILLS}/{name}")

    def phase(self, name):
        return self.drill(name).get("status", {}).get("phase")

    def placement(self, name):
        return self.client.get(f"{PLACEMENTS}/{name}")["status"]

    def all_of(self, jobs, holds):
        return all(holds(self.placement(name)) for name in jobs)

    def home_is(self, state):
        return self.client.get(f"{CLUSTERS}/{HOME}")["status"].get("linkState") == state

    def report(self, name):
        return json.loads(self.gateway.fairway("drill", "report", name, "-o", "json"))

    def submit(self):
        for part, groups in (("in", IN), ("out", OUT)):
            for policy, group in groups.items():
                for name in group:
                    job = moving_job(name, 3600000, {"failover": policy})
                    job["metadata"]["labels"] = {"part": part}
                    self.client.post(JOBS, job)
        wait(f"all Jobs to run on {HOME}", lambda: self.all_of(
            names(IN) + names(OUT), lambda s: s.get("cluster") == HOME and s["state"] == "Running"))

    def bad_input_is_refused(self):
        for flags, complaint in (
                (("--cluster", "nowhere", "--duration", "5s"), 'spec.clusters[0]: Not found: "nowhere"'),
                (("--cluster", HOME), "spec.duration: Required value"),
                (("--duration", "5s"), "spec.clusters: Required value"),
                (("--cluster", HOME, "--duration", "soon"), "spec.duration: Invalid value"),
                (("--cluster", HOME, "--duration", "5s", "--live"), "spec.liveConfirmed: Required value")):
            done = self.gateway.try_fairway("drill", "run", "bad", *flags)
            assert done.returncode == 1 and complaint in done.stderr, (flags, done.stderr)
        done = self.gateway.try_fairway("drill", "plan", "bad", "--schedule", "61 * * * *",
                                        "--cluster", HOME, "--duration", "5s")
        assert done.returncode == 1 and "must be in the range 0-59" in done.stderr, done.stderr
        assert not self.client.get(DRILLS)["items"] and not self.client.get(PLANS)["items"]
        done = self.gateway.try_fairway("drill", "run", "nothing", "--dry-run", *SCOPE, "--duration", "5s")
        assert "dry run" in done.stdout and not self.client.get(DRILLS)["items"], done

    def in_thought(self):
        text = self.gateway.fairway("drill", "run", "think", *SCOPE, "--duration", "60s", "--watch")
        report = self.report("think")["report"]
        assert (report["inScope"], report["outOfScope"]) == (9, 4), report
        assert (report["moved"], report["waiting"], report["outOfScopeMoved"]) == (6, 3, 0), report
        assert report["complete"] and "policy never: it waits for its cluster" in text, text
        assert {entry["policy"] for entry in report["recoveryByPolicy"]} == {"fast", "fenced"}, report
        assert self.all_of(names(IN) + names(OUT), lambda s: s["epoch"] == 1 and s["state"] == "Running")
        return report

    def live(self, foretold):
        text = self.gateway.fairway("drill", "run", "real", "--live", "--confirm", *SCOPE,
                                    "--duration", "20s", "--watch")
        status = self.report("real")
        report = status["report"]
        assert status["phase"] == "Completed" and report["complete"], status
        assert (report["inScope"], report["outOfScope"]) == (9, 4), report
        assert (report["moved"], report["resumed"]) == (6, 3), report
        assert (report["outOfScopeMoved"], report["lostRuns"], report["duplicatedUnderFenced"]) == (0, 0, 0), report
        # Nobody tells an old `fast` copy to end while the link is cut, and that shows.
        assert report["duplicatedRuns"] == len(IN["fast"]), report
        assert report["lostWorkMilliseconds"] > 0, report
        spans = {entry["policy"]: entry["spans"] for entry in report["recoveryByPolicy"]}
        assert spans["fast"]["count"] == spans["fenced"]["count"] == 3, spans
        # A cluster counts as lost from its last answer on, which was a probe before the cut.
        assert spans["fast"]["p50Milliseconds"] >= 2000, spans
        assert spans["fenced"]["p50Milliseconds"] > spans["fast"]["p50Milliseconds"], spans
        for part in ("Lost runs: 0. Duplicated runs: 3 (under policy fenced: 0)", "runs again (RTO)", "in-fenced-0"):
            assert part in text, (part, text)
        # What was foretold for `fast` is what happened, but for what starting a pod takes.
        said = next(e["spans"] for e in foretold["recoveryByPolicy"] if e["policy"] == "fast")
        print(f"RTO of fast: foretold {said['p50Milliseconds']} ms, measured {spans['fast']['p50Milliseconds']} ms; "
              f"of fenced: measured {spans['fenced']['p50Milliseconds']} ms")
        self.members_agree()

    def members_agree(self):
        """One copy of each Job, where its Placement says; those outside the scope were never touched."""
        assert self.all_of(names(OUT) + IN["never"], lambda s: s["epoch"] == 1 and s["cluster"] == HOME)
        wait("all Jobs to be seen to run", lambda: self.all_of(
            names(IN) + names(OUT), lambda s: s["state"] == "Running"))
        copies = {}
        for name in self.members.kubeconfigs:
            member = self.members.client(name)
            for job in member.get(JOBS)["items"]:
                copies.setdefault(job["metadata"]["name"], []).append(name)
            member.close()
        for name in names(IN) + names(OUT):
            assert copies.get(name) == [self.placement(name)["cluster"]], (name, copies.get(name))

    def begin_live(self, name):
        wait(f"{HOME} to be Ready", lambda: self.home_is("Ready"))
        self.gateway.fairway("drill", "run", name, "--live", "--confirm", "--cluster", HOME, "--scope", "other",
                             "--duration", "10m")
        wait("the cut", lambda: self.phase(name) == "Cut")

    def abort(self):
        self.begin_live("stopped")
        second = self.gateway.try_fairway("drill", "run", "second", "--live", "--confirm", "--cluster", "sim-2",
                                          "--duration", "10m", "--watch")
        assert second.returncode == 1 and "drill stopped is under way" in second.stdout, second
        wait(f"{HOME} to be lost", lambda: self.home_is("Unreachable") or self.home_is("Fenced"))
        self.gateway.fairway("drill", "abort", "stopped")
        wait("the end of the drill", lambda: self.phase("stopped") == "Aborted")
        status = self.drill("stopped")["status"]
        assert status["reason"] == "AbortedByOperator" and status["report"]["complete"], status
        assert self.all_of(names(OUT), lambda s: s["epoch"] == 1 and s["cluster"] == HOME), "it moved what it must not"

    def crash(self):
        self.begin_live("cut-short")
        wait(f"{HOME} to be lost", lambda: self.home_is("Unreachable") or self.home_is("Fenced"))
        wait("a report", lambda: self.drill("cut-short")["status"].get("report"))
        self.client.close()
        self.gateway.kill()
        self.gateway.start()
        self.client = self.gateway.client()
        wait("the drill to be over", lambda: self.phase("cut-short") == "Interrupted")
        wait(f"{HOME} to be Ready", lambda: self.home_is("Ready"))
        status = self.drill("cut-short")["status"]
        assert status["reason"] == "GatewayRestarted" and not status["report"]["complete"], status
        assert status["report"]["outOfScope"] > 0 and status["restoredTime"], status
        self.members_agree()

    def by_a_plan(self):
        """As a CronJob: the manifest says when and what; a start that was missed is made up for."""
        self.client.post(PLANS, {
            "apiVersion": "fairway.flext.sh/v1alpha1", "kind": "DrillPlan", "metadata": {"name": "tuesdays"},
            "spec": {"schedule": "* * * * *", "timeZone": "Etc/UTC", "suspend": True, "concurrencyPolicy": "Forbid",
                     "startingDeadlineSeconds": 200, "successfulDrillsHistoryLimit": 1,
                     "drillTemplate": {"metadata": {"labels": {"from": "plan"}},
                                       "spec": {"mode": "Simulate", "clusters": [HOME], "duration": "60s"}}}})
        hour_ago = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - 3600))
        self.client.merge(f"{PLANS}/tuesdays/status", {"status": {"lastScheduleTime": hour_ago}})
        assert not [d for d in self.client.get(DRILLS)["items"] if d["metadata"].get("labels")]
        self.client.merge(f"{PLANS}/tuesdays", {"spec": {"suspend": False}})

        def ended():
            return [d for d in self.client.get(DRILLS)["items"] if d["metadata"].get("labels", {}).get("from") == "plan"
                    and d.get("status", {}).get("phase") == "Completed"]
        first = wait("the plan's drill to be over", ended)[0]
        owner = first["metadata"]["ownerReferences"][0]
        assert (owner["kind"], owner["name"], owner["controller"]) == ("DrillPlan", "tuesdays", True), owner
        assert first["status"]["report"]["jobs"] > 0, first
        plan = self.client.get(f"{PLANS}/tuesdays")
        assert plan["status"]["lastScheduleTime"] > hour_ago, plan
        self.client.merge(f"{PLANS}/tuesdays", {"spec": {"suspend": True}})
        self.gateway.fairway("drill", "run", "by-hand", "--plan", "tuesdays", "--watch")
        wait("the older drill to go", lambda: [d["metadata"]["name"] for d in ended()] == ["by-hand"])
        assert "tuesdays" in self.gateway.fairway("drill", "plan")
        assert "by-hand" in self.gateway.fairway("drill", "list")
        self.client.delete(f"{PLANS}/tuesdays")
        wait("its drills to go with it", lambda: not ended())


def main():
    binary = sys.argv[1]
    with Simulated(binary, 3, 1000) as members:
        with Gateway(binary, config=CONFIG) as gateway:
            gateway.join(members.kubeconfigs, "site")
            rehearsal = Rehearsal(gateway, members)
            rehearsal.client.post(POLICIES, near_policy(HOME))
            rehearsal.submit()
            rehearsal.bad_input_is_refused()
            rehearsal.live(rehearsal.in_thought())
            rehearsal.abort()
            rehearsal.crash()
            rehearsal.by_a_plan()
            rehearsal.client.close()
    print("drill: every promise kept")


if __name__ == "__main__":
    main()
