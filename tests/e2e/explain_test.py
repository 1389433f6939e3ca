#!/usr/bin/env python3
"""explain_test.py FAIRWAY: puzzles, each a Job that waits for a reason of its own. `fairway explain job` has to
name the cause and a change; the test then makes that very change, as it reads it in the answer, and nothing
else, and the Job has to be admitted. What a puzzle is about never reaches the code that makes the change."""
import json
import re
import sys
import time

sys.dont_write_bytecode = True
from kit import Gateway, wait
from queues_test import KUEUE, Door, job, kueue, queue, quota

FAIRWAY = "/apis/fairway.flext.sh/v1alpha1"
PREFIX = "fairway.flext.sh/"
REST_SECONDS = 2  # a change that is told for so long is no passing one
SITES = {"sim-1": "one", "sim-2": "two"}


class Bench:
    """The gateway with what one puzzle has made in it."""

    def __init__(self, gateway, namespace):
        self.gateway, self.namespace = gateway, namespace
        self.door = Door(gateway)
        self.client = self.door.client
        self.made = []
        self.door.make({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}})

    def make(self, *documents):
        self.door.make(*documents)
        self.made += documents

    def queue(self, name, nominal, **more):
        self.make(*queue(name, nominal, self.namespace, **more))

    def job(self, name, queue_name, cpu, **more):
        """`pod` goes into the pod template's spec, `policy` beside the other annotations."""
        pod, policy = more.pop("pod", {}), more.pop("policy", {})
        document = job(name, queue_name, cpu, namespace=self.namespace, **more)
        document["spec"]["suspend"] = False
        document["spec"]["template"]["spec"].update(pod)
        document["metadata"]["annotations"].update({PREFIX + k: v for k, v in policy.items()})
        self.make(document)

    def delete(self, path):
        """With what belongs to it: the default for Jobs leaves their pods alone."""
        self.client.call("DELETE", path, {"propagationPolicy": "Background"})

    def policy(self, labels, **spec):
        self.make({"apiVersion": "fairway.flext.sh/v1alpha1", "kind": "PlacementPolicy",
                   "metadata": {"name": "puzzle", "namespace": self.namespace},
                   "spec": {"workloadSelector": {"matchLabels": labels}, **spec}})

    def path(self, name):
        return f"/apis/batch/v1/namespaces/{self.namespace}/jobs/{name}"

    def explain(self, name):
        return json.loads(self.gateway.fairway("explain", "job", name, "-n", self.namespace, "-o", "json"))

    def explanation(self, name):
        """With a change, as it stands once the world is at rest: pods that have just come or gone are in
        reports that are still on their way."""
        said = []  # since when it has said so, and what

        def rests():
            answer = self.explain(name)
            if not said or change_of(answer) != said[1]:
                said[:] = time.monotonic(), change_of(answer)
            return said[1] and time.monotonic() - said[0] > REST_SECONDS and answer
        return wait("an explanation with a change that stands", rests, limit=30)

    def admitted(self, name):
        return self.status(name).get("state") in ("Dispatched", "Running", "Done")

    def status(self, name):
        path = f"{FAIRWAY}/namespaces/{self.namespace}/placements/{name}"
        return self.client.get(path).get("status", {})

    def place(self, name):
        return self.status(name).get("cluster")

    def runs(self, *names):
        for name in names:
            wait(f"{name} to run", lambda: self.status(name).get("state") == "Running")

    def cluster(self, name, spec):
        self.door.patch(f"{FAIRWAY}/clusters/{name}", {"spec": spec})

    def clean(self):
        for document in reversed(self.made):
            self.delete(Door.path(document) + "/" + document["metadata"]["name"])
        for document in self.made:
            path = Door.path(document) + "/" + document["metadata"]["name"]
            wait(f"{path} to be gone", lambda: self.client.call("GET", path)[0] == 404)
        self.client.close()


# ---- making a change that was read --------------------------------------------------------------

def milli(text):
    return int(text[:-1]) if text.endswith("m") else int(text) * 1000


def raise_quota(bench, name, flavor, resource, field, by):
    path = f"{KUEUE}/clusterqueues/{name}"
    groups = bench.client.get(path)["spec"]["resourceGroups"]
    for group in groups:
        for each in group["flavors"]:
            for entry in each["resources"]:
                if each["name"] == flavor and entry["name"] == resource:
                    entry[field] = f"{milli(str(entry.get(field, 0))) + milli(by)}m"
    bench.door.patch(path, {"spec": {"resourceGroups": groups}})


