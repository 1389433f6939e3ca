"""What members themselves say of our copies, watched directly, past the gateway and past its faulty links: one
record per copy, and the rules that records must obey. The rules are pure; --self-test of
real_failover_test.py shows that each notices what it is for."""
import calendar
import collections
import dataclasses
import time

import rest

PREFIX = "fairway.flext.sh/"
COPIES = "/apis/batch/v1/jobs"


@dataclasses.dataclass
class Copy:
    """Times of the member in whole seconds since 1970, `ready_at` by the clock of the test."""
    member: str
    name: str
    epoch: int
    created: int
    started: int = None
    deadline: int = None   # activeDeadlineSeconds, the largest that was seen
    ended: int = None      # the time of its condition Complete or Failed
    end: str = None        # Complete, or the reason of Failed
    ready_at: float = None # when a pod of it was first seen to run
    gone_at: float = None


def seconds(text):
    return calendar.timegm(time.strptime(text, "%Y-%m-%dT%H:%M:%SZ"))


def digest(kind, item):
    status = item.get("status", {})
    ended = [entry for entry in status.get("conditions", [])
             if entry["type"] in ("Complete", "Failed") and entry["status"] == "True"]
    return time.time(), kind, item["metadata"], status, item["spec"], ended


class MemberRecords:
    """Copies on each member (name -> kubeconfig) from now on."""

    def __init__(self, kubeconfigs):
        self.recorders = {}
        for member, kubeconfig in kubeconfigs.items():
            client = rest.Client(rest.Access(kubeconfig))
            revision = client.get(COPIES)["metadata"]["resourceVersion"]
            client.close()
            self.recorders[member] = rest.Recorder(kubeconfig, COPIES, revision, digest, relist=True)

    def copies(self):
        """(name, epoch) -> the copies of it, one per object that ever was."""
        objects = {}
        for member, recorder in self.recorders.items():
            assert not recorder.problems, recorder.problems
            for at, kind, meta, status, spec, ended in list(recorder.events):
                epoch = meta.get("labels", {}).get(PREFIX + "epoch")
                if epoch is None:
                    continue
                known = objects.setdefault((member, meta["uid"]), Copy(
                    member, meta["name"], int(epoch), seconds(meta["creationTimestamp"])))
                if "startTime" in status:
                    known.started = seconds(status["startTime"])
                known.deadline = max(known.deadline or 0, spec.get("activeDeadlineSeconds") or 0)
                if status.get("ready") and known.ready_at is None:
                    known.ready_at = at
                if ended and known.ended is None:
                    known.ended = seconds(ended[0]["lastTransitionTime"])
                    known.end = ended[0]["type"] if ended[0]["type"] == "Complete" \
                        else ended[0].get("reason")
                if kind == "DELETED":
                    known.gone_at = at
        found = collections.defaultdict(list)
        for known in objects.values():
            found[known.name, known.epoch].append(known)
        return found

    def stop(self):
        for recorder in self.recorders.values():
            recorder.stop()
            assert not recorder.problems, recorder.problems


# ---- rules: each yields sentences about what is wrong ---------------------------------------------

def one_copy_per_epoch(copies, names):
    for (name, epoch), found in copies.items():
        if name in names and len(found) > 1:
            yield f"{name} had {len(found)} copies of epoch {epoch}: {found}"


def stayed(copies, names):
    """`never`: one epoch, one copy."""
    for name in names:
        epochs = sorted(epoch for known, epoch in copies if known == name)
        if epochs != [1]:
            yield f"{name} had epochs {epochs}"


def ended_before_next(copies, names, by_deadline):
    """`fenced`: the old copy had ended when the new one was made. `by_deadline`: its member was in no state to
    record an end, so what counts is the deadline that it had been given."""
    for name in names:
        if not copies.get((name, 2)):
            yield f"{name} has no second epoch"
            continue
        old, new = copies[name, 1][0], copies[name, 2][0]
        if by_deadline:
            if not old.started or not old.deadline:
                yield f"{name} had no deadline when it was lost: {old}"
            elif old.started + old.deadline > new.created:
                yield f"{name} might have run until {old.started + old.deadline}: {old}, then {new}"
            if old.end == "Complete":
                yield f"the given up copy of {name} completed: {old}"
        elif old.end != "DeadlineExceeded":
            yield f"the old copy of {name} did not end by its lease: {old}"
        elif old.ended > new.created:
            yield f"the old copy of {name} ended after the new one began: {old}, then {new}"


def completed_once(copies, names):
    for name in names:
        done = [c for (known, _), found in copies.items() if known == name for c in found
                if c.end == "Complete"]
        if len(done) != 1:
            yield f"{name} completed {len(done)} times: {done}"


# ---- the rules' own test --------------------------------------------------------------------------

def self_test():
    """Sentences about what the rules get wrong; empty when they can be trusted."""
    def world(**change):
        old = Copy("a", "j", 1, 100, 101, 40, 141, "DeadlineExceeded")
        new = Copy("b", "j", 2, 150, 151, 0, 190, "Complete")
        for key, value in change.items():
            setattr(old if key.startswith("old_") else new, key[4:], value)
        return {("j", 1): [old], ("j", 2): [new]}
    wrong = []

    def expect(what, found, bad):
        if bool(list(found)) != bad:
            wrong.append(f"{what}: {'not noticed' if bad else 'called bad'}")
    names = {"j"}
    for by_deadline in (False, True):
        expect("a good move", ended_before_next(world(), names, by_deadline), False)
        expect("no move", ended_before_next({("j", 1): world()["j", 1]}, names, by_deadline), True)
        expect("the old one ended otherwise",
               ended_before_next(world(old_end="Complete"), names, by_deadline), True)
    expect("overlap", ended_before_next(world(old_ended=151), names, False), True)
    expect("a later deadline", ended_before_next(world(old_deadline=60), names, True), True)
    expect("no deadline", ended_before_next(world(old_deadline=0), names, True), True)
    expect("one copy each", one_copy_per_epoch(world(), names), False)
    twice = world()
    twice["j", 2].append(twice["j", 2][0])
    expect("two copies of an epoch", one_copy_per_epoch(twice, names), True)
    expect("it stayed", stayed({("j", 1): world()["j", 1]}, names), False)
    expect("it moved", stayed(world(), names), True)
    expect("completed once", completed_once(world(), names), False)
    expect("completed twice", completed_once(world(old_end="Complete"), names), True)
    expect("never completed", completed_once(world(new_end=None), names), True)
    return wrong
