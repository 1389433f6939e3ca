#!/usr/bin/env python3
"""crash_test.py FAIRWAY [SEED] | --self-test: Jobs are submitted over several connections while the gateway
is killed with SIGKILL at random moments and started again; the members live in another process. From outside:
every acknowledged Job exists and completes, runs exactly once over all members, and a watch that resumes
from its last revision sees every change once and in order (the rules are in history.py).
TEST_LONG=1: 2,000 Jobs and 30 kills."""
import random
import sys
import threading
import time

sys.dont_write_bytecode = True
import history
import rest
from history import FinalJob, GatewayEvent, History, MemberEvent
from kit import Gateway, Simulated, condition, long_run, wait

JOBS, KILLS = (2000, 30) if long_run() else (400, 6)
CONNECTIONS = 6
LIMIT_SECONDS = 400
PATH = "/apis/batch/v1/namespaces/default/jobs"
SELECTOR = "fairway.flext.sh/cluster-selector"
PREFIX = "fairway.flext.sh/"


def manifest(name, cluster):
    container = {"name": "main", "image": "busybox", "command": ["true"],
                 "resources": {"requests": {"cpu": "10m"}}}
    annotations = {SELECTOR: f"site={cluster}"} if cluster else {}
    return {"apiVersion": "batch/v1", "kind": "Job",
            "metadata": {"name": name, "annotations": annotations},
            "spec": {"template": {"spec": {"restartPolicy": "Never", "containers": [container]}}}}


class Submitter(threading.Thread):
    """One connection. Submits each of its Jobs until an answer says that it is there."""

    def __init__(self, kubeconfig, wishes):
        super().__init__(daemon=True)
        self.kubeconfig, self.wishes = kubeconfig, wishes
        self.acknowledged, self.settled, self.cuts, self.problems = {}, 0, 0, []
        self.start()

    def run(self):
        client = rest.Client(rest.Access(self.kubeconfig))
        for name, cluster in self.wishes.items():
            while not self._submit(client, name, cluster):
                time.sleep(rest.RETRY_SECONDS)
            self.settled += 1

    def _submit(self, client, name, cluster):
        try:
            status, body = client.call("POST", PATH, manifest(name, cluster))
        except rest.CUT:
            self.cuts += 1
            return False
        if status == 201:
            metadata = body["metadata"]
            self.acknowledged[name] = (metadata["uid"], int(metadata["resourceVersion"]))
        elif status not in (409, 429, 503):
            self.problems.append(f"{name}: {status} {body}")
            return True
        return status in (201, 409)


def gateway_digest(kind, item):
    metadata = item["metadata"]
    return GatewayEvent(kind, metadata["name"], metadata["uid"], int(metadata["resourceVersion"]))


def member_digest(what):
    def digest(kind, item):
        metadata = item["metadata"]
        labels = metadata.get("labels", {})
        owners = [owner["uid"] for owner in metadata.get("ownerReferences", [])]
        return MemberEvent(what, kind, metadata["name"], metadata["uid"],
                           labels.get(PREFIX + "uid"), labels.get(PREFIX + "epoch"),
                           owners[0] if owners else None)
    return digest


class Members:
    """Records all Jobs and Pods of every member from before the first Job."""
    PATHS = {"Job": "/apis/batch/v1/jobs", "Pod": "/api/v1/pods"}

    def __init__(self, simulated):
        self.simulated, self.recorders = simulated, {}
        for name, kubeconfig in simulated.kubeconfigs.items():
            client = simulated.client(name)
            for kind, path in self.PATHS.items():
                listed = client.get(path)
                assert not listed["items"], f"{name} is not empty"
                self.recorders[name, kind] = rest.Recorder(
                    kubeconfig, path, listed["metadata"]["resourceVersion"], member_digest(kind))
            client.close()

    def events(self):
        found = {name: [] for name in self.simulated.kubeconfigs}
        for (name, kind), recorder in self.recorders.items():
            client = self.simulated.client(name)
            wait(f"the events of {name}",
                 lambda: recorder.problems or recorder.has(client.get(self.PATHS[kind])["items"]))
            client.close()
            recorder.stop()
            assert not recorder.problems, recorder.problems
            found[name] += recorder.events
        return found