def lend(bench, name, by, resource):
    """Of the one flavor of that queue that has a lending limit."""
    path = f"{KUEUE}/clusterqueues/{name}"
    limited = [f["name"] for g in bench.client.get(path)["spec"]["resourceGroups"] for f in g["flavors"]
               if any("lendingLimit" in r for r in f["resources"])]
    assert len(limited) == 1, limited
    raise_quota(bench, name, limited[0], resource, "lendingLimit", by)


def unstop(bench, kind, name):
    if kind == "LocalQueue":
        namespace, name = name.split("/")
        return bench.door.patch(f"{KUEUE}/namespaces/{namespace}/localqueues/{name}",
                                {"spec": {"stopPolicy": "None"}})
    bench.door.patch(f"{KUEUE}/clusterqueues/{name}", {"spec": {"stopPolicy": "None"}})


def policy_of(bench):
    return f"{FAIRWAY}/namespaces/{bench.namespace}/placementpolicies/puzzle"


def tolerate(bench, taint, _):
    """Which clusters a Job bears is its policy's matter."""
    key, value, effect = re.fullmatch(r"([^=:]+)(?:=([^:]*))?:(\w+)", taint).groups()
    match = {"operator": "Equal", "value": value} if value else {"operator": "Exists"}
    bench.door.patch(policy_of(bench), {"spec": {"tolerations": [{"key": key, "effect": effect, **match}]}})


def allow(bench, cluster):
    """The affinity of the Job is its annotation here: the cluster's label is allowed as well."""
    bench.door.patch(bench.path("puzzle"), {"metadata": {"annotations": {
        PREFIX + "cluster-selector": f"site={SITES[cluster]}"}}})


def let_go(bench, selector, place):
    key, value = selector.split("=")
    for each in bench.client.get(f"/apis/batch/v1/namespaces/{bench.namespace}/jobs")["items"]:
        if each["metadata"].get("labels", {}).get(key) == value and each["metadata"]["name"] != "puzzle":
            bench.delete(bench.path(each["metadata"]["name"]))


def parallelism(bench, number):
    bench.door.patch(bench.path("puzzle"), {"spec": {"parallelism": int(number)}})


def skew(bench, number):
    spread = bench.client.get(policy_of(bench))["spec"]["spread"]
    spread[0]["maxSkew"] = int(number)
    bench.door.patch(policy_of(bench), {"spec": {"spread": spread}})


def label_flavor(bench, flavor, key, value):
    bench.door.patch(f"{KUEUE}/resourceflavors/{flavor}", {"spec": {"nodeLabels": {key: value}}})


def free(bench, amount, resource, _, cluster):
    """The freest running Job there goes, of those that hold so much."""
    for each in bench.client.get(f"{FAIRWAY}/namespaces/{bench.namespace}/placements")["items"]:
        name = each["metadata"]["name"]
        if each["status"].get("cluster") != cluster or name == "puzzle":
            continue
        return bench.delete(bench.path(name))
    raise AssertionError(f"nothing runs on {cluster}")


def best_effort(bench, name):
    bench.door.patch(f"{KUEUE}/clusterqueues/{name}", {"spec": {"queueingStrategy": "BestEffortFIFO"}})


def withdraw(bench, name):
    bench.delete(bench.path(name.split("/")[-1]))


CHANGES = [
    (r"nominalQuota of ClusterQueue ([^\s,]+) for ([^\s,]+) in flavor ([^\s,]+) rises by ([^\s,]+)",
     lambda b, q, r, f, n: raise_quota(b, q, f, r, "nominalQuota", n)),
    (r"the borrowingLimit of ClusterQueue ([^\s,]+) for ([^\s,]+) in flavor ([^\s,]+) rises by ([^\s,]+)",
     lambda b, q, r, f, n: raise_quota(b, q, f, r, "borrowingLimit", n)),
    (r"queue ([^\s,]+) lends ([^\s,]+) ([^\s,]+) more", lambda b, q, n, r: lend(b, q, n, r)),
    (r"(ClusterQueue|LocalQueue) ([^\s,]+) has stopPolicy None", unstop),
    (r"cluster ([^\s,]+) is uncordoned", lambda b, c: b.gateway.fairway("cluster", "uncordon", c)),
    (r"the job tolerates ([^\s,]+) of cluster ([^\s,]+)", tolerate),
    (r"the cluster affinity allows cluster ([^\s,]+)", allow),
    (r"parallelism were (\d+)", parallelism),
    (r"maxSkew were (\d+)", skew),
    (r"once jobs with ([^\s,]+) have left (?:cluster )?([^\s,]+)", let_go),
    (r"flavor ([^\s,]+) had the node label ([^\s,]+)=([^\s,]+)", label_flavor),
    (r"([^\s,]+) (?:more )?([^\s,]+) (were|come) free on (?:a node of )?cluster ([^\s,]+)", free),
    (r"job ([^\s,]+), which is before it, is deleted", withdraw),
    (r"or ClusterQueue ([^\s,]+) were BestEffortFIFO", best_effort),
    (r"jobs of guarded queues end", lambda b: b.delete(b.path("big-0"))),
]


