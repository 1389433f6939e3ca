#!/usr/bin/env python3
"""backup_test.py FAIRWAY: Jobs in every state on members that outlive the gateway. A backup is taken under
load, more Jobs finish, the gateway is killed and the older backup restored: nothing that has finished runs
again, and what nobody can account for is held. Then the store is deleted and rebuilt from the members: every
placed Job is back with its epoch and result, and with its quota once its queue is there. Each member's own
record of pods is the judge."""
import collections
import json
import pathlib
import shutil
import sys
import threading

sys.dont_write_bytecode = True
from crash_test import Members
from kit import Gateway, Simulated, condition, wait
from queues_test import KUEUE, Door, kueue, queue

JOBS = "/apis/batch/v1/namespaces/default/jobs"
PLACEMENTS = "/apis/fairway.flext.sh/v1alpha1/namespaces/default/placements"
PREFIX = "fairway.flext.sh/"
HELD = PREFIX + "held-after-restore"


def manifest(name, run_ms=100, exit_code=0, suspend=False, nowhere=False):
    container = {"name": "main", "image": "busybox", "resources": {"requests": {"cpu": "10m"}}}
    pod = {"metadata": {"annotations": {f"simulated.{PREFIX}run-ms": str(run_ms),
                                        f"simulated.{PREFIX}exit-code": str(exit_code)}},
           "spec": {"restartPolicy": "Never", "containers": [container]}}
    metadata = {"name": name, "labels": {"made-by": "backup-test"}}
    if nowhere:
        metadata["annotations"] = {PREFIX + "cluster-selector": "site=nowhere"}
    return {"apiVersion": "batch/v1", "kind": "Job", "metadata": metadata,
            "spec": {"suspend": suspend, "backoffLimit": 0, "template": pod}}


def wishes():
    """200 Jobs: quick, failing, long, suspended, and such that no cluster will do."""
    yield from (manifest(f"quick-{i}") for i in range(80))
    yield from (manifest(f"fails-{i}", exit_code=3) for i in range(20))
    yield from (manifest(f"long-{i}", run_ms=6000) for i in range(60))
    yield from (manifest(f"suspended-{i}", suspend=True) for i in range(20))
    yield from (manifest(f"nowhere-{i}", nowhere=True) for i in range(20))


def jobs(client):
    return {item["metadata"]["name"]: item for item in client.get(JOBS)["items"]}


def result(job):
    for kind in ("Complete", "Failed"):
        if condition(job, kind) == "True":
            return kind
    return None


def ended(client, prefix, but=()):
    return all(result(job) for name, job in jobs(client).items()
               if name.startswith(prefix) and name not in but)


def make_queue(client, door):
    """A queue that has room for one Job; and what it says is used of that."""
    door.make(kueue("ResourceFlavor", "plain", {}), *queue("kept", "10m", "default"))
    return lambda: [resource["total"] for flavor in client.get(f"{KUEUE}/clusterqueues/kept").get("status", {})
                    .get("flavorsUsage", []) for resource in flavor["resources"]]


def pods_by_job(members):
    """Gateway uid of a Job -> its pods, over all members and all time."""
    owners, pods = {}, collections.defaultdict(set)
    events = members.events()
    for cluster, seen in events.items():
        for event in seen:
            if event.kind == "Job":
                owners[cluster, event.uid] = event.gateway_uid
    for cluster, seen in events.items():
        for event in seen:
            if event.kind == "Pod":
                pods[owners[cluster, event.owner]].add((cluster, event.uid))
    return pods


def offline(gateway, *arguments, code=0):
    done = gateway.try_fairway(*arguments)
    assert done.returncode == code, f"fairway {arguments}: {done.returncode}\n{done.stdout}{done.stderr}"
    return done.stdout + done.stderr


