#include "scheduler/drill/conduct.h"

#include <algorithm>
#include <utility>

#include "scheduler/failover/failover.h"

namespace fairway::scheduler {
namespace {

constexpr int kDrillScanPerStep = 256;
constexpr Duration kDrillScanPause = Milliseconds(1);
constexpr Duration kLook = Milliseconds(500);

DrillWatch& WatchOf(StepContext& step) { return step.state().drill; }

void Save(StepContext& step, DrillRecord record) { step.Persist(PutDrill{std::move(record)}); }

// It is over, and says why.
void Finish(StepContext& step, DrillRecord record) {
  // Leases begin again, and jobs of a cluster that did not return are judged anew.
  const std::vector<ClusterId> clusters = record.wish.clusters;
  Save(step, std::move(record));
  step.Persist(EraseDrill{});
  WatchOf(step) = {};
  for (const ClusterId cluster : clusters) {
    const ClusterState* state = step.world().FindCluster(cluster);
    if (state == nullptr) continue;
    if (IsLost(state->record.link.state)) BeginMarking(step, cluster);
    if (state->jobs > 0) WantRenewals(step, cluster);
  }
}

void Restore(StepContext& step, DrillRecord record, DrillEnd end) {
  record.phase = DrillPhase::kReturning;
  record.end = end;
  record.restored_at = step.now();
  for (const ClusterId cluster : record.wish.clusters) step.Emit(RestoreLink{cluster});
  WatchOf(step).due = step.now() + kLook;
  Save(step, std::move(record));
}

void Stop(StepContext& step, DrillRecord record, DrillEnd end) {
  if (record.phase == DrillPhase::kCut) return Restore(step, std::move(record), end);
  if (record.phase == DrillPhase::kReturning) return;
  record.end = end;
  Finish(step, std::move(record));
}

// Of DrillWatch::unprotected: the first round over the jobs counts up from here.
constexpr int64_t kFirstRound = INT64_MIN;

// Renewals that were asked for before the drill may still be on their way, whatever is known of the
// copy's deadline. So that is void, and the copy is told anew, as when its policy changes: a report
// of the new generation is about a copy that no earlier request can reach any more.
void VoidLeaseOf(StepContext& step, JobRecord record) {
  VoidLease(record);
  record.dispatch_pending = true;
  step.EmitDispatch(record);
  step.PutRecord(std::move(record));
}

// The lease of a copy outside the scope is to go; false while it is there, or may be.
bool Protect(StepContext& step, const JobRecord& record) {
  if (!IsSpared(step.world(), record)) return true;
  const bool has_copy = record.state == JobState::kPlacing ||
                        record.state == JobState::kDispatched || record.state == JobState::kRunning;
  if (!has_copy) return true;
  // A suspended copy has no deadline, but it has to be told first.
  if (record.suspended) return !record.dispatch_pending;
  // Of another policy, and never since it was placed of this one: it has had no lease.
  const bool fenced = step.world().FindSpec(record.spec)->failover == FailoverPolicy::kFenced;
  if (!fenced && !record.leased && record.lease_generation == 0) return true;
  if (WatchOf(step).unprotected < 0) {
    VoidLeaseOf(step, record);
    return false;
  }
  if (record.leased) step.Emit(RenewLease{record.job, record.cluster, record.epoch, {}});
  // One that has not been seen to start may start with the lease that its first dispatch had.
  return record.started && !record.leased && !record.dispatch_pending;
}

// One slice of a round over the jobs of all its clusters. True when the round is over.
bool Scan(StepContext& step, const DrillWish& wish) {
  DrillWatch& watch = WatchOf(step);
  const World::JobsByCluster& live = step.world().live_by_cluster();
  std::vector<JobId> slice;
  while (watch.scanned_cluster < wish.clusters.size()) {
    const ClusterId cluster = wish.clusters[watch.scanned_cluster];
    auto at = live.upper_bound({cluster, watch.scanned});
    for (; at != live.end() && at->first == cluster; ++at) {
      if (slice.size() == kDrillScanPerStep) break;
      slice.push_back(at->second);
      watch.scanned = at->second;
    }
    if (at != live.end() && at->first == cluster) break;
    watch.scanned = JobId{};
    ++watch.scanned_cluster;
  }
  for (const JobId job : slice) {
    watch.unprotected += Protect(step, *step.world().FindJob(job)) ? 0 : 1;
  }
  return watch.scanned_cluster == wish.clusters.size();
}

void Cut(StepContext& step, DrillRecord record) {
  record.phase = DrillPhase::kCut;
  record.cut_at = step.now();
  record.until = step.now() + record.wish.cut_for;
  for (const ClusterId cluster : record.wish.clusters) step.Emit(CutLink{cluster});
  WatchOf(step).due = step.now() + kLook;
  Save(step, std::move(record));
}

// Its clusters are all in order still: what is cut is a healthy link.
bool MayCut(const World& world, const DrillWish& wish) {
  for (const ClusterId cluster : wish.clusters) {
    const ClusterState& state = *world.FindCluster(cluster);
    if (!state.ready || state.record.link.state != LinkState::kReady) return false;
  }
  return true;
}

void Prepare(StepContext& step, const DrillRecord& record) {
  DrillWatch& watch = WatchOf(step);
  if (!MayCut(step.world(), record.wish)) return Stop(step, record, DrillEnd::kUnhealthy);
  const bool over = Scan(step, record.wish);
  watch.due = step.now() + (over ? kLook : kDrillScanPause);
  if (!over) return;
  watch.scanned_cluster = 0;
  const int64_t left = std::exchange(watch.unprotected, 0);
  const bool safe = left == 0 || left == kFirstRound;
  if (safe) return Cut(step, record);
  if (step.now() < record.began + kDrillPrepareMax) return;
  Stop(step, record, DrillEnd::kUnprotected);
}

// Why the drill must not go on, beside its time being over.
DrillEnd WhyStop(const World& world, const DrillWish& wish) {
  for (const ClusterId cluster : wish.clusters) {
    if (world.FindCluster(cluster) == nullptr) return DrillEnd::kClusterRemoved;
  }
  if (wish.abort_unhealthy) {
    for (const auto& [id, cluster] : world.clusters()) {
      if (!IsDrilled(wish, id) && !IsWell(cluster)) return DrillEnd::kUnhealthy;
    }
  }
  const bool crowded =
      wish.pending_max >= 0 && world.CountJobs(JobState::kQueued) > wish.pending_max;
  return crowded ? DrillEnd::kBacklog : DrillEnd::kNone;
}

// Back in order, and nothing that was given up there is left.
bool HasReturned(const World& world, ClusterId cluster) {
  const ClusterState* state = world.FindCluster(cluster);
  if (state == nullptr) return true;
  const LinkState link = state->record.link.state;
  if (!state->ready || (link != LinkState::kReady && link != LinkState::kProbation)) return false;
  const World::JobsByCluster& residue = world.residue_by_cluster();
  const auto at = residue.lower_bound({cluster, JobId{}});
  return at == residue.end() || at->first != cluster;
}

void AwaitReturn(StepContext& step, DrillRecord record) {
  const World& world = step.world();
  const FailoverConfig& config = step.failover().config;
  Duration silence{};
  bool back = true;
  for (const ClusterId cluster : record.wish.clusters) {
    back = back && HasReturned(world, cluster);
    if (const ClusterState* state = world.FindCluster(cluster)) {
      const FailoverThresholds bounds = Effective(state->record.spec.failover, config);
      silence = std::max(silence, bounds.unreachable_after);
    }
  }
  const bool late = record.restored_at + silence + kDrillReturnMax <= step.now();
  WatchOf(step).due = step.now() + kLook;
  if (!back && !late) return;
  record.overdue = !back;
  Finish(step, std::move(record));
}

}  // namespace

void On(StepContext& step, const DrillAsked& event) {
  const DrillRecord& known = step.world().drill();
  if (event.wish == nullptr) {
    if (known.wish.id == event.id) Stop(step, known, DrillEnd::kAborted);
    return;
  }
  if (!WhyNoDrill(step.world(), *event.wish).empty()) return;
  DrillRecord record;
  record.phase = DrillPhase::kPreparing;
  record.began = step.now();
  record.wish = *event.wish;
  WatchOf(step) = {};
  WatchOf(step).unprotected = kFirstRound;
  WatchOf(step).due = step.now();
  Save(step, std::move(record));
}

void RecoverDrill(StepContext& step) {
  const DrillRecord record = step.world().drill();
  if (record.phase == DrillPhase::kNone) return;
  if (record.phase == DrillPhase::kReturning) {
    WatchOf(step).due = step.now() + kLook;
    return;
  }
  Stop(step, record, DrillEnd::kInterrupted);
}

void RunDrill(StepContext& step) {
  const DrillRecord record = step.world().drill();
  const Instant due = WatchOf(step).due;
  if (record.phase == DrillPhase::kNone || !due || step.now() < due) return;
  if (record.phase == DrillPhase::kReturning) return AwaitReturn(step, record);
  const DrillEnd trouble = WhyStop(step.world(), record.wish);
  if (trouble != DrillEnd::kNone) return Stop(step, record, trouble);
  if (record.phase == DrillPhase::kPreparing) return Prepare(step, record);
  if (record.until <= step.now()) return Restore(step, record, DrillEnd::kCompleted);
  WatchOf(step).due = std::min(step.now() + kLook, record.until);
}

Instant NextDrillLook(const StepContext& step) {
  return const_cast<StepContext&>(step).state().drill.due;
}

std::string_view DrillEndName(DrillEnd end) {
  switch (end) {
    case DrillEnd::kNone:
      return "";
    case DrillEnd::kCompleted:
      return "Completed";
    case DrillEnd::kAborted:
      return "AbortedByOperator";
    case DrillEnd::kUnhealthy:
      return "ClusterUnhealthy";
    case DrillEnd::kBacklog:
      return "BacklogTooLarge";
    case DrillEnd::kUnprotected:
      return "JobsNotProtected";
    case DrillEnd::kInterrupted:
      return "GatewayRestarted";
    case DrillEnd::kClusterRemoved:
      return "ClusterRemoved";
  }
  return "";
}

}  // namespace fairway::scheduler
