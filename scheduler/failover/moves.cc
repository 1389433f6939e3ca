// Leaving a lost cluster: who may, in which order, how fast. Where they go is the placement pass's
// affair: what finds no room waits in the queue like any other job.
#include <algorithm>

#include "scheduler/drill/scope.h"
#include "scheduler/failover/failover.h"

namespace fairway::scheduler {
namespace {

constexpr int kMarksPerStep = 256;
constexpr int64_t kMovesPerStep = 256;
constexpr Duration kMovePause = Milliseconds(20);  // while the bucket refills
constexpr Duration kBrakeRecheck = Milliseconds(1000);

bool HasCopy(const JobRecord& record) {
  switch (record.state) {
    case JobState::kPlacing:
    case JobState::kDispatched:
    case JobState::kRunning:
    case JobState::kUncertain:
    case JobState::kFenced:
    case JobState::kRequeued:
      return true;
    default:
      return false;
  }
}

const ClusterState* LostCluster(const World& world, const JobRecord& record) {
  if (!record.cluster || !HasCopy(record)) return nullptr;
  const ClusterState* cluster = world.FindCluster(record.cluster);
  return cluster != nullptr && IsLost(cluster->record.link.state) ? cluster : nullptr;
}

// When the epoch may be given up: kNoDeadline = not by time.
Instant MayLeaveAt(StepContext& step, const JobRecord& record) {
  const World& world = step.world();
  const ClusterState* cluster = LostCluster(world, record);
  if (cluster == nullptr) return kNoDeadline;
  if (record.approved) return step.now();
  // A suspended copy does nothing until it is resumed.
  if (record.suspended && record.state != JobState::kRequeued) return kNoDeadline;
  const FailoverConfig& config = step.failover().config;
  // After a start of ours nothing is believed lost before a full lease was observed.
  const FailoverThresholds bounds = Effective(cluster->record.spec.failover, config);
  const Instant observed = step.failover().observed_from + bounds.lease;
  switch (PolicyNow(world, record)) {
    case FailoverPolicy::kFast:
      return std::max(observed, Instant{1});
    case FailoverPolicy::kFenced:
      if (!IsFenceable(*cluster, record)) return kNoDeadline;
      return std::max(FenceEnd(world, config, record), observed);
    case FailoverPolicy::kNever:
    case FailoverPolicy::kManual:
      return kNoDeadline;
  }
  return kNoDeadline;
}

EndReason MoveReasonOf(StepContext& step, const JobRecord& record) {
  if (record.state == JobState::kRequeued) return record.ending;
  if (record.approved) return EndReason::kApproved;
  const FailoverPolicy policy = step.world().FindSpec(record.spec)->failover;
  return policy == FailoverPolicy::kFast ? EndReason::kClusterLost : EndReason::kFenced;
}

void BecomeMover(StepContext& step, const JobRecord& record) {
  const int64_t priority = step.world().FindSpec(record.spec)->priority;
  step.failover().movers.emplace(-priority, record.job);
  if (!step.failover().moves_due) step.failover().moves_due = step.now();
}

void MarkOne(StepContext& step, JobRecord record) {
  switch (record.state) {
    case JobState::kPlacing:
    case JobState::kDispatched:
    case JobState::kRunning:
      record.state = JobState::kUncertain;
      step.Emit(PublishPlacement{record.job});
      step.Emit(PublishStale{record.job});
      step.PutRecord(record);
      break;
    default:
      break;
  }
  ConsiderMove(step, record);
}

void Refill(FailoverState& failover, Instant now) {
  const FailoverConfig& config = failover.config;
  const int64_t passed = std::max<int64_t>((now - failover.refilled).ms, 0);
  failover.refilled = now;
  const int64_t most = config.moves_burst * 1000;
  // One per second is one thousandth per millisecond.
  const int64_t room = most - failover.tokens_milli;
  failover.tokens_milli +=
      std::min(room, std::min<int64_t>(passed, 3'600'000) * config.moves_per_second);
}

// Leases that have run out by now: their jobs may leave.
void PassFences(StepContext& step) {
  FailoverState& failover = step.failover();
  for (int i = 0; i < kMarksPerStep; ++i) {
    if (failover.fences.empty() || step.now() < failover.fences.begin()->first) return;
    const JobId job = failover.fences.begin()->second;
    failover.fences.erase(failover.fences.begin());
    const JobRecord* known = step.world().FindJob(job);
    if (known == nullptr) continue;
    const Instant at = MayLeaveAt(step, *known);
    if (at == kNoDeadline) continue;
    if (step.now() < at) {
      failover.fences.emplace(at, job);
      continue;
    }
    JobRecord record = *known;
    if (record.state == JobState::kUncertain) {
      record.state = JobState::kFenced;
      step.Emit(PublishPlacement{job});
      step.PutRecord(record);
    }
    BecomeMover(step, record);
  }
}

}  // namespace

bool IsFenceable(const ClusterState& cluster, const JobRecord& record) {
  return record.leased && !record.dispatch_pending && !cluster.record.link.stalled;
}

void BeginMarking(StepContext& step, ClusterId cluster) {
  LinkWatch& watch = step.failover().links[cluster];
  watch.marking = true;
  watch.mark_after = JobId{};
  step.failover().dirty = true;
}

void ConsiderMove(StepContext& step, const JobRecord& record) {
  const Instant at = MayLeaveAt(step, record);
  if (at == kNoDeadline) return;
  step.failover().dirty = true;
  if (at <= step.now()) {
    BecomeMover(step, record);
  } else {
    step.failover().fences.emplace(at, record.job);
  }
}

void MarkLost(StepContext& step) {
  int budget = kMarksPerStep;
  for (auto& [cluster, watch] : step.failover().links) {
    if (!watch.marking || budget == 0) continue;
    std::vector<JobId> jobs;
    const World::JobsByCluster& live = step.world().live_by_cluster();
    const ClusterState* state = step.world().FindCluster(cluster);
    const bool lost = state != nullptr && IsLost(state->record.link.state);
    auto at = live.upper_bound({cluster, watch.mark_after});
    for (; lost && budget > 0 && at != live.end() && at->first == cluster; ++at, --budget) {
      jobs.push_back(at->second);
    }
    watch.marking = lost && at != live.end() && at->first == cluster;
    if (!jobs.empty()) watch.mark_after = jobs.back();
    for (const JobId job : jobs) MarkOne(step, *step.world().FindJob(job));
  }
}

void RunMoves(StepContext& step) {
  FailoverState& failover = step.failover();
  PassFences(step);
  if (failover.movers.empty()) {
    failover.moves_due = Instant{};
    Refill(failover, step.now());
    return;
  }
  if (step.now() < failover.moves_due) return;
  Refill(failover, step.now());
  const bool isolated = IsIsolated(step.world(), failover.config);
  int64_t moved = 0;
  bool braked = false;
  for (auto at = failover.movers.begin();
       at != failover.movers.end() && failover.tokens_milli >= 1000 && moved < kMovesPerStep;) {
    const JobRecord* record = step.world().FindJob(at->second);
    const Instant when = record == nullptr ? kNoDeadline : MayLeaveAt(step, *record);
    if (when > step.now()) {
      if (when != kNoDeadline) failover.fences.emplace(when, at->second);
      at = failover.movers.erase(at);
      continue;
    }
    const ClusterState& cluster = *step.world().FindCluster(record->cluster);
    const bool held =
        step.world().freeze().frozen || (isolated && !cluster.record.spec.confirmed_lost);
    if (held && !record->approved) {
      braked = true;
      ++at;
      continue;
    }
    at = failover.movers.erase(at);
    failover.tokens_milli -= 1000;
    ++moved;
    ++step.stats().moves;
    step.Emit(PublishStale{record->job});
    AddResidue(step, *record, record->cluster, record->epoch);
    step.Requeue(*record, MoveReasonOf(step, *record));
  }
  failover.moves_due = Instant{};
  if (failover.movers.empty()) return;
  const bool more = moved >= kMovesPerStep;
  failover.moves_due = step.now() + (more ? Milliseconds(1) : braked ? kBrakeRecheck : kMovePause);
}

bool TakeMoveToken(StepContext& step) {
  FailoverState& failover = step.failover();
  Refill(failover, step.now());
  if (failover.tokens_milli < 1000) return false;
  failover.tokens_milli -= 1000;
  return true;
}

Instant NextMove(const StepContext& step) {
  const FailoverState& failover = const_cast<StepContext&>(step).failover();
  Instant next = failover.movers.empty() ? Instant{} : failover.moves_due;
  if (!failover.fences.empty()) {
    const Instant fence = failover.fences.begin()->first;
    if (!next || fence < next) next = fence;
  }
  return next;
}

}  // namespace fairway::scheduler
