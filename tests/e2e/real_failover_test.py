#!/usr/bin/env python3
"""real_failover_test.py FAIRWAY, started by `controlplane/cluster run a b c -- ...`: three real control planes; the
one that holds every Job is cut off, by a faulty network, by stopping its API server, by killing all of it. A
blip of half the threshold moves none. After a loss `fast` Jobs run elsewhere soon, `fenced` ones once their
lease is over (by the member's own record the old copy had ended), `never` ones wait. Then the cluster
returns: no duplicates, no leftovers, probation, Ready. Again with the gateway killed in each phase.

By default 60 Jobs, one kind of cut, with kills. TEST_LONG=1: 300 Jobs, all kinds, default thresholds, with and
without kills. FAILOVER_CUTS=reset,stop chooses kinds, FAILOVER_KILLS=0|1 one half."""
import math
import os
import subprocess
import sys
import time

sys.dont_write_bytecode = True
import member_records
from fault_proxy import BLACKHOLE, HALF_OPEN, PASS, RESET, FaultProxy
from kit import HERE, Gateway, condition, long_run, moving_job, near_policy, wait
from rest import CUT, Access, Client

JOBS = "/apis/batch/v1/namespaces/default/jobs"
FAIRWAY = "/apis/fairway.flext.sh/v1alpha1/"
PLACEMENTS = FAIRWAY + "namespaces/default/placements"
CLUSTERS = FAIRWAY + "clusters"
PREFIX = "fairway.flext.sh/"
LOST, POLICIES = "a", ("fast", "fenced", "never")
LONG = long_run()
PER_POLICY = 100 if LONG else 20
# Of the long run: what a gateway has that nobody configured, but for the lease and the probation.
UNREACHABLE, LEASE, GUARD, PROBATION = (30, 45, 10, 10) if LONG else (8, 12, 3, 3)
FAST_LIMIT, FENCED_LIMIT = UNREACHABLE + 10, LEASE + 60
LIMIT = 240
CONFIG = f"""
failover:
  suspectAfterMs: {UNREACHABLE * 1000 // 3 if not LONG else 5000}
  unreachableAfterMs: {UNREACHABLE * 1000}
  leaseMs: {LEASE * 1000}
  guardMs: {GUARD * 1000}
  probationMs: {PROBATION * 1000}
  probationMaxMs: {PROBATION * 1000}
  settleMaxMs: 30000
"""
FOREVER_MS = 3600000
NEAR = near_policy(LOST)


def plane(*arguments):
    subprocess.run([HERE / "controlplane" / "cluster", *arguments], check=True,
                   stdout=subprocess.DEVNULL)


class NetworkCut:
    """Between the gateway and the member; the member itself works on."""
    by_deadline = False

    def __init__(self, proxy, fault):
        self.proxy, self.fault = proxy, fault

    def begin(self):
        self.proxy.set(self.fault)

    def end(self):
        self.proxy.set(PASS)

    blip = begin


class StoppedServer:
    """The API server hangs. Its Job controller cannot end a copy meanwhile (docs/operating/failover.md)."""
    by_deadline = True

    def begin(self):
        plane("signal", LOST, "kube-apiserver", "STOP")

    def end(self):
        plane("signal", LOST, "kube-apiserver", "CONT")

    blip = begin


class KilledPlane:
    """Everything there is dead, its hollow nodes too."""
    by_deadline = True

    def __init__(self, proxy):
        self.proxy = proxy

    def blip(self):
        self.proxy.set(RESET)  # what its clients see of a short death; a whole start takes longer

    def begin(self):
        self.proxy.set(PASS)
        for process in ("kube-apiserver", "kube-controller-manager", "kube-scheduler", "kwok", "etcd"):
            plane("signal", LOST, process, "KILL")

    def end(self):
        if self.proxy.fault == RESET:
            self.proxy.set(PASS)
        else:
            plane("up", LOST)


def quantile(values, share):
    return sorted(values)[max(math.ceil(share * len(values)) - 1, 0)]


