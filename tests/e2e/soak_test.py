#!/usr/bin/env python3
"""soak_test.py FAIRWAY [SEED] | --self-test: Jobs are submitted all the time, under all failover policies, while members
break at random (slow, failing, hanging, silent watches, frozen pods, dropped watches) and, in the first half,
the gateway is killed. Then everything heals, and every Job must be accounted for once: it was acknowledged, it
has one result that never changed, under `fenced` and `never` no two pods of it ran at the same time and one
succeeded, and nothing is left on any member. The gateway's memory over the second half is a part of the report,
and judged when that half is ten minutes or longer. SOAK_SECONDS says how long (40; an hour with TEST_LONG=1)."""
import calendar
import collections
import os
import random
import sys
import threading
import time

sys.dont_write_bytecode = True
import rest
from kit import Gateway, Simulated, condition, long_run, moving_job, wait

SECONDS = float(os.environ.get("SOAK_SECONDS", 3600 if long_run() else 40))
PER_SECOND = 8
PATH = "/apis/batch/v1/namespaces/default/jobs"
PREFIX = "fairway.flext.sh/"
POLICIES = ("fenced", "fenced", "fast", "never")
TTL_SECONDS = 20
SETTLE_SECONDS = 240
JUDGED_FROM_SECONDS = 600  # below, a slope is mostly noise
GROWTH_MAX = 0.10          # of the second half, by its linear fit
GROWTH_FREE_MB = 16
CONFIG = """
members: {probeIntervalMs: 300, probeTimeoutMs: 1000}
failover: {suspectAfterMs: 1000, unreachableAfterMs: 4000, leaseMs: 6000, clockSkewMaxMs: 500, guardMs: 1000,
           probationMs: 2000, probationMaxMs: 4000}
store: {watchHistorySeconds: 120}
"""
FAULTS = ({"latencyMs": 400}, {"errorPercent": 40}, {"errorPercent": 60, "errorCode": 429}, {"hang": True},
          {"halfOpen": True}, {"dropAfterMs": 300}, {"freeze": True})


def seconds(text):
    return calendar.timegm(time.strptime(text[:19], "%Y-%m-%dT%H:%M:%S"))


class Books:
    """What was seen from outside, kept small: soaks are long."""

    def __init__(self):
        self.results = {}                        # name -> (type, succeeded, completion time)
        self.changed = []                        # results that did not stay
        self.epochs = collections.Counter()      # name -> highest epoch seen on a member
        self.pods = {}                           # (member, pod uid) -> [job name, start, end, phase]

    def job(self, _, item):
        for kind in ("Complete", "Failed"):
            if condition(item, kind) == "True":
                status = item["status"]
                result = (kind, status.get("succeeded", 0), status.get("completionTime"))
                name = item["metadata"]["name"]
                if self.results.setdefault(name, result) != result:
                    self.changed.append(f"{name}: {self.results[name]} became {result}")

    def copy(self, _, item):
        labels = item["metadata"].get("labels", {})
        name = item["metadata"]["name"]
        self.epochs[name] = max(self.epochs[name], int(labels.get(PREFIX + "epoch", 0)))

    def pod(self, member):
        def digest(kind, item):
            metadata, status = item["metadata"], item.get("status", {})
            owners = metadata.get("ownerReferences", [])
            if not owners:
                return
            entry = self.pods.setdefault((member, metadata["uid"]), [owners[0]["name"], None, None, ""])
            if "startTime" in status:
                entry[1] = seconds(status["startTime"])
            for container in status.get("containerStatuses", []):
                ended = container.get("state", {}).get("terminated")
                if ended:
                    entry[2] = seconds(ended["finishedAt"])
            if status.get("phase") in ("Succeeded", "Failed"):
                entry[3] = status["phase"]
            if kind == "DELETED" and entry[2] is None:
                # By the member's record: events may come late when its watches hang.
                told = metadata.get("deletionTimestamp")
                entry[2] = seconds(told) if told else int(time.time())
        return digest


