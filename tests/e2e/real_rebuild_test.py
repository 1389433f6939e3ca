#!/usr/bin/env python3
"""real_rebuild_test.py FAIRWAY [JOBS], started by `controlplane/cluster run a b -- ...`: Jobs run on two real
clusters when the gateway is killed and its store deleted. `fairway restore --from-members` brings all of them
back from their copies: same uid, cluster and epoch, and each with its result; on the members every one had one
copy and one pod. 60 Jobs; 500 with TEST_LONG=1."""
import collections
import os
import shutil
import sys

sys.dont_write_bytecode = True
from kit import Gateway, condition, long_run, moving_job, wait
from rest import Access, Client

JOBS_PATH = "/apis/batch/v1/namespaces/default/jobs"
PLACEMENTS = "/apis/fairway.flext.sh/v1alpha1/namespaces/default/placements"
UID = "fairway.flext.sh/uid"


def jobs(client):
    return {item["metadata"]["name"]: item for item in client.get(JOBS_PATH)["items"]}


def placements(client):
    return {item["metadata"]["name"]: item["status"] for item in client.get(PLACEMENTS)["items"]}


def by_uid(members, path):
    """gateway uid -> uids of what the members have under it."""
    found = collections.defaultdict(set)
    for name, member in members.items():
        for item in member.get(path)["items"]:
            uid = item["metadata"].get("labels", {}).get(UID)
            if uid:
                found[uid].add((name, item["metadata"]["uid"]))
    return found


def main():
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 500 if long_run() else 60
    kubeconfigs = dict(pair.split("=", 1) for pair in os.environ["TEST_MEMBERS"].split(","))
    members = {name: Client(Access(path)) for name, path in kubeconfigs.items()}
    with Gateway(sys.argv[1]) as gateway:
        gateway.join(kubeconfigs, "site")
        client = gateway.client()
        for i in range(count):
            # A fifth has ended when the store goes, a fifth ends while there is no gateway.
            client.post(JOBS_PATH, moving_job(f"job-{i}", (500, 8000, 40000, 40000, 40000)[i % 5], {}))

        def running():
            states = collections.Counter(status["state"] for status in placements(client).values())
            return states["Running"] + states["Done"] == count and states["Done"] >= count // 5
        wait("all to run", running)
        before, placed = jobs(client), placements(client)
        client.close()
        gateway.kill()
        shutil.rmtree(gateway.data / "store")
        told = gateway.try_fairway("restore", "--from-members", "--data", gateway.data,
                                   *[f"--kubeconfig={name}={path}" for name, path in kubeconfigs.items()])
        assert told.returncode == 0, told.stdout + told.stderr
        gateway.start()
        client = gateway.client()
        wait("all to be back", lambda: gateway.check() or len(jobs(client)) == count)
        now, there = jobs(client), placements(client)
        for name, job in before.items():
            assert now[name]["metadata"]["uid"] == job["metadata"]["uid"], name
            for part in ("cluster", "epoch"):
                assert there[name][part] == placed[name][part], (name, placed[name], there[name])
        wait("all to complete", lambda: all(
            condition(job, "Complete") == "True" for job in jobs(client).values()))
        copies, pods = by_uid(members, JOBS_PATH), by_uid(members, "/api/v1/namespaces/default/pods")
        for name, job in before.items():
            uid = job["metadata"]["uid"]
            assert len(copies[uid]) == 1 and len(pods[uid]) == 1, (name, copies[uid], pods[uid])
        ended = sum(status["state"] == "Done" for status in placed.values())
        print(f"{count} Jobs, {ended} of them had ended: all back with uid, cluster and epoch, all complete, one "
              f"copy and one pod each; {told.stdout.strip().splitlines()[-1] if told.stdout.strip() else ''}")
        client.close()
        gateway.stop()


if __name__ == "__main__":
    main()
