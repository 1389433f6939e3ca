#!/usr/bin/env python3
"""split_test.py FAIRWAY: Indexed Jobs run on two clusters at once, each index on one of them. Seen from the members' own
pods: every index ran once in all, none of another part's; the Job's status is that of both, its Placement shows the parts.
A job that may not be split says so. On simulated members: one of the clusters is lost in the middle, and only what was
not complete there runs again elsewhere; the gateway is killed in the middle; a split job is suspended, resumed and
deleted; its parts hold the quota of one job. The members are simulated, or those of TEST_MEMBERS."""
import sys

sys.dont_write_bytecode = True
from indexed_test import JOBS, PLACEMENTS, Scene, indexes, stage
from kit import condition, moving_job, wait
from queues_test import KUEUE, Door, kueue, queue

FAIRWAY = "/apis/fairway.flext.sh/v1alpha1"
POLICIES = f"{FAIRWAY}/namespaces/default/placementpolicies"
COMPLETIONS = 10


def policy(**split):
    return {"apiVersion": "fairway.flext.sh/v1alpha1", "kind": "PlacementPolicy",
            "metadata": {"name": "divided", "namespace": "default"},
            "spec": {"workloadSelector": {"matchLabels": {"divided": "yes"}}, "split": split}}


def divided(name, run_ms, annotations=None, **spec):
    job = moving_job(name, run_ms, annotations or {})
    job["metadata"]["labels"] = {"divided": "yes"}
    job["spec"].update(completionMode="Indexed", completions=COMPLETIONS, parallelism=4)
    job["spec"].update(spec)
    return job


class Split(Scene):
    def placement(self, name):
        return self.client.call("GET", f"{PLACEMENTS}/{name}")[1].get("status", {})

    def shards(self, name):
        return self.placement(name).get("shards", [])

    def parts(self, name):
        """The parts once each has a cluster."""
        shards = self.shards(name)
        return shards if len(shards) == 2 and all(shard.get("cluster") for shard in shards) else None

    def done(self, name):
        return indexes(self.job(name).get("status", {}).get("completedIndexes"))

    def completed(self, name):
        wait(f"{name} to complete", lambda: condition(self.job(name), "Complete") == "True")
        status = self.job(name)["status"]
        assert status["completedIndexes"] == f"0-{COMPLETIONS - 1}" and status["succeeded"] == COMPLETIONS, status
        assert not status.get("active") and status["completionTime"] >= status["startTime"], status
        return status

    def everywhere(self, name):
        """index -> the members that had pods of it, one entry for each pod."""
        where = {}
        for member in self.recorders:
            for index, count in self.pods(member, name).items():
                where.setdefault(index, []).extend([member] * count)
        return where

    def once(self, name):
        where = self.everywhere(name)
        assert set(where) == set(range(COMPLETIONS)), where
        assert all(len(pods) == 1 for pods in where.values()), where
        for shard in self.shards(name):
            own = indexes(shard["indexes"])
            ran = {index for index, pods in where.items() if pods == [shard["cluster"]]}
            assert ran == own, f"{shard['cluster']} ran {sorted(ran)}, its own are {sorted(own)}"


def whole_life(scene, name):
    scene.client.post(JOBS, divided(name, 300))
    parts = wait(f"{name} to be split", lambda: scene.parts(name))
    assert len({part["cluster"] for part in parts}) == 2, parts
    assert sum(part["pods"] for part in parts) <= 4, parts
    scene.completed(name)
    scene.once(name)
    text = scene.gateway.fairway("explain", "job", name)
    assert "split over 2 clusters" in text and "SHARD" in text, text
    print(f"{name}: {', '.join(part['indexes'] + ' on ' + part['cluster'] for part in parts)}")


def refusals(scene):
    for name, job in (("plain", divided("plain", 100, completionMode="NonIndexed")),
                      ("kept", divided("kept", 100, {"split": "false"}))):
        scene.client.post(JOBS, job)
        wait(f"{name} to be placed", lambda: scene.placement(name).get("cluster"))
        assert not scene.shards(name), scene.placement(name)
        assert "not split" in scene.gateway.fairway("explain", "job", name)
    status, body = scene.client.call("POST", JOBS, divided("odd", 100, {"split": "perhaps"}))
    assert status == 422 and "must be true or false" in body["message"], body
    for split, field in (({"mode": "Now"}, "spec.split.mode"), ({"minIndexes": 0}, "spec.split.minIndexes"),
                         ({"maxClusters": 1}, "spec.split.maxClusters")):
        bad = policy(**split)
        bad["metadata"]["name"] = "bad"
        status, body = scene.client.call("POST", POLICIES, bad)
        assert status == 422 and body["details"]["causes"][0]["field"] == field, body
    print("refused: what is not Indexed, opted out, or malformed")


