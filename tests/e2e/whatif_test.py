#!/usr/bin/env python3
"""whatif_test.py FAIRWAY: what-if questions at a gateway over simulated clusters. What is foretold for the
removal of a cluster, a cordon and more quota comes true when it is really done; nothing changes by asking; bad
questions get clear answers; a recorded trace replays to the same bytes, with no gateway there."""
import json
import sys
import threading

sys.dont_write_bytecode = True
from kit import Gateway, condition, wait

WHATIF = "/fairway/v1/whatif"
CLUSTERS = "/apis/fairway.flext.sh/v1alpha1/clusters"
PLACEMENTS = "/apis/fairway.flext.sh/v1alpha1/namespaces/default/placements"
JOBS = "/apis/batch/v1/namespaces/default/jobs"
RUN = "simulated.fairway.flext.sh/run-ms"
SIMULATED = ("sim-1", "sim-2", "sim-3")
EXPECTED = "fairway.flext.sh/expected-run-time"


def job(name, cpu, run_ms=600000, expected="10m", labels=None):
    container = {"name": "main", "image": "busybox", "resources": {"requests": {"cpu": cpu}}}
    return {"apiVersion": "batch/v1", "kind": "Job",
            "metadata": {"name": name, "namespace": "default", "labels": labels or {},
                         "annotations": {EXPECTED: expected}},
            "spec": {"template": {"metadata": {"annotations": {RUN: str(run_ms)}},
                                  "spec": {"restartPolicy": "Never", "containers": [container]}}}}


class Asker:
    def __init__(self, gateway):
        self.gateway, self.client = gateway, gateway.client()

    def make(self, *documents, path=JOBS):
        for document in documents:
            status, body = self.client.call("POST", path, document)
            assert status == 201, body

    def placements(self):
        """Job -> cluster, "" while it waits."""
        return {p["metadata"]["name"]: p.get("status", {}).get("cluster", "")
                for p in self.client.get(PLACEMENTS)["items"]}

    def running(self, *names):
        wait("the jobs to run", lambda: all(
            self.client.get(f"{JOBS}/{name}").get("status", {}).get("active") for name in names))

    def ask(self, *flags):
        return json.loads(self.gateway.fairway("whatif", *flags, "-o", "json"))

    def refused(self, text, *flags):
        done = self.gateway.try_fairway("whatif", *flags)
        assert done.returncode == 1 and text in done.stderr, f"{flags}: {done.stdout}{done.stderr}"


def rows(answer):
    return {row["name"]: row for row in answer["jobs"]}


def nodes_seen(asker):
    """A pod that runs shows on its node a moment later: until then the node looks empty to everybody. Nine
    places, eight taken: one more such Job fits, a second one waits."""
    def one_fits():
        fates = rows(asker.ask("-f", file))
        return fates["x-1"]["after"]["waitMs"] < 1000 < fates["x-2"]["after"]["waitMs"]
    file = asker.gateway.folder / "two.yaml"
    file.write_text("\n---\n".join(json.dumps(job(name, "6")) for name in ("x-1", "x-2")))
    wait("the nodes to be observed", one_fits)


def asking_changes_nothing(asker):
    before = asker.placements()
    answer = asker.ask()
    assert answer["jobs"] == [], answer["jobs"]
    assert answer["before"] == answer["after"]
    assert asker.placements() == before


def removal_comes_true(asker, victim):
    """As many move and wait as foretold, and to the clusters that were foretold."""
    answer = asker.ask("--remove-cluster", victim)
    moved = {name: row for name, row in rows(answer).items() if row["change"] == "Moves"}
    on_victim = {name for name, cluster in asker.placements().items() if cluster == victim}
    assert set(moved) == on_victim and moved, answer["jobs"]
    at_once = {name: row["after"]["cluster"] for name, row in moved.items()
               if row["after"]["waitMs"] < 1000}
    waiting = set(moved) - set(at_once)
    assert waiting and at_once, answer["jobs"]
    for name in waiting:
        after = moved[name]["after"]
        assert after["outcome"] == "Waiting" and "cpu" in after["reason"], after
        assert 500_000 < after["waitMs"] < 600_000, after  # until the first 10 minutes are over
    assert not any(place["name"] == victim and "after" in place for place in answer["clusters"])
    table = asker.gateway.fairway("whatif", "--remove-cluster", victim)
    assert f"runs on {victim}" in table and "moves" in table and "Waiting" in table, table

    asker.client.call("DELETE", f"{CLUSTERS}/{victim}")
    try:
        wait("the jobs to leave", lambda: all(
            asker.placements()[name] == at_once.get(name, "") for name in on_victim))
    except AssertionError:
        print(f"foretold: {at_once}, waiting: {sorted(waiting)}, came: {asker.placements()}",
              file=sys.stderr)
        raise


