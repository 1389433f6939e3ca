#!/usr/bin/env python3
"""indexed_test.py FAIRWAY: Indexed Jobs that move go on where they were. One is moved off a lost cluster (`fast`,
then `fenced`), one by an evacuation: on the second cluster pods are made for the indexes alone that were not
known as completed when it moved, each of the others ran once, and the status counts them all. The members are
simulated, or those of TEST_MEMBERS (for evacuations only: nothing of theirs is cut)."""
import contextlib
import os
import sys

sys.dont_write_bytecode = True
import rest
from kit import Gateway, Simulated, condition, moving_job, wait

JOBS = "/apis/batch/v1/namespaces/default/jobs"
PLACEMENTS = "/apis/fairway.flext.sh/v1alpha1/namespaces/default/placements"
COMPLETIONS = 8
CONFIG = """
members: {probeIntervalMs: 300, probeTimeoutMs: 1000}
failover: {suspectAfterMs: 1000, unreachableAfterMs: 3000, leaseMs: 4000, clockSkewMaxMs: 300, guardMs: 500,
           probationMs: 500, probationMaxMs: 500}
"""


def indexes(text):
    """The set that "0-2,5" stands for."""
    found = set()
    for part in filter(None, (text or "").split(",")):
        first, _, last = part.partition("-")
        found |= set(range(int(first), int(last or first) + 1))
    return found


def indexed(name, policy, run_ms):
    job = moving_job(name, run_ms, {"failover": policy})
    job["spec"].update(completionMode="Indexed", completions=COMPLETIONS, parallelism=2)
    return job


class Scene:
    def __init__(self, gateway, kubeconfigs):
        self.gateway, self.client, self.recorders = gateway, gateway.client(), {}
        for name, kubeconfig in kubeconfigs.items():
            direct = rest.Client(rest.Access(kubeconfig))
            revision = direct.get("/api/v1/pods")["metadata"]["resourceVersion"]
            direct.close()
            self.recorders[name] = rest.Recorder(kubeconfig, "/api/v1/pods", revision, self.digest)

    @staticmethod
    def digest(kind, item):
        metadata = item["metadata"]
        owner = (metadata.get("ownerReferences") or [{"name": ""}])[0]["name"]
        return (owner, metadata["uid"], metadata.get("annotations", {}).get("batch.kubernetes.io/job-completion-index"))

    def pods(self, member, job):
        """index -> how many pods it had there."""
        pods = {(uid, index) for owner, uid, index in list(self.recorders[member].events) if owner == job}
        counts = {}
        for _, index in pods:
            counts[int(index)] = counts.get(int(index), 0) + 1
        return counts

    def job(self, name):
        return self.client.get(f"{JOBS}/{name}")

    def cluster(self, name, epoch):
        status = self.client.call("GET", f"{PLACEMENTS}/{name}")[1].get("status", {})
        return status.get("cluster") if status.get("epoch") == epoch and status["state"] != "Queued" else None

    def run(self, name, policy, run_ms, move, back):
        self.client.post(JOBS, indexed(name, policy, run_ms))
        first = wait(f"{name} to be placed", lambda: self.cluster(name, 1))
        wait(f"three indexes of {name}", lambda: len(indexes(
            self.job(name).get("status", {}).get("completedIndexes"))) >= 3)
        move(first)
        second = wait(f"{name} to be placed again", lambda: self.cluster(name, 2))
        assert second != first, f"{name} went from {first} to {first}"
        wait(f"{name} to complete", lambda: condition(self.job(name), "Complete") == "True")
        status = self.job(name)["status"]
        back(first)
        assert status["completedIndexes"] == f"0-{COMPLETIONS - 1}" and status["succeeded"] == COMPLETIONS, status
        there = self.pods(second, name)
        # What had completed on the first cluster, and was reported, before the move.
        assert set(there) != set(range(COMPLETIONS)) and len(there) <= COMPLETIONS - 3, there
        assert all(count == 1 for count in there.values()), there
        before = self.pods(first, name)
        missing = set(range(COMPLETIONS)) - set(there) - set(before)
        assert not missing, f"{missing} ran nowhere: {before} on {first}, {there} on {second}"
        print(f"{name}: {sorted(set(range(COMPLETIONS)) - set(there))} had completed on {first}, "
              f"{sorted(there)} ran on {second}")


@contextlib.contextmanager
def stage(binary, scene):
    """A scene of this class at a gateway over three members, and these: simulated, or None when they are those of
    TEST_MEMBERS."""
    real = os.environ.get("TEST_MEMBERS")
    with contextlib.ExitStack() as stack:
        members = None if real else stack.enter_context(Simulated(binary, 3, 1000))
        kubeconfigs = dict(pair.split("=", 1) for pair in real.split(",")) if real else members.kubeconfigs
        gateway = stack.enter_context(Gateway(binary, config=CONFIG))
        gateway.join(kubeconfigs, "site")
        yield scene(gateway, kubeconfigs), gateway, members
        gateway.stop()


def main():
    with stage(sys.argv[1], Scene) as (scene, gateway, members):
        def ready(name):
            scene.client.merge(f"/apis/fairway.flext.sh/v1alpha1/clusters/{name}", {"spec": {"drain": None}})
            wait(f"{name} to be Ready", lambda: scene.client.get(
                f"/apis/fairway.flext.sh/v1alpha1/clusters/{name}")["status"].get("linkState") == "Ready")

        def heal(name):
            members.fault(name)
            ready(name)

        scene.run("evacuated", "fenced", 1200, lambda name: gateway.fairway("cluster", "drain", name, "--now"), ready)
        if members:
            for policy in ("fast", "fenced"):
                scene.run(f"lost-{policy}", policy, 4000, members.cut, heal)


if __name__ == "__main__":
    main()
