"""What the crash test saw from outside, and the rules that it must obey. Pure: `problems(history)` is a list of
sentences, empty when all is well; planted() has histories that break each rule once."""
import collections
import copy
import dataclasses

GatewayEvent = collections.namedtuple("GatewayEvent", "type name uid revision")
# gateway_uid and epoch are the labels of ours; owner is the uid of the Job that a Pod belongs to.
MemberEvent = collections.namedtuple("MemberEvent", "kind type name uid gateway_uid epoch owner")
FinalJob = collections.namedtuple("FinalJob", "uid revision complete succeeded")


@dataclasses.dataclass
class History:
    submitted: dict       # name -> cluster that it asked for, or None
    acknowledged: dict    # name -> (uid, revision) of the 201 that its submitter received
    final: dict           # name -> FinalJob, from a list after everything was quiet
    resumed: list         # GatewayEvents of the watch that resumed after each kill
    replayed: list        # GatewayEvents of one watch from the first revision, at the end
    members: dict         # cluster -> [MemberEvent], all of them from before the first Job


def lost(history):
    """Nothing acknowledged is lost, everything submitted ends well."""
    for name, (uid, _) in history.acknowledged.items():
        job = history.final.get(name)
        if job is None:
            yield f"{name} was acknowledged and does not exist"
        elif job.uid != uid:
            yield f"{name} was acknowledged as {uid} and is now {job.uid}"
    for name in history.submitted:
        job = history.final.get(name)
        if job is None:
            if name not in history.acknowledged:
                yield f"{name} was retried until it was there, and does not exist"
        elif not job.complete or job.succeeded != 1:
            yield f"{name} is not complete: {job}"
    for name in history.final.keys() - history.submitted.keys():
        yield f"{name} exists and nobody submitted it"


def runs(history):
    """Each Job has exactly one copy and one pod run, over all members, on a cluster that it allows."""
    names = {job.uid: name for name, job in history.final.items()}
    copies, pods = collections.defaultdict(set), collections.defaultdict(set)
    epochs, owners = collections.defaultdict(set), {}
    for cluster, events in history.members.items():
        for event in events:
            if event.kind == "Job":
                copies[event.gateway_uid].add((cluster, event.uid))
                epochs[event.gateway_uid].add(event.epoch)
                owners[cluster, event.uid] = event.gateway_uid
    for cluster, events in history.members.items():
        for event in events:
            if event.kind == "Pod":
                owner = owners.get((cluster, event.owner))
                if owner is None:
                    yield f"pod {event.name} on {cluster} belongs to no Job that was ever seen"
                else:
                    pods[owner].add((cluster, event.uid))
    for uid in copies.keys() - names.keys():
        yield f"a copy of {uid} on {sorted(copies[uid])}, a Job that the gateway does not have"
    for uid, name in names.items():
        for what, found in (("copies", copies[uid]), ("pods", pods[uid]), ("epochs", epochs[uid])):
            if len(found) != 1:
                yield f"{name} had {len(found)} {what}: {sorted(map(str, found))}"
        wanted = history.submitted.get(name)
        for cluster, _ in copies[uid]:
            if wanted not in (None, cluster):
                yield f"{name} wants {wanted} and ran on {cluster}"


def in_order(history):
    """The resumed watch saw every change once and in order."""
    last, first_seen, latest = 0, {}, {}
    for event in history.resumed:
        if event.revision <= last:
            yield f"{event.type} {event.name} at {event.revision} came after {last}"
        last = max(last, event.revision)
        if event.type == "ADDED":
            if event.name in first_seen:
                yield f"{event.name} was ADDED at {first_seen[event.name]} and {event.revision}"
            first_seen[event.name] = event.revision
        elif event.name not in first_seen:
            yield f"{event.type} {event.name} at {event.revision} without ADDED before"
        latest[event.name] = event
    for name, (_, revision) in history.acknowledged.items():
        if first_seen.get(name) != revision:
            yield f"{name} was acknowledged at {revision}, the watch saw {first_seen.get(name)}"
    for name, job in history.final.items():
        if name not in latest or latest[name].revision != job.revision:
            yield f"the last change of {name} is {job.revision}, the watch saw {latest.get(name)}"


