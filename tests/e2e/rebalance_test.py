#!/usr/bin/env python3
"""rebalance_test.py FAIRWAY: two simulated clusters in a process of their own. Jobs pile up on one of them while
the other is cordoned. Then a plan says who would move; a freeze holds the run over a crash of the gateway; it is
carried out within its budget, and nobody else moves. Every Job runs to its end once."""
import json
import sys

sys.dont_write_bytecode = True
from kit import Gateway, Simulated, moving_job, wait

JOBS = "/apis/batch/v1/namespaces/default/jobs"
PLACEMENTS = "/apis/fairway.flext.sh/v1alpha1/namespaces/default/placements"
PROGRESS = "/fairway/v1/rebalance"
FULL, EMPTY = "sim-1", "sim-2"
CONFIG = """
members: {probeIntervalMs: 300, probeTimeoutMs: 1000}
rebalance:
  minGain: 100
  minRunMs: 500
  cooldownMs: 600000
  movesPerMinute: 600
  movingMax: 2
"""
RUN_MS = 40000
WILLING = [f"willing-{i}" for i in range(8)]
UNASKED, NEVER = "unasked", "never"


class Operator:
    def __init__(self, gateway, members):
        self.gateway, self.members = gateway, members
        self.client = gateway.client()

    def status(self, name):
        return self.client.get(f"{PLACEMENTS}/{name}")["status"]

    def progress(self):
        return self.client.get(PROGRESS)

    def plan(self):
        return json.loads(self.gateway.fairway("rebalance", "--dry-run", "-o", "json"))

    def epochs(self):
        return {name: self.status(name)["epoch"] for name in WILLING + [UNASKED, NEVER]}

    def pile_up(self):
        self.gateway.fairway("cluster", "cordon", EMPTY)
        for name in WILLING:
            self.client.post(JOBS, moving_job(name, RUN_MS, {"rebalance": "allowed"}, cpu="2"))
        self.client.post(JOBS, moving_job(UNASKED, RUN_MS, {}, cpu="2"))
        self.client.post(JOBS, moving_job(NEVER, RUN_MS, {"rebalance": "allowed", "failover": "never"}, cpu="2"))
        wait(f"all Jobs to run on {FULL}", lambda: all(
            self.status(name).get("cluster") == FULL and self.status(name)["state"] == "Running"
            for name in WILLING + [UNASKED, NEVER]))
        assert self.plan()["moves"] == 0, self.plan()  # there is nowhere to go
        self.gateway.fairway("cluster", "uncordon", EMPTY)

    def the_plan_says_it(self):
        plan = wait("somebody to gain", lambda: (lambda p: p["moves"] > 0 and p)(self.plan()))
        by_name = {job["name"]: job for job in plan["jobs"]}
        assert plan["arrivals"] == {EMPTY: plan["moves"]} and 2 <= plan["moves"] < len(WILLING), plan
        assert plan["notAllowed"] == 1 and UNASKED not in by_name, plan
        assert by_name[NEVER]["action"] == "Stays" and "never" in by_name[NEVER]["message"], plan
        first = plan["jobs"][0]
        assert first["action"] == "Moves" and first["gain"] >= 100 and first["podSecondsLost"] >= 0, plan
        text = self.gateway.fairway("rebalance", "--dry-run", "--max", "1")
        assert f"1 jobs move, {len(WILLING) - 1} more could" in text, text
        assert set(self.epochs().values()) == {1}
        return plan["moves"]

    def a_freeze_holds_it(self):
        self.gateway.fairway("freeze", "--reason", "an audit")
        self.gateway.fairway("rebalance")
        refused = self.gateway.try_fairway("rebalance")
        assert refused.returncode == 1 and "a rebalance is under way" in refused.stderr, refused
        self.client.close()
        self.gateway.kill()
        self.gateway.start()
        self.client = self.gateway.client()
        progress = self.progress()
        assert progress["state"] == "Running" and "an audit" in progress["held"], progress
        assert progress["moved"] == 0 and set(self.epochs().values()) == {1}, progress

    def it_is_carried_out(self, moves):
        self.gateway.fairway("unfreeze")
        progress = wait("the run to end", lambda: (lambda p: p["state"] != "Running" and p)(self.progress()))
        assert progress["state"] == "Done" and progress["moved"] == moves, (progress, moves)
        moved = [name for name in WILLING if self.status(name)["epoch"] == 2]
        assert len(moved) == moves, self.epochs()
        for name in moved:
            status = self.status(name)
            assert status["cluster"] == EMPTY and status["formerEpochs"][0]["reason"] == "Rebalanced", status
        assert "Rebalanced" in self.gateway.fairway("history", "job", moved[0])
        assert self.epochs()[UNASKED] == self.epochs()[NEVER] == 1
        text = self.gateway.fairway("rebalance", "--watch")
        assert text.rstrip().endswith("done: nobody gains enough any more"), text
        assert self.progress()["moved"] == 0 and "0 jobs move" in self.gateway.fairway("rebalance", "--dry-run")
        assert "no rebalance is under way" in self.gateway.fairway("rebalance", "--stop")

    def all_end_once(self):
        wait("all Jobs to end", lambda: all(
            self.status(name)["state"] == "Done" for name in WILLING + [UNASKED, NEVER]), limit=180)
        ended = {}
        for site in self.members.kubeconfigs:
            member = self.members.client(site)
            for job in member.get(JOBS)["items"]:
                ended.setdefault(job["metadata"]["name"], []).append(job["status"].get("succeeded", 0))
            member.close()
        for name in WILLING + [UNASKED, NEVER]:
            assert ended[name] == [1], (name, ended)


def main():
    binary = sys.argv[1]
    with Simulated(binary, 2, 1000) as members:
        with Gateway(binary, config=CONFIG) as gateway:
            gateway.join(members.kubeconfigs, "site")
            operator = Operator(gateway, members)
            operator.pile_up()
            moves = operator.the_plan_says_it()
            operator.a_freeze_holds_it()
            operator.it_is_carried_out(moves)
            operator.all_end_once()
            operator.client.close()
    print("rebalance: every promise kept")


if __name__ == "__main__":
    main()