class Round:
    """One kind of cut, from the submission of its Jobs until they are gone."""

    def __init__(self, gateway, files, records, kind, cut, kill):
        self.gateway, self.files, self.records = gateway, files, records
        self.kind, self.cut, self.kill = kind, cut, kill
        self.prefix = f"{kind}-{'killed' if kill else 'plain'}"
        self.names = {policy: [f"{self.prefix}-{policy}-{i}" for i in range(PER_POLICY)]
                      for policy in POLICIES}
        self.client = gateway.client()
        self.restarted = None

    def interrupt(self):
        """The gateway dies in the middle of whatever goes on, if this round is one of kills."""
        if not self.kill:
            return
        self.client.close()
        self.gateway.kill()
        self.gateway.start()
        self.restarted = time.time()
        self.client = self.gateway.client()

    def placements(self, policy):
        return {item["metadata"]["name"]: item["status"]
                for item in self.client.get(PLACEMENTS)["items"]
                if item["metadata"]["name"].startswith(f"{self.prefix}-{policy}-")}

    def all_of(self, policy, holds):
        found = self.placements(policy)
        return len(found) == PER_POLICY and all(holds(status) for status in found.values())

    def until(self, what, policy, holds):
        try:
            wait(f"{self.prefix}: {policy} Jobs {what}", lambda: self.all_of(policy, holds), LIMIT)
        except AssertionError as error:
            others = {n: s for n, s in self.placements(policy).items() if not holds(s)}
            raise AssertionError(f"{error}; {len(others)} not: {list(others.items())[:2]}") from None

    def link(self):
        return self.client.get(f"{CLUSTERS}/{LOST}")["status"].get("linkState")

    def submit_one(self, name, policy):
        wanted = moving_job(name, FOREVER_MS, {"failover": policy})
        status, answer = self.client.call("POST", JOBS, wanted)
        assert status in (201, 409), answer  # 409: the answer to it was lost with the gateway

    def submit(self):
        order = [(name, policy) for policy in POLICIES for name in self.names[policy]]
        for i, (name, policy) in enumerate(order):
            self.submit_one(name, policy)
            if i == len(order) // 2:
                self.interrupt()
        for policy in POLICIES:
            self.until("run on the cluster that they prefer", policy,
                       lambda s: s.get("cluster") == LOST and s["state"] == "Running")

    def leases_are_renewed(self):
        def deadlines():
            client = Client(Access(self.files[LOST]))
            items = client.get(JOBS)["items"]
            client.close()
            return {i["metadata"]["name"]: i["spec"].get("activeDeadlineSeconds") for i in items}
        first = wait("leases", lambda: (lambda found: found if all(
            found[name] for name in self.names["fenced"]) else None)(deadlines()))
        for policy in ("fast", "never"):
            for name in self.names[policy]:
                assert first[name] is None, f"{name} has a deadline that nobody asked for"
        wait("leases to be renewed", lambda: all(
            deadlines()[name] > first[name] for name in self.names["fenced"]), LIMIT)

    def blip(self):
        began = time.time()
        self.cut.blip()
        self.interrupt()
        # As long as a blip may be, and noticed: or that it moves nothing would show nothing.
        wait("half the threshold to pass and the blip to be noticed", lambda:
             time.time() - began >= UNREACHABLE / 2 and self.link() == "Suspect")
        self.cut.end()
        wait("the cluster after a blip", lambda: self.link() == "Ready", LIMIT)
        for policy in POLICIES:
            self.until("run on after a blip", policy,
                       lambda s: s["epoch"] == 1 and s["state"] == "Running")

    def lose(self):
        self.lost_at = time.time()
        self.cut.begin()
        wait("the loss to be noticed", lambda: self.link() in ("Unreachable", "Fenced"), LIMIT)
        self.noticed_at = time.time()
        self.interrupt()
        self.fast_from = self.restarted or self.lost_at
        wait("a fast Job to be placed elsewhere", lambda: any(
            s["epoch"] == 2 for s in self.placements("fast").values()), LIMIT)
        self.interrupt()
        moved = lambda s: s["epoch"] == 2 and s["cluster"] != LOST and s["state"] == "Running"
        self.until("run elsewhere", "fast", moved)
        self.until("are Uncertain", "never", lambda s: s["epoch"] == 1 and s["state"] == "Uncertain")
        for name in self.names["never"]:
            assert condition(self.client.get(f"{JOBS}/{name}"), "Stale") == "True", name
        self.until("run elsewhere", "fenced", moved)
        for policy, reason in (("fast", "ClusterLost"), ("fenced", "LeaseEnded")):
            for name, status in self.placements(policy).items():
                assert status["formerEpochs"][0]["reason"] == reason, (name, status)

    def left_on(self, member):
        """What of this round a member has: its Jobs and its pods, by name."""
        client = Client(Access(self.files[member]))
        jobs = [i["metadata"]["name"] for i in client.get(JOBS)["items"]]
        pods = [i["metadata"]["labels"].get("job-name") for i in
                client.get("/api/v1/namespaces/default/pods")["items"]]
        client.close()
        return jobs, pods

    def come_back(self):
        began = time.time()
        self.cut.end()
        wait("the cluster's return", lambda: self.link() in ("Rejoining", "Probation", "Ready"), LIMIT)
        self.interrupt()
        seen = set()
        wait("the cluster to be Ready", lambda: seen.add(self.link()) or "Ready" in seen, LIMIT)
        self.ready_after = time.time() - began
        assert "Probation" in seen, f"no probation: {seen}"
        never = sorted(self.names["never"])
        wait("what was left behind to be deleted", lambda: [
            sorted(found) for found in self.left_on(LOST)] == [never, never], LIMIT)
        self.until("go on", "never", lambda s: s["epoch"] == 1 and s["state"] == "Running")
        for name in never:
            assert condition(self.client.get(f"{JOBS}/{name}"), "Stale") is None, name

    def nothing_twice(self):
        everywhere = [name for member in self.files for name in self.left_on(member)[0]]
        expected = [name for names in self.names.values() for name in names]
        assert sorted(everywhere) == sorted(expected), \
            f"{len(everywhere)} copies of {len(expected)} Jobs: {sorted(everywhere)}"
        copies = self.records.copies()
        rules = [member_records.one_copy_per_epoch(copies, set(expected)),
                 member_records.stayed(copies, self.names["never"]),
                 member_records.ended_before_next(copies, self.names["fenced"],
                                                  self.cut.by_deadline)]
        wrong = [text for rule in rules for text in rule]
        assert not wrong, f"{len(wrong)} rules broken:\n" + "\n".join(wrong[:5])
        self.measure(copies)

    def measure(self, copies):
        since = {}
        for policy in ("fast", "fenced"):
            since[policy] = [copies[name, 2][0].ready_at - self.lost_at for name in self.names[policy]]
        margin = []
        for name in self.names["fenced"]:
            old, new = copies[name, 1][0], copies[name, 2][0]
            ended = old.started + old.deadline if self.cut.by_deadline else old.ended
            margin.append(new.created - ended)
        late = self.restarted_after()
        print(f"{self.prefix}: {3 * PER_POLICY} Jobs; noticed after {self.noticed_at - self.lost_at:.1f} s"
              + (f", last restart after {late:.1f} s" if late else "") +
              "; run elsewhere after (s, median p99 max): " + ", ".join(
                  f"{policy} {quantile(v, .5):.1f} {quantile(v, .99):.1f} {max(v):.1f}"
                  for policy, v in since.items()) +
              f"; old copy over before the new one: {min(margin)} to {max(margin)} s"
              f"; Ready again {self.ready_after:.1f} s after the cut", flush=True)
        # After a start of its own the gateway watches for one lease before it moves anything.
        again = late + LEASE if late else 0
        assert quantile(since["fast"], .99) <= max(FAST_LIMIT, again + 10), since["fast"]
        assert max(since["fenced"]) <= (late or 0) + FENCED_LIMIT, since["fenced"]

    def restarted_after(self):
        return self.loss_restart - self.lost_at if self.kill else 0

    def finish(self):
        for names in self.names.values():
            for name in names:
                self.client.delete(f"{JOBS}/{name}")
        wait("no Job at the gateway", lambda: not self.client.get(JOBS)["items"], LIMIT)
        for member in self.files:
            wait(f"nothing left on {member}", lambda: self.left_on(member) == ([], []), LIMIT)
        self.client.close()

    def run(self):
        self.submit()
        self.leases_are_renewed()
        self.blip()
        self.lose()
        self.loss_restart = self.restarted
        self.come_back()
        self.nothing_twice()
        self.finish()