def cordon_and_new_jobs(asker, folder, left):
    """A new Job would wait where the only room is cordoned; really so, and with a new cluster not."""
    file = folder / "new.yaml"
    file.write_text(json.dumps(job("newcomer", "500m")))
    free = asker.ask("-f", file)
    home = rows(free)["newcomer"]["after"]["cluster"]
    cordons = [f for name in left for f in ("--cordon", name)]
    held = asker.ask("-f", file, *cordons)
    assert rows(held)["newcomer"]["after"]["waiting"], held["jobs"]
    more = asker.ask("-f", file, *cordons, "--add-cluster", "extra=cpu=8,memory=32Gi,nodes=2,label.region=moon")
    assert rows(more)["newcomer"]["after"]["cluster"] == "extra", more["jobs"]
    like = asker.ask("--add-cluster", f"twin=like:{left[0]}")
    assert any(row["change"] == "Earlier" and row["after"]["cluster"] == "twin"
               for row in like["jobs"]), like["jobs"]
    asker.make(job("newcomer", "500m"))
    wait("the new job to be placed", lambda: asker.placements().get("newcomer"))
    assert asker.placements()["newcomer"] == home


def quotas(asker):
    kueue = "/apis/kueue.x-k8s.io/v1beta2"

    def document(kind, name, spec, **more):
        return {"apiVersion": "kueue.x-k8s.io/v1beta2", "kind": kind,
                "metadata": {"name": name, **more}, "spec": spec}
    asker.make(document("ResourceFlavor", "plain", {}), path=f"{kueue}/resourceflavors")
    group = {"coveredResources": ["cpu"], "flavors": [
        {"name": "plain", "resources": [{"name": "cpu", "nominalQuota": "200m"}]}]}
    asker.make(document("ClusterQueue", "team", {"namespaceSelector": {}, "resourceGroups": [group]}),
               path=f"{kueue}/clusterqueues")
    asker.make(document("LocalQueue", "team", {"clusterQueue": "team"}, namespace="default"),
               path=f"{kueue}/namespaces/default/localqueues")
    label = {"kueue.x-k8s.io/queue-name": "team"}
    asker.make(job("q-1", "200m", labels=label))
    asker.running("q-1")
    asker.make(job("q-2", "200m", labels=label))
    now = rows(asker.ask())["q-2"]
    assert now["change"] == "" and now["after"]["outcome"] == "QuotaExceeded", now
    assert now["after"]["waitMs"] > 500_000, now
    then = asker.ask("--set-quota", "team/plain/cpu=1")
    assert rows(then)["q-2"]["change"] == "Earlier", then["jobs"]
    (place,) = [each for each in then["clusterQueues"] if each["name"] == "team"]
    assert place["before"][0]["of"] == "200m" and place["after"][0] == {
        "resource": "cpu", "flavor": "plain", "peak": "400m", "of": "1"}, place
    group["flavors"][0]["resources"][0]["nominalQuota"] = "1"
    asker.client.merge(f"{kueue}/clusterqueues/team", {"spec": {"resourceGroups": [group]}})
    wait("the quota to admit it", lambda: asker.placements().get("q-2"))
    assert asker.placements()["q-2"] == rows(then)["q-2"]["after"]["cluster"]