def change_of(answer):
    status = answer["status"]
    return status.get("quota", {}).get("nearestChange") or status.get("nearestChange", "")


def make_change(bench, text):
    for pattern, act in CHANGES:
        found = re.search(pattern, text)
        if found:
            return act(bench, *found.groups())
    raise AssertionError(f"no change that could be made: {text!r}")


# ---- the puzzles: what is prepared, and what the answer has to say about the cause ---------------

def queue_is_full(b):
    b.queue("full", 2)
    b.job("other", "full", "2")
    b.runs("other")
    b.job("puzzle", "full", "1")
    return "QuotaExceeded", r"insufficient unused quota for cpu in flavor plain, 1 more needed"


def asks_for_more_than_there_is(b):
    b.queue("tiny", 2)
    b.job("puzzle", "tiny", "3")
    return "Infeasible", r"> maximum capacity \(2\)"


def borrowing_limit(b):
    b.queue("lender", 6, cohort="limits")
    b.queue("borrower", 2, cohort="limits", limits={"borrowingLimit": 1})
    b.job("other", "borrower", "3")
    b.runs("other")
    b.job("puzzle", "borrower", "2")
    return "QuotaExceeded", r"2 more needed"


def lending_limit(b):
    b.queue("keeper", 4, cohort="lends", limits={"lendingLimit": 1})
    b.queue("asker", 2, cohort="lends")
    b.job("other", "asker", "2")
    b.runs("other")
    b.job("puzzle", "asker", "3")
    return "Infeasible|QuotaExceeded", r"insufficient (unused )?quota for cpu in flavor plain"


def stopped_queue(b):
    b.queue("stopped", 4, stopPolicy="Hold")
    b.job("puzzle", "stopped", "1")
    return "PolicyHeld", r"ClusterQueue stopped is inactive: .*is stopped"


def stopped_local_queue(b):
    b.make(kueue("ClusterQueue", "front", {"namespaceSelector": {}, "resourceGroups": quota(4)}),
           kueue("LocalQueue", "front", {"clusterQueue": "front", "stopPolicy": "Hold"},
                 namespace=b.namespace))
    b.job("puzzle", "front", "1")
    return "PolicyHeld", r"LocalQueue \S+/front is stopped"


def no_flavor_matches(b):
    """A flavor is bound to the clusters that have its labels, and a pod to nodes that have them."""
    host = "kubernetes.io/hostname"
    b.client.merge(f"{FAIRWAY}/clusters/sim-1", {"metadata": {"labels": {host: "node-1"}}})
    b.make(kueue("ResourceFlavor", "labelled", {"nodeLabels": {host: "node-9"}}))
    b.queue("flavored", 4, flavors=("labelled",))
    b.job("puzzle", "flavored", "1", pod={"nodeSelector": {host: "node-1"}})
    return "Infeasible", r"flavor labelled doesn't match node affinity"


def no_cluster_matches(b):
    b.job("puzzle", "", "1", policy={"cluster-selector": "site=three"})
    return "Infeasible", r"Affinity"


def taint(b):
    for cluster in SITES:
        b.cluster(cluster, {"taints": [{"key": "down", "value": "soon", "effect": "NoSchedule"}]})
    b.policy({"app": "sturdy"}, tolerations=[])
    b.job("puzzle", "", "1", labels={"app": "sturdy"})
    return "Infeasible|Waiting", r"down=soon:NoSchedule"


def cordon(b):
    for cluster in SITES:
        b.gateway.fairway("cluster", "cordon", cluster)
    b.queue("open", 4)
    b.job("puzzle", "open", "1")
    return "Waiting", r"."


def nodes_are_too_small(b):
    """24 cpu on three nodes of 8: the sum is enough for four pods of 5, the nodes hold three."""
    b.job("puzzle", "", "5", parallelism=4)
    return "Infeasible", r"3 of 4 pods fit"


def gang_is_too_large(b):
    b.job("puzzle", "", "4", parallelism=8)
    return "Infeasible", r"needs 32 cpu, 24 is"


def anti_affinity(b):
    b.policy({"app": "quiet"}, jobAntiAffinity={"required": [
        {"jobSelector": {"matchLabels": {"app": "noisy"}}, "topologyKey": "cluster"}]})
    for i, site in enumerate(SITES.values()):
        b.job(f"noisy-{i}", "", "1", labels={"app": "noisy"}, policy={"cluster-selector": f"site={site}"})
    b.runs("noisy-0", "noisy-1")
    b.job("puzzle", "", "1", labels={"app": "quiet"})
    return "Waiting", r"app=noisy"


