// Retries on the cluster's account: a copy that its cluster cannot run, or has failed for its own
// reasons, goes elsewhere, some times. What failed on the job's own account never comes here.
#include <algorithm>

#include "scheduler/failover/drain_rules.h"
#include "scheduler/failover/failover.h"
#include "scheduler/policy/judge.h"

namespace fairway::scheduler {
namespace {

constexpr int kTroubleTriesPerStep = 64;
constexpr int kLiftsPerStep = 256;
// Room elsewhere comes and goes.
constexpr Duration kRecheck = Milliseconds(5000);
constexpr Duration kGoOn = Milliseconds(1);

EndReason TroubleReasonOf(Trouble trouble) {
  switch (trouble) {
    case Trouble::kNone:
      return EndReason::kNone;
    case Trouble::kNodeFailure:
      return EndReason::kNodeFailure;
    case Trouble::kImagePull:
      return EndReason::kImagePull;
    case Trouble::kPodsRefused:
      return EndReason::kPodsRefused;
  }
  return EndReason::kNone;
}

// By its policy, and by how often it did before.
bool MayMove(StepContext& step, const JobRecord& record) {
  const JobSpec* spec = step.world().FindSpec(record.spec);
  if (spec == nullptr || record.suspended) return false;
  if (spec->failover != FailoverPolicy::kFenced && spec->failover != FailoverPolicy::kFast) {
    return false;
  }
  const auto moves =
      std::count_if(record.former.begin(), record.former.end(),
                    [](const FormerEpoch& former) { return WasInTrouble(former.reason); });
  return moves < step.failover().config.trouble_moves_max;
}

// Another cluster could run it, if not at this moment.
bool IsWantedElsewhere(const World& world, const JobRecord& waiting) {
  const Judge judge(world, waiting);
  return std::any_of(world.clusters().begin(), world.clusters().end(), [&](const auto& entry) {
    return AvoidanceOf(waiting, entry.first) == nullptr && !entry.second.record.spec.IsClosed() &&
           judge.AskEmpty(entry.second) == Verdict::kFits;
  });
}

void WakeTroubles(FailoverState& failover, Instant at) {
  if (!failover.troubles_due || at < failover.troubles_due) failover.troubles_due = at;
}

class TroubleDepartures {
 public:
  explicit TroubleDepartures(StepContext& step) : step_(step) {}

  // When to look again; 0 = when something is heard of it.
  Instant Consider(JobId job, const TroubledCopy& copy) {
    const JobRecord& record = *step_.world().FindJob(job);
    const bool there = record.state == JobState::kDispatched || record.state == JobState::kRunning;
    if (!there || !MayMove(step_, record)) return {};
    const ClusterState& cluster = *step_.world().FindCluster(copy.cluster);
    // What a lost cluster's jobs do is failover's affair; all is heard again when it returns.
    if (!IsWritable(cluster.record.link.state)) return {};
    const Instant due = copy.since + step_.failover().config.trouble_after;
    if (step_.now() < due) return due;
    const EndReason reason = TroubleReasonOf(copy.trouble);
    const Instant later = step_.now() + kRecheck;
    if (step_.world().freeze().frozen || !HasRoom(record, reason)) return later;
    if (!TakeMoveToken(step_)) return step_.now() + kGoOn;
    ++step_.stats().trouble_moves;
    step_.GiveUpEpoch(record, reason);
    return {};
  }

 private:
  // Likes of a job that found no room in this step find none either.
  bool HasRoom(const JobRecord& record, EndReason reason) {
    const JobRecord waiting = AsQueued(record, step_.now(), reason);
    if (full_.contains({record.cluster, record.spec})) return false;
    if (PlaceJob(step_.world(), waiting).cluster) return true;
    full_.insert({record.cluster, record.spec});
    return false;
  }

