#!/usr/bin/env python3
"""moves_test.py FAIRWAY [JOBS]: a simulated cluster with JOBS running `fast` Jobs is lost (1,000; 12,500 with
TEST_LONG=1). The two survivors have room for four fifths of them. What fits runs elsewhere (it says after
how long), no survivor gets more than it holds, the rest waits, and nothing else moves."""
import os
import sys
import threading
import time

sys.dont_write_bytecode = True
from kit import Gateway, Simulated, moving_job, near_policy, wait

JOBS_PATH = "/apis/batch/v1/namespaces/default/jobs"
PLACEMENTS = "/apis/fairway.flext.sh/v1alpha1/namespaces/default/placements"
LOST, SURVIVORS = "sim-1", ("sim-2", "sim-3")
SUBMITTERS = 4
CONFIG = """
members: {probeIntervalMs: 300, probeTimeoutMs: 1000}
failover: {suspectAfterMs: 1000, unreachableAfterMs: 4000, leaseMs: 6000, clockSkewMaxMs: 500, guardMs: 1000}
"""


def manifest(name, home, failover, cpu):
    return moving_job(name, 3600000, {"failover": failover, "placement-policy": f"near-{home}"}, cpu)


def submit(gateway, manifests):
    """Over several connections, as clients do."""
    problems = []

    def some(mine):
        client = gateway.client()
        try:
            for each in mine:
                client.post(JOBS_PATH, each)
        except Exception as problem:  # shown by the caller
            problems.append(problem)
        client.close()
    threads = [threading.Thread(target=some, args=(manifests[i::SUBMITTERS],))
               for i in range(SUBMITTERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not problems, problems


class Count:
    """Jobs by (cluster, state, first epoch?), from Placements, page by page."""

    def __init__(self, client):
        self.by, token = {}, ""
        while True:
            page = client.get(f"{PLACEMENTS}?limit=1000" + (f"&continue={token}" if token else ""))
            for item in page["items"]:
                status = item["status"]
                key = (status.get("cluster", ""), status["state"], status["epoch"] == 1,
                       item["metadata"]["name"].startswith("mover"))
                self.by[key] = self.by.get(key, 0) + 1
            token = page["metadata"].get("continue", "")
            if not token:
                return

    def of(self, holds):
        return sum(count for key, count in self.by.items() if holds(*key))


def main():
    binary = sys.argv[1]
    jobs = int(sys.argv[2]) if len(sys.argv) > 2 else 12_500 if os.environ.get("TEST_LONG") else 1_000
    # Every cluster holds `jobs` CPUs and a node more, on nodes of 100; the survivors' nodes are three fifths
    # full. The node more: nobody knows on which node a pod will be that is on its way, so the last free CPU
    # of a cluster may go unused for a moment, and a Job that only prefers it then goes elsewhere.
    nodes = jobs // 100 + 1
    members = Simulated(binary, 3, 1000)
    members.arguments += ["--nodes", str(nodes), "--node-cpu", "100", "--node-memory", "1Ti"]
    with members:
        with Gateway(binary, config=CONFIG) as gateway:
            gateway.join(members.kubeconfigs, "site")
            client = gateway.client()
            for home in (LOST, *SURVIVORS):
                client.post("/apis/fairway.flext.sh/v1alpha1/namespaces/default/placementpolicies",
                            near_policy(home, f"near-{home}"))
            fillers = nodes * len(SURVIVORS)
            submit(gateway, [manifest(f"filler-{home}-{i}", home, "never", 60)
                             for home in SURVIVORS for i in range(nodes)])
            submit(gateway, [manifest(f"mover-{i}", LOST, "fast", 1) for i in range(jobs)])
            wait("all to run at home", lambda: Count(client).of(
                lambda cluster, state, first, mover: state == "Running" and first and
                (not mover or cluster == LOST)) == jobs + fillers, limit=600)
            fits = fillers * 40
            members.fault(LOST, hang=True)
            cut = time.monotonic()
            wait(f"{fits} of {jobs} Jobs to run elsewhere", lambda: Count(client).of(
                lambda cluster, state, first, mover: mover and state == "Running" and
                cluster in SURVIVORS) == fits, limit=600)
            took = time.monotonic() - cut
            after = Count(client)
            print(f"moves: {fits} of {jobs} fast Jobs ran elsewhere {took:.1f} s after the cut, "
                  f"{jobs - fits} wait for room")
            assert after.of(lambda cluster, state, first, mover: mover and not first) >= fits, after.by
            assert after.of(lambda cluster, state, first, mover: not mover and first and
                            state == "Running") == fillers, after.by
            for home in SURVIVORS:
                member = members.client(home)
                pods = member.get("/api/v1/pods")["items"]
                member.close()
                pending = [pod["metadata"]["name"] for pod in pods if pod["status"]["phase"] == "Pending"]
                assert not pending, f"{home} got more than it holds: {pending[:5]}"
            client.close()


if __name__ == "__main__":
    main()