def back_up_under_load(gateway, client):
    """Submits while backups are taken; gives the directory."""
    def submit():
        mine = gateway.client()
        for i in range(60):
            mine.post(JOBS, manifest(f"load-{i}"))
        mine.close()
    submitter = threading.Thread(target=submit)
    submitter.start()
    first = json.loads(gateway.fairway("backup", "nightly", "-o", "json"))
    submitter.join()
    second = json.loads(gateway.fairway("backup", "nightly", "-o", "json"))
    assert int(second["backup"]["revision"]) > int(first["backup"]["revision"])
    directory = pathlib.Path(second["directory"])
    assert directory == (gateway.data / "backups" / "nightly").resolve(), directory
    assert "2 backups are good" in offline(gateway, "backup", "verify", directory)
    listed = json.loads(offline(gateway, "backup", "list", directory, "-o", "json"))["items"]
    assert [item["revision"] for item in listed] == [first["backup"]["revision"],
                                                     second["backup"]["revision"]], listed
    outside = gateway.try_fairway("backup", "/tmp")
    assert outside.returncode == 1 and "may be written below" in outside.stderr, outside.stderr
    return directory


def check_damage(gateway, directory):
    """One flipped byte: verify and restore refuse and name the file."""
    largest = max((f for f in directory.rglob("*") if f.is_file()), key=lambda f: f.stat().st_size)
    good = largest.read_bytes()
    bad = bytearray(good)
    bad[len(bad) // 2] ^= 1
    largest.write_bytes(bad)
    assert str(largest) in offline(gateway, "backup", "verify", directory, code=1)
    elsewhere = gateway.folder / "elsewhere"
    refused = offline(gateway, "restore", "--from", directory, "--data", elsewhere, code=1)
    assert str(largest) in refused, refused
    assert not (elsewhere / "store").exists()
    largest.write_bytes(good)


def check_restored(gateway, client, before, deleted):
    """After the restore of an older backup: `before` is what there was when the gateway was killed."""
    wait("what the members know to be put back", lambda: not before.keys() - jobs(client).keys())
    now = jobs(client)
    for name, job in before.items():
        assert now[name]["metadata"]["uid"] == job["metadata"]["uid"], name
    wait("the results of what had finished",
         lambda: all(result(job) == result(before[name])
                     for name, job in jobs(client).items() if name in before and result(before[name])))
    held = {name for name, job in jobs(client).items()
            if HELD in job["metadata"].get("annotations", {})}
    nowhere = {f"nowhere-{i}" for i in range(20)}
    assert held == deleted | nowhere, held ^ (deleted | nowhere)
    assert all(jobs(client)[name]["spec"]["suspend"] for name in held)
    return held


def observe(gateway, simulated):
    gateway.join(simulated.kubeconfigs, "site")
    members = Members(simulated)
    client = gateway.client()
    for wish in wishes():
        client.post(JOBS, wish)
    wait("the quick Jobs", lambda: gateway.check() or ended(client, "quick"))
    for name in simulated.kubeconfigs:
        simulated.fault(name, freeze=True)  # no long Job ends before it is backed up
    directory = back_up_under_load(gateway, client)
    for name in simulated.kubeconfigs:
        simulated.fault(name)
    old_version = client.get(JOBS)["metadata"]["resourceVersion"]

    # After the backup: long Jobs finish, new ones come and finish, some that had not are gone.
    for i in range(10):
        client.post(JOBS, manifest(f"late-{i}"))
    deleted = {"long-0", "long-1", "long-2"}
    wait("the long Jobs", lambda: gateway.check() or ended(client, "long"), 60)
    wait("the late Jobs", lambda: ended(client, "late") and ended(client, "load"))
    for name in deleted:
        client.delete(f"{JOBS}/{name}")
    wait("them to be gone", lambda: not deleted & jobs(client).keys())
    assert "unbroken" in gateway.fairway("history", "verify")
    shown = json.loads(gateway.fairway("history", "job", "late-0", "-o", "json"))["items"]
    assert [item["to"] for item in shown][::-1][0] in ("Placing", "Queued"), shown
    assert shown[0]["to"] == "Done" and shown[0]["cause"] == "RunObserved", shown
    before = jobs(client)
    client.close()
    gateway.kill()

    check_damage(gateway, directory)
    refused = offline(gateway, "restore", "--from", directory, "--data", gateway.data, code=1)
    assert "newer store" in refused, refused
    offline(gateway, "restore", "--from", directory, "--data", gateway.data, "--force")
    gateway.start()
    client = gateway.client()
    held = check_restored(gateway, client, before, deleted)
    status, answer = client.call("GET", f"{JOBS}?watch=1&resourceVersion={old_version}")
    assert status == 410 or "Expired" in str(answer), (status, answer)
    made = client.post(JOBS, manifest("after-restore"))
    assert int(made["metadata"]["resourceVersion"]) > int(old_version)
    wait("a new Job", lambda: ended(client, "after-restore"))
    assert "unbroken" in gateway.fairway("history", "verify")
    offline(gateway, "restore", "release", "long-0")
    wait("a released Job", lambda: result(jobs(client)["long-0"]), 60)
    used = make_queue(client, Door(gateway))
    queued = manifest("queued-0", run_ms=600_000)
    queued["metadata"]["labels"]["kueue.x-k8s.io/queue-name"] = "kept"
    client.post(JOBS, queued)
    wait("a Job with quota", lambda: used() == ["10m"])
    uids = {name: job["metadata"]["uid"] for name, job in jobs(client).items()}
    placements = {item["metadata"]["name"]: item["status"]
                  for item in client.get(PLACEMENTS)["items"]}
    before = jobs(client)
    client.close()
    gateway.kill()

    # The store is gone.
    shutil.rmtree(gateway.data / "store")
    named = [f"--kubeconfig={name}={path}" for name, path in simulated.kubeconfigs.items()]
    told = offline(gateway, "restore", "--from-members", "--data", gateway.data, *named)
    assert "a store for gateway g-" in told, told
    gateway.start()
    client = gateway.client()
    placed = {name for name, status in placements.items() if status.get("epoch")
              and name not in held - {"long-0"} and not name.startswith(("suspended", "nowhere", "queued"))}
    wait("every placed Job with its result", lambda: gateway.check() or all(
        name in now and result(now[name]) == result(before[name])
        for now in [jobs(client)] for name in placed))
    now = {item["metadata"]["name"]: item["status"] for item in client.get(PLACEMENTS)["items"]}
    rebuilt = jobs(client)
    for name in placed:
        assert rebuilt[name]["metadata"]["uid"] == uids[name], name
        for part in ("creationTimestamp", "labels"):
            assert rebuilt[name]["metadata"][part] == before[name]["metadata"][part], (name, part)
        assert rebuilt[name]["spec"] == before[name]["spec"], (rebuilt[name], before[name])
        for part in ("cluster", "epoch", "state"):
            assert now[name].get(part) == placements[name].get(part), (name, part, now[name])
    # Queues are not on the members. What runs is charged when its queue is made again, and not moved.
    used = make_queue(client, Door(gateway))
    wait("the Job with quota to be charged again", lambda: used() == ["10m"])
    kept = client.get(f"{PLACEMENTS}/queued-0")["status"]
    assert all(kept.get(part) == placements["queued-0"].get(part) for part in ("cluster", "epoch")), kept
    made = client.post(JOBS, manifest("after-rebuild"))
    wait("a new Job", lambda: ended(client, "after-rebuild"))
    client.close()
    pods = pods_by_job(members)
    names = {uid: name for name, uid in uids.items()}
    runs = {name: len(pods.get(uid, ())) for uid, name in names.items()}
    twice = {name: count for name, count in runs.items()
             if count > 1 and name != "long-0"}
    assert not twice, f"ran more than once: {twice}"
    assert runs["long-0"] == 2, "it was released on purpose"
    never = {name for name in placed if runs[name] == 0}
    assert not never, f"never ran: {sorted(never)}"
    print(f"{len(before)} Jobs, {len(placed)} of them placed, {len(held)} held, none ran twice")


def main():
    with Simulated(sys.argv[1], 3, 100) as simulated, Gateway(sys.argv[1]) as gateway:
        observe(gateway, simulated)
        gateway.stop()


if __name__ == "__main__":
    main()