def spread(b):
    """Evenly over the clusters, and all are to be at one site."""
    b.policy({"app": "even"}, spread=[{"topologyKey": "cluster", "maxSkew": 1,
                                       "whenUnsatisfiable": "DoNotSchedule",
                                       "jobSelector": {"matchLabels": {"app": "even"}}}])
    for name in ("first", "second"):
        b.job(name, "", "1", labels={"app": "even"})
    b.runs("first", "second")
    b.job("third", "", "1", labels={"app": "even"})
    b.runs("third")
    for cluster in SITES:
        if b.place("third") != cluster:
            b.gateway.fairway("cluster", "cordon", cluster)
    b.job("puzzle", "", "1", labels={"app": "even"})
    return "Waiting", r"maxSkew is 1"


def cluster_is_full(b):
    for i, site in enumerate(SITES.values()):
        b.job(f"big-{i}", "", "7", parallelism=3, policy={"cluster-selector": f"site={site}"})
    b.runs("big-0", "big-1")
    for cluster in SITES:
        wait(f"the pods of {cluster} to be seen", lambda: b.client.get(
            f"{FAIRWAY}/clusters/{cluster}")["status"].get("requested", {}).get("cpu") == "21")
    b.job("puzzle", "", "2")
    return "Waiting", r"a pod needs 2 cpu, 1 is free on the roomiest node"


def place_in_the_queue(b):
    """Strict order: the head is too large for what is free, and nobody passes it."""
    b.queue("strict", 4, queueingStrategy="StrictFIFO")
    b.job("other", "strict", "2")
    b.runs("other")
    b.job("head", "strict", "3")
    b.job("puzzle", "strict", "1")
    return "Waiting|QuotaExceeded", r"head"


def n_minus_one(b):
    """One of two clusters of 24 cpu may be lost: a guarded queue gets 24 of the 48."""
    guarded = queue("guarded", 100, b.namespace)
    guarded[0]["metadata"]["annotations"] = {PREFIX + "n-minus-one": "true"}
    b.make(*guarded)
    for i in range(2):
        b.job(f"big-{i}", "guarded", "4", parallelism=3)
    b.runs("big-0", "big-1")
    b.job("puzzle", "guarded", "4")
    return "Waiting", r"n-minus-one"


PUZZLES = [queue_is_full, asks_for_more_than_there_is, borrowing_limit, lending_limit, stopped_queue,
           stopped_local_queue, no_flavor_matches, no_cluster_matches, taint, cordon, nodes_are_too_small,
           gang_is_too_large, anti_affinity, spread, cluster_is_full, place_in_the_queue, n_minus_one]


def solve(gateway, puzzle):
    b = Bench(gateway, puzzle.__name__.replace("_", "-"))
    try:
        outcome, cause = puzzle(b)
        answer = b.explanation("puzzle")
        status = answer["status"]
        told = json.dumps([status.get("message"), status.get("verdicts"), status.get("quota")])
        change = change_of(answer)
        print(f"  {puzzle.__name__}: {status['outcome']}: {change}", flush=True)
        assert re.fullmatch(outcome, status["outcome"]), f"{status['outcome']}: {told}"
        assert re.search(cause, told), f"{cause!r} is not in {told}"
        assert not b.admitted("puzzle")
        make_change(b, change)
        wait(f"the Job to be admitted after: {change}", lambda: b.admitted("puzzle"), limit=30)
    finally:
        for cluster in SITES:
            b.gateway.fairway("cluster", "uncordon", cluster)
            b.cluster(cluster, {"taints": []})
        b.clean()


def main():
    failed = []
    wanted = sys.argv[2:]
    with Gateway(sys.argv[1], "--simulate", "2") as gateway:
        door = Door(gateway)
        for cluster, site in SITES.items():
            door.patch(f"{FAIRWAY}/clusters/{cluster}", {"metadata": {"labels": {"site": site}}})
        door.make(kueue("ResourceFlavor", "plain", {}))
        for puzzle in PUZZLES:
            if wanted and puzzle.__name__ not in wanted:
                continue
            try:
                solve(gateway, puzzle)
            except AssertionError as error:
                failed.append(puzzle.__name__)
                print(f"  {puzzle.__name__}: FAILED: {error}", flush=True)
    assert not failed, failed
    print(f"{len(wanted or PUZZLES)} puzzles: cause and change were true")


if __name__ == "__main__":
    main()