def suspended(scene, name):
    scene.client.post(JOBS, divided(name, 500))
    wait(f"an index of {name}", lambda: len(scene.done(name)) >= 1)
    scene.client.merge(f"{JOBS}/{name}", {"spec": {"suspend": True}})
    wait(f"{name} to lie still", lambda: condition(scene.job(name), "Suspended") == "True"
         and not scene.job(name)["status"].get("active"))
    scene.client.merge(f"{JOBS}/{name}", {"spec": {"suspend": False}})
    status, body = scene.client.call("PATCH", f"{JOBS}/{name}", {"spec": {"completions": COMPLETIONS + 1}},
                                     {"Content-Type": "application/merge-patch+json"})
    assert status == 422, body
    scene.completed(name)
    where = scene.everywhere(name)
    # Pods that the suspension ended are made again, where they were.
    assert set(where) == set(range(COMPLETIONS)) and all(len(set(pods)) == 1 for pods in where.values()), where
    print(f"{name}: suspended and resumed, each index on one cluster")


def deleted(scene, name):
    scene.client.post(JOBS, divided(name, 60_000))
    parts = wait(f"{name} to be split", lambda: scene.parts(name))
    wait(f"{name} to run", lambda: scene.job(name).get("status", {}).get("active", 0) >= 2)
    scene.client.call("DELETE", f"{JOBS}/{name}")
    wait(f"{name} to be gone", lambda: scene.client.call("GET", f"{JOBS}/{name}")[0] == 404)
    assert len(parts) == 2
    print(f"{name}: deleted with both of its parts")


def queued(scene, gateway):
    """The quota has room for the pods of one Job: its parts hold it together, and the next one waits for both."""
    door = Door(gateway)
    door.make(kueue("ResourceFlavor", "plain", {}), *queue("shared", "40m", "default"))
    for name, run_ms in (("first", 1500), ("second", 100)):
        job = divided(name, run_ms)
        job["metadata"]["labels"]["kueue.x-k8s.io/queue-name"] = "shared"
        scene.client.post(JOBS, job)
    wait("first to be split", lambda: scene.parts("first"))
    used = wait("first to hold the whole quota", lambda: next(
        (flavor["resources"][0]["total"] for flavor in door.client.get(f"{KUEUE}/clusterqueues/shared")
         .get("status", {}).get("flavorsUsage", []) if flavor["resources"][0]["total"] == "40m"), None))
    entry = door.of_job("first", "default")
    assert entry["status"]["admission"]["podSetAssignments"][0]["count"] == 4, entry["status"]
    assert not scene.shards("second") and scene.placement("second")["state"] == "Queued", scene.placement("second")
    for name in ("first", "second"):
        scene.completed(name)
        scene.once(name)
    ended = max(scene.job("first")["status"]["completionTime"], scene.job("first")["status"]["startTime"])
    assert scene.job("second")["status"]["startTime"] >= ended, (scene.job("first"), scene.job("second"))
    wait("the quota to be free", lambda: [flavor["resources"][0]["total"] for flavor in door.client.get(
        f"{KUEUE}/clusterqueues/shared").get("status", {}).get("flavorsUsage", [])] == ["0"])
    print(f"first and second shared a quota of {used} cpu, one after the other, on two clusters each")


def killed(scene, gateway, name):
    scene.client.post(JOBS, divided(name, 700))
    wait(f"two indexes of {name}", lambda: len(scene.done(name)) >= 2)
    gateway.kill()
    gateway.start()
    scene.client = gateway.client()
    scene.completed(name)
    scene.once(name)
    print(f"{name}: the gateway was killed, and each index ran once")


def lost(scene, members, name):
    scene.client.post(JOBS, divided(name, 2500, {"failover": "fenced"}))
    parts = wait(f"{name} to be split", lambda: scene.parts(name))
    wait(f"an index of each part of {name}", lambda: all(
        scene.done(name) & indexes(part["indexes"]) for part in parts))
    gone, stays = parts[0], parts[1]
    members.cut(gone["cluster"])
    moved = wait(f"a part of {name} to move", lambda: next(
        (shard for shard in scene.shards(name) if shard["shard"] == gone["shard"] and shard["epoch"] == 2
         and shard.get("cluster")), None))
    assert moved["cluster"] not in (gone["cluster"], stays["cluster"]), moved
    known = scene.done(name)
    scene.completed(name)
    members.fault(gone["cluster"])
    there = set(scene.pods(moved["cluster"], name))
    assert there and there <= indexes(gone["indexes"]), there
    assert len(there) < len(indexes(gone["indexes"])), f"all of {gone['indexes']} ran again, {known} were known"
    assert set(scene.pods(stays["cluster"], name)) == indexes(stays["indexes"])
    print(f"{name}: of {gone['indexes']} on {gone['cluster']} only {sorted(there)} ran again on {moved['cluster']}")


def main():
    with stage(sys.argv[1], Split) as (scene, gateway, members):
        scene.client.post(POLICIES, policy(mode="Always", maxClusters=2))
        whole_life(scene, "halves")
        refusals(scene)
        suspended(scene, "paused")
        deleted(scene, "dropped")
        queued(scene, gateway)
        if members:
            killed(scene, gateway, "restarted")
            lost(scene, members, "bereft")


if __name__ == "__main__":
    main()