def main():
    if sys.argv[1:] == ["--self-test"]:
        sys.exit("\n".join(member_records.self_test()) or 0)
    files = dict(pair.split("=", 1) for pair in os.environ["TEST_MEMBERS"].split(","))
    proxy = FaultProxy(Access(files[LOST]).port)
    cuts = {"blackhole": NetworkCut(proxy, BLACKHOLE), "reset": NetworkCut(proxy, RESET),
            "half-open": NetworkCut(proxy, HALF_OPEN), "stop": StoppedServer(),
            "kill": KilledPlane(proxy)}
    default = ",".join(cuts) if LONG else "blackhole"
    chosen = os.environ.get("FAILOVER_CUTS", default).split(",")
    kills = os.environ.get("FAILOVER_KILLS", "01" if LONG else "1")
    gateway = Gateway(sys.argv[1], config=CONFIG)
    through = proxy.kubeconfig(files[LOST], gateway.folder / f"{LOST}.kubeconfig")
    records = member_records.MemberRecords(files)
    with gateway:
        gateway.join({**files, LOST: through}, "site")
        client = gateway.client()
        client.post(FAIRWAY + "namespaces/default/placementpolicies", NEAR)
        client.close()
        for kind in chosen:
            for kill in sorted(kills):
                Round(gateway, files, records, kind, cuts[kind], kill == "1").run()
    records.stop()
    proxy.close()
    print("real failover: every promise kept")


if __name__ == "__main__":
    main()