def kill_and_restart(gateway, chance):
    """Kills now, and sometimes once more while the gateway starts. How often it was killed."""
    gateway.kill()
    kills = 1
    gateway.spawn()
    if chance.random() < 0.3:
        time.sleep(chance.uniform(0, 0.3))  # the moment of the kill, not a wait for something
        gateway.kill()
        kills += 1
        gateway.spawn()
    wait("the gateway after a kill", lambda: gateway.check() or gateway.ready())
    return kills


def crash(gateway, chance, progress):
    """Kills at random points of the progress, which ends at 2 * JOBS: half of it is acknowledgements,
    half completions."""
    points = sorted(chance.sample(range(JOBS // 20, 2 * JOBS - JOBS // 20), KILLS))
    kills = 0
    for point in points:
        if kills >= KILLS:
            break
        wait(f"progress {point}", lambda: gateway.check() or progress() >= point, LIMIT_SECONDS)
        time.sleep(chance.uniform(0, 0.03))  # the moment of the kill, not a wait for something
        kills += kill_and_restart(gateway, chance)
    return kills


def all_jobs(client):
    return client.get("/apis/batch/v1/jobs")["items"]


def observe(gateway, simulated, chance):
    clusters = [None, None, *simulated.kubeconfigs]
    wishes = {f"job-{i}": chance.choice(clusters) for i in range(JOBS)}
    gateway.join(simulated.kubeconfigs, "site")
    members = Members(simulated)
    client = gateway.client()
    first = client.get("/apis/batch/v1/jobs")["metadata"]["resourceVersion"]
    client.close()
    watch = rest.Recorder(gateway.kubeconfig, "/apis/batch/v1/jobs", first,
                          lambda kind, item: (gateway_digest(kind, item), condition(item, "Complete")))
    names = list(wishes)
    submitters = [Submitter(gateway.kubeconfig, {n: wishes[n] for n in names[i::CONNECTIONS]})
                  for i in range(CONNECTIONS)]

    def progress():
        failed = watch.problems + [p for s in submitters for p in s.problems]
        assert not failed, failed
        complete = {event.name for event, done in list(watch.events) if done == "True"}
        return sum(s.settled for s in submitters) + len(complete)

    kills = crash(gateway, chance, progress)
    wait("every Job to complete", lambda: gateway.check() or progress() == 2 * JOBS, LIMIT_SECONDS)
    client = gateway.client()
    # Placements and conditions may still settle: quiet is when a list says the same as the watch.
    wait("the watch to see all", lambda: watch.problems or watch.has(all_jobs(client)))
    items = all_jobs(client)
    replay = rest.Recorder(gateway.kubeconfig, "/apis/batch/v1/jobs", first, gateway_digest)
    wait("the replay to see all", lambda: replay.problems or replay.has(items))
    for recorder in (watch, replay):
        recorder.stop()
        assert not recorder.problems, recorder.problems
    final = {item["metadata"]["name"]: FinalJob(
        item["metadata"]["uid"], int(item["metadata"]["resourceVersion"]),
        condition(item, "Complete") == "True", item["status"].get("succeeded")) for item in items}
    acknowledged = {name: ack for s in submitters for name, ack in s.acknowledged.items()}
    print(f"{JOBS} Jobs, {kills} kills, {len(acknowledged)} acknowledged by 201, "
          f"{sum(s.cuts for s in submitters)} requests cut, {watch.sessions} watch sessions, "
          f"{len(watch.events)} events")
    return History(wishes, acknowledged, final, [event for event, _ in watch.events],
                   replay.events, members.events())


def main():
    if sys.argv[1:] == ["--self-test"]:
        sys.exit("\n".join(history.self_test()) or 0)
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else random.SystemRandom().randrange(1 << 32)
    print(f"seed {seed}", flush=True)
    with Simulated(sys.argv[1], 3, 200) as simulated, Gateway(sys.argv[1]) as gateway:
        found = history.problems(observe(gateway, simulated, random.Random(seed)))
        gateway.stop()
    if found:
        sys.exit(f"seed {seed}: {len(found)} problems\n" + "\n".join(found[:40]))


if __name__ == "__main__":
    main()