def bad_questions(asker, folder, left):
    asker.refused("known clusters: " + ", ".join(left), "--remove-cluster", "nope")
    asker.refused("known ClusterQueues: team", "--set-quota", "nope/plain/cpu=1")
    asker.refused("plain/cpu", "--set-quota", "team/other/cpu=1")
    asker.refused("must be a quantity", "--set-quota", "team/plain/cpu=many")
    asker.refused("QUEUE/FLAVOR/RESOURCE", "--set-quota", "team=1")
    asker.refused("horizon must be a span", "--horizon", "soon")
    asker.refused("unknown flag", "--nope", "x")
    asker.refused("Duplicate", "--add-cluster", f"{left[0]}=cpu=1")
    asker.refused("cannot be read", "-f", folder / "missing.yaml")
    bad = job("bad", "1")
    bad["spec"]["template"]["spec"]["restartPolicy"] = "Always"
    (folder / "bad.yaml").write_text(json.dumps(bad))
    asker.refused("restartPolicy", "-f", folder / "bad.yaml")
    (folder / "pod.yaml").write_text(json.dumps({"apiVersion": "v1", "kind": "Pod",
                                                 "metadata": {"name": "p"}}))
    asker.refused("only Jobs", "-f", folder / "pod.yaml")
    status, body = asker.client.call("POST", WHATIF, {"what": 1})
    assert status == 400 and "unknown field what" in body["message"], body
    status, body = asker.client.call("GET", WHATIF)
    assert status == 405, body
    status, body = asker.client.call("POST", JOBS, job("odd", "1", expected="soon"))
    assert status == 422 and EXPECTED in body["message"], body


def only_administrators(asker):
    status, body = asker.client.call("POST", WHATIF, {}, {"Impersonate-User": "somebody"})
    assert status == 403 and body["reason"] == "Forbidden", body


def one_at_a_time(gateway):
    """Asked from many sides, each gets an answer or is told to come again; the gateway serves on."""
    statuses = []

    def ask():
        client = gateway.client()
        statuses.append(client.call("POST", WHATIF, {})[0])
        client.close()
    threads = [threading.Thread(target=ask) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(statuses) <= {200, 429} and 200 in statuses, statuses


def record(asker, folder):
    trace = folder / "trace.jsonl"
    asker.gateway.fairway("whatif", "--record", trace)
    lines = [json.loads(line) for line in trace.read_text().splitlines()]
    assert lines[0]["trace"] == 1
    names = {line["object"]["metadata"]["name"] for line in lines[1:]
             if line["object"]["kind"] == "Job"}
    assert names == set(asker.placements()), names
    assert "server" not in trace.read_text()  # nothing of how clusters are reached
    return trace


def replay(gateway, trace, left):
    """The gateway is gone by now."""
    flags = ("whatif", "--trace", trace, "--remove-cluster", left[1], "-o", "json")
    first = gateway.fairway(*flags)
    assert first == gateway.fairway(*flags)
    answer = json.loads(first)
    assert answer["after"]["end"] == "Settled" and answer["after"]["stillWaiting"] == 0, answer
    assert answer["after"]["totalWaitMs"] > answer["before"]["totalWaitMs"], answer
    (gateway.folder / "broken.jsonl").write_text(trace.read_text() + '{"object": {"kind": "Job"}}\n')
    done = gateway.try_fairway("whatif", "--trace", gateway.folder / "broken.jsonl")
    assert done.returncode == 1 and "line " in done.stderr, done.stderr


def main():
    with Gateway(sys.argv[1], "--simulate", 3) as gateway:
        asker = Asker(gateway)
        for name in SIMULATED:
            wait(f"{name} to be Ready", lambda: condition(
                asker.client.get(f"{CLUSTERS}/{name}"), "Ready") == "True")
        # Three nodes of 8 cpu each: one such job per node, and one node is left free.
        names = [f"big-{i}" for i in range(1, 9)]
        # Sized so that sums say what nodes say: for a moment after a start the picture of nodes lags behind.
        asker.make(*(job(name, "7500m") for name in names))
        asker.running(*names)
        asking_changes_nothing(asker)
        nodes_seen(asker)
        homes = list(asker.placements().values())
        victim = next(name for name in SIMULATED if homes.count(name) == 3)
        left = [name for name in SIMULATED if name != victim]
        removal_comes_true(asker, victim)
        cordon_and_new_jobs(asker, gateway.folder, left)
        quotas(asker)
        bad_questions(asker, gateway.folder, left)
        only_administrators(asker)
        one_at_a_time(gateway)
        trace = record(asker, gateway.folder)
        asker.client.close()
        gateway.stop()
        replay(gateway, trace, left)
    print("what-if: foretold and come true")


if __name__ == "__main__":
    main()