def complete_replay(history):
    """What one watch sees from the first revision is what the resumed one saw."""
    resumed, replayed = set(history.resumed), set(history.replayed)
    for event in sorted(replayed - resumed, key=lambda e: e.revision):
        yield f"the resumed watch missed {event}"
    for event in sorted(resumed - replayed, key=lambda e: e.revision):
        yield f"the resumed watch saw {event}, a replay does not"


RULES = [lost, runs, in_order, complete_replay]


def problems(history):
    return [f"{rule.__name__}: {text}" for rule in RULES for text in rule(history)]


# ---- the checker's own test -----------------------------------------------------------------------

def good():
    """Two jobs that ran well on two clusters."""
    events = [GatewayEvent("ADDED", "a", "u1", 1), GatewayEvent("ADDED", "b", "u2", 2),
              GatewayEvent("MODIFIED", "a", "u1", 3), GatewayEvent("MODIFIED", "b", "u2", 4)]
    members = {"m1": [MemberEvent("Job", "ADDED", "a", "j1", "u1", "1", None),
                      MemberEvent("Pod", "ADDED", "a-x", "p1", "u1", "1", "j1")],
               "m2": [MemberEvent("Job", "ADDED", "b", "j2", "u2", "1", None),
                      MemberEvent("Pod", "ADDED", "b-x", "p2", "u2", "1", "j2"),
                      MemberEvent("Pod", "MODIFIED", "b-x", "p2", "u2", "1", "j2")]}
    final = {"a": FinalJob("u1", 3, True, 1), "b": FinalJob("u2", 4, True, 1)}
    return History({"a": None, "b": "m2"}, {"a": ("u1", 1)}, final, events, list(events), members)


def planted():
    """(what is wrong, history, the rule that must say so)."""
    def bad(what, rule, change):
        history = copy.deepcopy(good())
        change(history)
        return what, history, rule

    def second_copy(h):
        h.members["m2"].append(MemberEvent("Job", "ADDED", "a", "j9", "u1", "2", None))

    def second_pod(h):
        h.members["m1"].append(MemberEvent("Pod", "ADDED", "a-y", "p9", "u1", "1", "j1"))

    return [
        bad("an acknowledged job is gone", "lost", lambda h: h.final.pop("a")),
        bad("another job under its name", "lost",
            lambda h: h.final.update(a=FinalJob("u7", 3, True, 1))),
        bad("a retried job is gone", "lost", lambda h: h.final.pop("b")),
        bad("a job does not end", "lost", lambda h: h.final.update(b=FinalJob("u2", 4, False, 0))),
        bad("a job out of nowhere", "lost", lambda h: h.submitted.pop("b")),
        bad("a copy on two clusters", "runs", second_copy),
        bad("two pods of one copy", "runs", second_pod),
        bad("no pod", "runs", lambda h: h.members["m1"].pop()),
        bad("no copy", "runs", lambda h: h.members["m1"].clear()),
        bad("the wrong cluster", "runs", lambda h: h.submitted.update(a="m2")),
        bad("a copy of a lost job", "runs", lambda h: h.final.pop("b")),
        bad("a repeated event", "in_order", lambda h: h.resumed.insert(1, h.resumed[0])),
        bad("events out of order", "in_order", lambda h: h.resumed.reverse()),
        bad("a missed ADDED", "in_order", lambda h: h.resumed.pop(0)),
        bad("a missed last event", "in_order", lambda h: h.resumed.pop()),
        bad("a missed event in between", "complete_replay",
            lambda h: h.replayed.insert(2, GatewayEvent("MODIFIED", "a", "u1", 2.5))),
        bad("an event that never was", "complete_replay", lambda h: h.replayed.pop(2)),
    ]


def self_test():
    """Sentences about what the checker gets wrong; empty when it can be trusted."""
    wrong = [f"a good history is called bad: {text}" for text in problems(good())]
    for what, history, rule in planted():
        if not any(text.startswith(rule + ":") for text in problems(history)):
            wrong.append(f"{what}: `{rule}` did not notice, found: {problems(history)}")
    return wrong