  StepContext& step_;
  absl::btree_set<std::pair<ClusterId, SpecId>> full_;
};

void LiftAvoidances(StepContext& step) {
  FailoverState& failover = step.failover();
  for (int i = 0; i < kLiftsPerStep; ++i) {
    if (failover.avoiding.empty() || step.now() < failover.avoiding.begin()->first) return;
    const JobId job = failover.avoiding.begin()->second;
    failover.avoiding.erase(failover.avoiding.begin());
    const JobRecord* known = step.world().FindJob(job);
    if (known == nullptr || IsFinished(*known)) continue;
    JobRecord record = *known;
    for (FormerEpoch& former : record.former) {
      if (former.until + failover.config.trouble_avoid <= step.now()) former.avoided = false;
    }
    if (record == *known) continue;
    const bool waits = record.state == JobState::kQueued;
    step.PutRecord(std::move(record));
    if (waits) step.NoteRoom();
  }
}

}  // namespace

void NoteTrouble(StepContext& step, const JobRecord& record, Trouble trouble) {
  FailoverState& failover = step.failover();
  if (trouble == Trouble::kNone) {
    failover.troubled.erase(record.job);
    return;
  }
  TroubledCopy& copy = failover.troubled[record.job];
  const bool known = copy.cluster == record.cluster && copy.epoch == record.epoch;
  if (!known) copy = {record.cluster, record.epoch, trouble, step.now()};
  copy.trouble = trouble;
  WakeTroubles(failover, std::max(copy.since + failover.config.trouble_after, step.now()));
}

bool RetriesElsewhere(StepContext& step, const JobRecord& record, Trouble trouble) {
  if (trouble == Trouble::kNone || !MayMove(step, record)) return false;
  if (step.world().freeze().frozen) return false;
  const EndReason reason = TroubleReasonOf(trouble);
  if (!IsWantedElsewhere(step.world(), AsQueued(record, step.now(), reason))) return false;
  ++step.stats().trouble_moves;
  step.GiveUpEpoch(record, reason);
  return true;
}

void NoteAvoidance(StepContext& step, const JobRecord& record) {
  for (const FormerEpoch& former : record.former) {
    if (!former.avoided) continue;
    step.failover().avoiding.emplace(former.until + step.failover().config.trouble_avoid,
                                     record.job);
  }
}

void RunTroubles(StepContext& step) {
  LiftAvoidances(step);
  FailoverState& failover = step.failover();
  if (!failover.troubles_due || step.now() < failover.troubles_due) return;
  failover.troubles_due = Instant{};
  TroubleDepartures departures(step);
  int tries = 0;
  for (auto at = failover.troubled.upper_bound(failover.trouble_after);;) {
    if (at == failover.troubled.end()) {
      failover.trouble_after = JobId{};
      return;
    }
    if (++tries > kTroubleTriesPerStep) {
      WakeTroubles(failover, step.now() + kGoOn);
      return;
    }
    const auto [job, copy] = *at;
    failover.trouble_after = job;
    const JobRecord* record = step.world().FindJob(job);
    if (record == nullptr || record->cluster != copy.cluster || record->epoch != copy.epoch ||
        IsFinished(*record)) {
      at = failover.troubled.erase(at);
      continue;
    }
    if (const Instant next = departures.Consider(job, copy)) WakeTroubles(failover, next);
    // Whoever left is forgotten on the way.
    at = failover.troubled.upper_bound(job);
  }
}

Instant NextTrouble(const StepContext& step) {
  const FailoverState& failover = const_cast<StepContext&>(step).failover();
  Instant next = failover.troubles_due;
  if (!failover.avoiding.empty()) {
    const Instant lift = failover.avoiding.begin()->first;
    if (!next || lift < next) next = lift;
  }
  return next;
}

void On(StepContext& step, const CopyTroubled& event) {
  const JobRecord* known = step.FindCopy(event.job, event.cluster, event.epoch);
  if (known == nullptr) return;
  if (IsFinished(*known) || known->state == JobState::kDeleting ||
      known->state == JobState::kRequeued) {
    ++step.stats().stale_reports;
    return;
  }
  NoteTrouble(step, *known, event.trouble);
}

}  // namespace fairway::scheduler