class Submitter(threading.Thread):
    """Submits at its rate, each Job until an answer says that it is there."""

    def __init__(self, gateway, chance):
        super().__init__(daemon=True)
        self.gateway, self.chance = gateway, chance
        self.policies, self.problems, self.cuts, self.over = {}, [], 0, False
        self.start()

    def run(self):
        client, due = self.gateway.client(), time.monotonic()
        while not self.over and not self.problems:
            name, policy = f"soak-{len(self.policies)}", self.chance.choice(POLICIES)
            job = moving_job(name, self.chance.choice((200, 1000, 3000, 8000)), {"failover": policy})
            job["spec"]["ttlSecondsAfterFinished"] = TTL_SECONDS
            while not self._submit(client, job) and not self.problems:
                time.sleep(rest.RETRY_SECONDS)
            self.policies[name] = policy
            due += 1 / PER_SECOND
            time.sleep(max(0, due - time.monotonic()))  # the rate, not a wait for something

    def _submit(self, client, job):
        try:
            status, body = client.call("POST", PATH, job)
        except rest.CUT:
            self.cuts += 1
            return False
        if status not in (201, 409, 429, 503, 504):
            self.problems.append(f"{job['metadata']['name']}: {status} {body}")
        return status in (201, 409)


class Member(threading.Thread):
    """Breaks one member at random and mends it, until told to stop."""

    def __init__(self, members, name, chance):
        super().__init__(daemon=True)
        self.members, self.name, self.chance = members, name, chance
        self.counts, self.stopping, self.problem = collections.Counter(), threading.Event(), None
        self.start()

    def run(self):
        try:
            while not self.stopping.wait(self.chance.uniform(2, 20)):
                fault = self.chance.choice(FAULTS)
                self.tell(lambda: self.members.fault(self.name, **fault))
                self.counts["+".join(fault)] += 1
                # Most are blips; some last until the cluster is lost, some beyond its leases.
                self.stopping.wait(self.chance.choice((1, 2, 3, 8, 20)))
                self.heal()
        except Exception as problem:  # a breaker that no longer breaks would make an easy soak
            self.problem = problem

    def tell(self, order):
        """A connection may be cut under any order; all of them may be given again."""

        def given():
            try:
                order()
                return True
            except rest.CUT:
                return False

        wait(f"{self.name} to take an order", given)

    def heal(self):
        self.tell(lambda: self.members.fault(self.name))
        self.tell(lambda: self.members.drop_watches(self.name))

    def stop(self):
        self.stopping.set()
        self.join()
        assert self.problem is None, f"{self.name} was no longer broken: {self.problem!r}"
        self.heal()


