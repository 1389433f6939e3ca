// Emptying clusters: rounds over a cluster's jobs find out who is to leave, and departures follow
// within the budget, highest priority first. Bounded per step.
#include "scheduler/failover/drains.h"

#include <utility>
#include <vector>

namespace fairway::scheduler {
namespace {

constexpr int kDrainScanPerStep = 256;
constexpr int kDrainTriesPerStep = 64;
constexpr Duration kDrainScanPause = Milliseconds(1);
// Room comes and goes elsewhere, and deadlines pass.
constexpr Duration kRound = Milliseconds(1000);
// A job that waits longer than this for the place that it left for has lost it to others: it waits
// like any other, and the drain goes on.
constexpr Duration kPlaceWait = Seconds(30);

void CountOne(StepContext& step, const DrainWish& wish, DrainWatch& watch,
              const JobRecord& record) {
  DrainProgress& round = watch.round;
  if (record.cluster) ++round.left;
  switch (DrainStepOf(record, wish, step.now())) {
    case DrainStep::kStays:
      ++round.stays;
      break;
    case DrainStep::kLeaves: {
      const JobSpec* spec = step.world().FindSpec(record.spec);
      watch.ready.emplace(-static_cast<int64_t>(spec == nullptr ? 0 : spec->priority), record.job);
      break;
    }
    case DrainStep::kNone:
    case DrainStep::kMoving:
      break;
  }
}

// One slice of a round. True when the round is over.
bool Scan(StepContext& step, ClusterId cluster, const DrainWish& wish, DrainWatch& watch) {
  if (!watch.scanning) {
    watch.scanning = true;
    watch.scanned = JobId{};
    watch.round = {};
    watch.ready.clear();
  }
  const World::JobsByCluster& live = step.world().live_by_cluster();
  auto at = live.upper_bound({cluster, watch.scanned});
  for (int i = 0; i < kDrainScanPerStep; ++i, ++at) {
    if (at == live.end() || at->first != cluster) {
      watch.scanning = false;
      return true;
    }
    watch.scanned = at->second;
    CountOne(step, wish, watch, *step.world().FindJob(at->second));
  }
  return false;
}

// Still on its way: its copy is being withdrawn or, after a graceful departure, it waits for the
// place that it left for.
bool IsMoving(const World& world, const DrainWish& wish, JobId job, Instant now) {
  const JobRecord* record = world.FindJob(job);
  if (record == nullptr) return false;
  if (record->state == JobState::kRequeued) return record->ending == EndReason::kDrained;
  return wish.mode == DrainMode::kGraceful && record->state == JobState::kQueued &&
         !record->suspended && now < record->since + kPlaceWait && !record->former.empty() &&
         record->former.back().reason == EndReason::kDrained;
}

void Settle(StepContext& step, const DrainWish& wish, DrainWatch& watch) {
  for (auto at = watch.moving.begin(); at != watch.moving.end();) {
    if (IsMoving(step.world(), wish, *at, step.now())) {
      ++at;
    } else {
      at = watch.moving.erase(at);
      ++watch.shown.moved;
    }
  }
}

class DrainDepartures {
 public:
  DrainDepartures(StepContext& step, const DrainWish& wish, DrainWatch& watch)
      : step_(step), wish_(wish), watch_(watch) {}

  void Run(ClusterId cluster) {
    const auto most = static_cast<size_t>(MovingMax(wish_));
    int tries = 0;
    while (!watch_.ready.empty() && watch_.moving.size() < most && tries < kDrainTriesPerStep) {
      const JobId job = watch_.ready.begin()->second;
      watch_.ready.erase(watch_.ready.begin());
      const JobRecord* record = step_.world().FindJob(job);
      if (record == nullptr || record->cluster != cluster) continue;
      if (DrainStepOf(*record, wish_, step_.now()) != DrainStep::kLeaves) continue;
      ++tries;
      if (LeavesForRoom(*record, wish_) && !HasRoom(*record)) {
        ++watch_.shown.stuck;
        continue;
      }
      watch_.moving.insert(job);
      step_.GiveUpEpoch(*record, EndReason::kDrained);
    }
  }

