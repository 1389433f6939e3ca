// Deadline leases (Gray and Cheriton, 1989) on stock Jobs: the member's own Job controller ends a
// copy at spec.activeDeadlineSeconds, and we keep moving that on.
#include <algorithm>

#include "scheduler/drill/scope.h"
#include "scheduler/failover/failover.h"

namespace fairway::scheduler {
namespace {

// A round over all live jobs of a cluster takes a third of the lease, in so many slices.
constexpr int64_t kSlices = 16;
constexpr Duration kTickMin = Milliseconds(100);
// The horizon is saved so much further than needed, so that it is not saved at every tick.
constexpr Duration kHorizonStepMax = Seconds(5);

Duration LeaseOf(StepContext& step, ClusterId cluster) {
  const ClusterSpec& spec = step.world().FindCluster(cluster)->record.spec;
  return Effective(spec.failover, step.failover().config).lease;
}

bool IsUp(StepContext& step, ClusterId cluster) {
  const LinkWatch& watch = step.failover().links[cluster];
  return watch.up || watch.answering;
}

void RenewOne(StepContext& step, const JobRecord& record, Instant until, LinkWatch& watch) {
  const bool runs = record.state == JobState::kDispatched || record.state == JobState::kRunning;
  if (!runs || record.suspended) return;
  if (!record.started) {
    const bool late = record.since + step.failover().config.stalled_after < step.now();
    // One whose pods were seen was started, whatever is known of its deadline.
    const bool waits = record.state == JobState::kDispatched && !record.dispatch_pending;
    if (late && waits) watch.saw_unstarted = true;
    return;
  }
  if (IsSpared(step.world(), record)) {  // the drill sees to it that it goes
    if (record.leased) step.Emit(RenewLease{record.job, record.cluster, record.epoch, {}});
    return;
  }
  if (!record.leased && !WantsLease(step.world(), record)) return;
  if (!step.world().FindCluster(record.cluster)->record.link.clock_at) return;
  RaiseHorizon(step, record.cluster, until);
  ++step.stats().renewals;
  step.Emit(RenewLease{record.job, record.cluster, record.epoch, until});
}

// A round is over: does the member's Job controller do its work?
void EndRound(StepContext& step, ClusterId cluster, LinkWatch& watch) {
  watch.renew_after = JobId{};
  const bool stalled = std::exchange(watch.saw_unstarted, false);
  LinkRecord link = step.world().FindCluster(cluster)->record.link;
  if (link.stalled == stalled) return;
  link.stalled = stalled;
  SetLink(step, cluster, link);
  step.Emit(PublishCluster{cluster});
}

void RenewSlice(StepContext& step, ClusterId cluster, LinkWatch& watch) {
  const ClusterState& state = *step.world().FindCluster(cluster);
  if (state.jobs == 0) {
    // Nothing is there that could show whether its controller works: it gets another chance.
    watch.renew_at = Instant{};
    watch.saw_unstarted = false;
    return EndRound(step, cluster, watch);
  }
  const Duration lease = LeaseOf(step, cluster);
  watch.renew_at = step.now() + std::max(Duration{lease.ms / 3 / kSlices}, kTickMin);
  if (!IsWritable(state.record.link.state) || !IsUp(step, cluster)) return;
  const Instant until = step.now() + lease;
  if (!watch.renew_after) watch.round_at = step.now();
  std::vector<JobId> slice;
  const World::JobsByCluster& live = step.world().live_by_cluster();
  auto at = live.upper_bound({cluster, watch.renew_after});
  for (int64_t left = state.jobs / kSlices + 1;
       left > 0 && at != live.end() && at->first == cluster; ++at, --left) {
    slice.push_back(at->second);
  }
  for (const JobId job : slice) RenewOne(step, *step.world().FindJob(job), until, watch);
  if (!slice.empty()) watch.renew_after = slice.back();
  if (at != live.end() && at->first == cluster) return;
  watch.renew_at = std::max(watch.renew_at, watch.round_at + Duration{lease.ms / 3});
  EndRound(step, cluster, watch);
}

}  // namespace

bool WantsLease(const World& world, const JobRecord& record) {
  const JobSpec* spec = world.FindSpec(record.spec);
  return spec != nullptr && spec->failover == FailoverPolicy::kFenced &&
         world.clusters().size() > 1 && !IsSpared(world, record);
}

void RaiseHorizon(StepContext& step, ClusterId cluster, Instant until) {
  LinkRecord link = step.world().FindCluster(cluster)->record.link;
  if (until <= link.horizon) return;
  const Duration lease = LeaseOf(step, cluster);
  link.horizon = until + std::min(Duration{lease.ms / 16}, kHorizonStepMax);
  SetLink(step, cluster, link);
}

Instant LeaseForDispatch(StepContext& step, const JobRecord& record) {
  if (!record.leased && !WantsLease(step.world(), record)) return {};
  const Instant until = step.now() + LeaseOf(step, record.cluster);
  RaiseHorizon(step, record.cluster, until);
  WantRenewals(step, record.cluster);
  return until;
}

void VoidLease(JobRecord& record) {
  record.started = false;
  record.leased = false;
  ++record.lease_generation;
}

void TakeLeaseReport(StepContext& step, JobRecord& record, const RunObserved& event) {
  if (event.lease_generation != record.lease_generation || !event.ends) return;
  if (event.phase == RunPhase::kSuspended) return;
  record.started = true;
  if (event.ends == kNoDeadline) {
    record.leased = false;
    return;
  }
  if (IsSpared(step.world(), record)) {
    if (event.leased) RaiseHorizon(step, record.cluster, event.ends);
    record.leased = event.leased;
    return;
  }
  const JobSpec* spec = step.world().FindSpec(record.spec);
  if (spec == nullptr || spec->failover != FailoverPolicy::kFenced) return;
  // Without a measured clock nobody can say when "then" is.
  if (!step.world().FindCluster(record.cluster)->record.link.clock_at) return;
  // It may have been started later than it was asked for.
  RaiseHorizon(step, record.cluster, event.ends);
  record.leased = true;
}

void WantRenewals(StepContext& step, ClusterId cluster) {
  LinkWatch& watch = step.failover().links[cluster];
  const ClusterState& state = *step.world().FindCluster(cluster);
  if (watch.renew_at) return;
  // A fleet of one gives no leases.
  if (step.world().clusters().size() < 2 && !state.record.link.stalled) return;
  watch.renew_at =
      step.now() + std::max(Duration{LeaseOf(step, cluster).ms / 3 / kSlices}, kTickMin);
  step.failover().dirty = true;
}

void RenewLeases(StepContext& step) {
  for (auto& [cluster, watch] : step.failover().links) {
    if (!watch.renew_at || step.now() < watch.renew_at) continue;
    if (step.world().FindCluster(cluster) == nullptr) {
      watch.renew_at = Instant{};
    } else {
      RenewSlice(step, cluster, watch);
    }
  }
}

Instant FenceEnd(const World& world, const FailoverConfig& config, const JobRecord& record) {
  const LinkRecord& link = world.FindCluster(record.cluster)->record.link;
  const JobSpec* spec = world.FindSpec(record.spec);
  const int64_t grace = spec == nullptr ? 0 : std::max(spec->grace_seconds, 0);
  return link.horizon + link.clock_error + config.clock_skew_max + Seconds(grace) + config.guard;
}

void On(StepContext& step, const ClockObserved& event) {
  const ClusterState* known = step.world().FindCluster(event.cluster);
  if (known == nullptr) {
    ++step.stats().unknown_reports;
    return;
  }
  LinkRecord link = known->record.link;
  const Duration moved{std::abs(event.offset.ms - link.clock_offset.ms)};
  const bool first = !link.clock_at;
  // Within what we know already: nothing new, unless that is much coarser, and no lease that was
  // reckoned with it is left.
  const bool agrees = !first && moved.ms + event.error.ms <= link.clock_error.ms;
  const bool finer =
      event.error.ms * 2 < link.clock_error.ms &&
      LeaseOf(step, event.cluster) + LeaseOf(step, event.cluster) < step.now() - link.clock_at;
  if (agrees && !finer) return;
  // Leases that were reckoned with the old offset may end by so much later than we think.
  link.clock_error =
      first || finer ? event.error + (finer ? moved : Duration{}) : event.error + moved;
  link.clock_offset = event.offset;
  link.clock_at = step.now();
  SetLink(step, event.cluster, link);
}

}  // namespace fairway::scheduler