class Memory(threading.Thread):
    """Resident megabytes of the gateway over time. Another process is another curve."""

    def __init__(self, gateway):
        super().__init__(daemon=True)
        self.gateway, self.samples, self.over = gateway, [], threading.Event()
        self.start()

    def run(self):
        while not self.over.wait(1):
            try:
                with open(f"/proc/{self.gateway.process.pid}/statm") as file:
                    pages = int(file.read().split()[1])
            except (FileNotFoundError, IndexError):
                continue
            self.samples.append((time.monotonic(), self.gateway.process.pid, pages * 4096 / 2 ** 20))

    def fit(self):
        """(MB at the start, MB at the end, seconds) of the straight line through the second half of the last
        process's life."""
        last = [s for s in self.samples if s[1] == self.samples[-1][1]]
        points = [(t - last[0][0], mb) for t, _, mb in last[len(last) // 2:]]
        count = len(points)
        mean_t = sum(t for t, _ in points) / count
        mean_mb = sum(mb for _, mb in points) / count
        spread = sum((t - mean_t) ** 2 for t, _ in points) or 1
        slope = sum((t - mean_t) * (mb - mean_mb) for t, mb in points) / spread
        first, end = points[0][0], points[-1][0]
        return mean_mb + slope * (first - mean_t), mean_mb + slope * (end - mean_t), end - first


def overlaps(pods):
    """Pairs of pods that ran at the same time, beyond the second in which times are told."""
    ran = sorted((p for p in pods if p[1] is not None), key=lambda p: p[1])
    return [(a, b) for a, b in zip(ran, ran[1:]) if a[2] is None or b[1] + 1 < a[2]]


def account(submitter, books):
    """Sentences about Jobs that were not accounted for once."""
    by_job = collections.defaultdict(list)
    for pod in books.pods.values():
        by_job[pod[0]].append(pod)
    found = list(books.changed) + list(submitter.problems)
    for name, policy in submitter.policies.items():
        result = books.results.get(name)
        if result is None or result[:2] != ("Complete", 1):
            found.append(f"{name} ({policy}) ended as {result}")
        succeeded = sum(pod[3] == "Succeeded" for pod in by_job[name])
        if succeeded == 0 or (policy != "fast" and succeeded > 1):
            found.append(f"{name} ({policy}) had {succeeded} pods that succeeded: {by_job[name]}")
        if policy != "fast":
            found += [f"{name} ({policy}) ran twice at a time: {pair}" for pair in overlaps(by_job[name])]
    found += [f"{name} ran and nobody submitted it" for name in by_job if name not in submitter.policies]
    return found


def left_behind(client, members, gateway):
    """What is left, some of each."""
    def say(where, items):
        for item in items[:5]:
            metadata = item["metadata"]
            print(where, metadata["name"], metadata.get("labels"), metadata.get("finalizers"),
                  metadata.get("deletionTimestamp"), item.get("status"))
        print(f"{where}: {len(items)} left", flush=True)
        return [item["metadata"]["name"] for item in items]
    names = say("the gateway's Jobs", client.get(PATH)["items"])
    for member in members.kubeconfigs:
        for path in ("/apis/batch/v1/jobs", "/api/v1/pods"):
            names += say(f"{path} of {member}", members.client(member).get(path)["items"])
    for name in dict.fromkeys(names[:6]):
        print(gateway.try_fairway("history", "job", name, "-n", "default").stdout)


def soak(gateway, members, chance):
    gateway.join(members.kubeconfigs, "site")
    books, client = Books(), gateway.client()
    jobs = rest.Recorder(gateway.kubeconfig, PATH, client.get(PATH)["metadata"]["resourceVersion"], books.job)
    recorders = [jobs]
    for name, kubeconfig in members.kubeconfigs.items():
        for path, digest in (("/apis/batch/v1/jobs", books.copy), ("/api/v1/pods", books.pod(name))):
            direct = members.client(name)
            revision = direct.get(path)["metadata"]["resourceVersion"]
            direct.close()
            recorders.append(rest.Recorder(kubeconfig, path, revision, digest))
    memory = Memory(gateway)
    submitter = Submitter(gateway, random.Random(chance.random()))
    breakers = [Member(members, name, random.Random(chance.random())) for name in members.kubeconfigs]
    began, kills = time.monotonic(), 0
    while time.monotonic() - began < SECONDS:
        left = SECONDS / 2 - (time.monotonic() - began)
        pause = chance.uniform(SECONDS / 12, SECONDS / 6)
        if pause > left:
            break
        time.sleep(pause)  # the moment of the kill, not a wait for something
        gateway.kill()
        kills += 1
        gateway.start()
    wait("the end of the submissions", lambda: gateway.check() or submitter.problems or
         time.monotonic() - began > SECONDS, SECONDS + 60)
    submitter.over = True
    submitter.join()
    memory.over.set()
    for breaker in breakers:
        breaker.stop()
    healed = time.monotonic()

    def settled():
        assert not submitter.problems, submitter.problems
        failed = [p for r in recorders for p in r.problems]
        assert not failed, failed
        return len(books.results) >= len(submitter.policies)
    try:
        wait("all Jobs to end", settled, SETTLE_SECONDS)
        at_rest = time.monotonic() - healed

        def clean():
            return not client.get(PATH)["items"] and all(
                not members.client(name).get(path)["items"] for name in members.kubeconfigs
                for path in ("/apis/batch/v1/jobs", "/api/v1/pods"))
        wait("the members to be empty", clean, TTL_SECONDS + SETTLE_SECONDS)
    except AssertionError as problem:
        missing = [name for name in submitter.policies if name not in books.results]
        for name in missing[:3]:
            print(gateway.try_fairway("explain", "job", name).stdout)
            for member in members.kubeconfigs:
                status, copy = members.client(member).call("GET", f"{PATH}/{name}")
                print(member, status, copy.get("metadata", {}).get("labels"), copy.get("status"))
            print([pod for pod in books.pods.items() if pod[1][0] == name], flush=True)
        left_behind(client, members, gateway)
        raise AssertionError(f"{problem}; {len(missing)} without a result: {missing[:9]}") from None
    for recorder in recorders:
        recorder.stop()
    return books, submitter, breakers, kills, memory, at_rest


def report(books, submitter, breakers, kills, memory, at_rest):
    faults = sum((b.counts for b in breakers), collections.Counter())
    epochs = collections.Counter(books.epochs.values())
    first, last, span = memory.fit()
    print(f"{len(submitter.policies)} Jobs in {SECONDS:.0f} s over {len(breakers)} members, {kills} kills of the "
          f"gateway, {submitter.cuts} requests cut")
    print("faults: " + ", ".join(f"{count} {name}" for name, count in sorted(faults.items())))
    print("Jobs by their last epoch: " + ", ".join(f"{epoch}: {n}" for epoch, n in sorted(epochs.items())))
    print(f"all had their result {at_rest:.1f} s after everything healed")
    print(f"memory over the last {span:.0f} s of a process: {first:.1f} to {last:.1f} MB by a linear fit")
    grew = last - first > max(GROWTH_FREE_MB, GROWTH_MAX * first)
    return [f"memory grew from {first:.1f} to {last:.1f} MB"] if grew and span >= JUDGED_FROM_SECONDS else []


class Planned:
    """A Submitter as account() sees it."""
    policies = {"a": "fenced", "b": "fast"}
    problems = ()


def good():
    books = Books()
    books.results = {"a": ("Complete", 1, "t"), "b": ("Complete", 1, "t")}
    books.pods = {("m1", "p1"): ["a", 10, 20, "Succeeded"], ("m1", "p2"): ["b", 10, 90, "Succeeded"],
                  ("m2", "p3"): ["b", 30, 40, "Succeeded"], ("m2", "p4"): ["a", 2, 10, "Failed"]}
    return books


def self_test():
    """Sentences about what account() gets wrong; empty when it can be trusted."""
    wrong = [f"a good soak is called bad: {text}" for text in account(Planned, good())]

    def second_success(books):
        books.pods["m2", "p9"] = ["a", 30, 40, "Succeeded"]

    planted = {
        "no result": lambda books: books.results.pop("b"),
        "a failed job": lambda books: books.results.update(a=("Failed", 0, None)),
        "a result that changed": lambda books: books.job("", {
            "metadata": {"name": "a"}, "status": {"conditions": [{"type": "Failed", "status": "True"}]}}),
        "two successes under fenced": second_success,
        "two pods at a time under fenced": lambda books: books.pods.update({("m2", "p4"): ["a", 2, 15, "Failed"]}),
        "a pod without an end": lambda books: books.pods.update({("m2", "p4"): ["a", 2, None, ""]}),
        "nothing ran": lambda books: books.pods.pop(("m1", "p1")),
        "a job out of nowhere": lambda books: books.pods.update({("m1", "p8"): ["c", 1, 2, "Failed"]}),
    }
    for what, change in planted.items():
        books = good()
        change(books)
        if not account(Planned, books):
            wrong.append(f"nobody noticed: {what}")
    return wrong


def main():
    if sys.argv[1:] == ["--self-test"]:
        sys.exit("\n".join(self_test()) or 0)
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else random.SystemRandom().randrange(1 << 32)
    print(f"seed {seed}, {SECONDS:.0f} s", flush=True)
    with Simulated(sys.argv[1], 3, 1000) as members:
        with Gateway(sys.argv[1], config=CONFIG) as gateway:
            outcome = soak(gateway, members, random.Random(seed))
            found = account(outcome[1], outcome[0]) + report(*outcome)
            gateway.stop()
    if found:
        sys.exit(f"seed {seed}: {len(found)} problems\n" + "\n".join(found[:40]))
    print("every Job is accounted for once")


if __name__ == "__main__":
    main()