 private:
  // Likes of a job that found no room in this step find none either.
  bool HasRoom(const JobRecord& record) {
    const JobRecord waiting = AsQueued(record, step_.now(), EndReason::kDrained);
    const GroupId group = GroupOf(waiting);
    if (full_.contains(group)) return false;
    if (PlaceJob(step_.world(), waiting).cluster) return true;
    full_.insert(group);
    if (watch_.shown.stuck_why.empty()) {
      watch_.shown.stuck_why = record.name + ": " + ExplainJob(step_.world(), waiting).message;
    }
    return false;
  }

  StepContext& step_;
  const DrainWish& wish_;
  DrainWatch& watch_;
  absl::btree_set<GroupId> full_;
};

// What the last round has found, before departures say who of it is stuck.
void TakeRound(DrainWatch& watch) {
  const int64_t moved = watch.shown.moved;
  watch.shown = std::exchange(watch.round, {});
  watch.shown.moved = moved;
}

void RunDrain(StepContext& step, ClusterId cluster, DrainWatch& watch) {
  const ClusterState& state = *step.world().FindCluster(cluster);
  const DrainWish wish = state.record.spec.drain;
  const DrainProgress before = watch.shown;
  Settle(step, wish, watch);
  const bool held = step.world().freeze().frozen || !IsWritable(state.record.link.state);
  if (watch.scanning || !watch.round_at || watch.round_at <= step.now()) {
    if (!Scan(step, cluster, wish, watch)) {
      watch.due = step.now() + kDrainScanPause;
      return;
    }
    watch.round_at = step.now() + kRound;
    TakeRound(watch);
  }
  if (!held) DrainDepartures(step, wish, watch).Run(cluster);
  watch.shown.moving = static_cast<int64_t>(watch.moving.size());
  if (watch.shown != before) step.Emit(PublishDrain{cluster});
  const bool empty = state.jobs == 0 && watch.moving.empty() && watch.shown.left == 0;
  const bool more =
      !held && !watch.ready.empty() && watch.moving.size() < static_cast<size_t>(MovingMax(wish));
  watch.due = more ? step.now() + kDrainScanPause : empty ? Instant{} : watch.round_at;
}

}  // namespace

void DateDrain(Instant now, const ClusterSpec* before, ClusterSpec& spec) {
  spec.drain.since = Instant{};
  if (spec.drain.mode == DrainMode::kNone) {
    spec.drain = {};
    return;
  }
  const bool goes_on = before != nullptr && before->drain.mode != DrainMode::kNone;
  spec.drain.since = goes_on ? before->drain.since : now;
}

void ReviewDrain(StepContext& step, ClusterId cluster) {
  const ClusterState* state = step.world().FindCluster(cluster);
  auto& drains = step.state().drains.clusters;
  if (state == nullptr || state->record.spec.drain.mode == DrainMode::kNone) {
    if (drains.erase(cluster) > 0 && state != nullptr) step.Emit(PublishDrain{cluster});
    return;
  }
  DrainWatch& watch = drains[cluster];
  watch.scanning = false;
  watch.round_at = Instant{};
  watch.due = step.now();
  // Those that an earlier process has given up are its budget still.
  const World::JobsByCluster& live = step.world().live_by_cluster();
  for (auto at = live.lower_bound({cluster, JobId{}}); at != live.end() && at->first == cluster;
       ++at) {
    const JobRecord& record = *step.world().FindJob(at->second);
    if (record.state == JobState::kRequeued && record.ending == EndReason::kDrained) {
      watch.moving.insert(record.job);
    }
  }
  step.Emit(PublishDrain{cluster});
}

void RunDrains(StepContext& step) {
  std::vector<ClusterId> due;
  for (const auto& [cluster, watch] : step.state().drains.clusters) {
    if (watch.due && watch.due <= step.now()) due.push_back(cluster);
  }
  for (const ClusterId cluster : due) {
    RunDrain(step, cluster, step.state().drains.clusters.at(cluster));
  }
}

Instant NextDrain(const StepContext& step) {
  Instant next;
  for (const auto& [cluster, watch] : const_cast<StepContext&>(step).state().drains.clusters) {
    if (watch.due && (!next || watch.due < next)) next = watch.due;
  }
  return next;
}

void WakeDrain(StepContext& step, ClusterId cluster) {
  const auto at = step.state().drains.clusters.find(cluster);
  if (at != step.state().drains.clusters.end()) at->second.due = step.now();
}

}  // namespace fairway::scheduler
