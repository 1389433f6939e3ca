#include "scheduler/failover/drain_plan.h"

#include <algorithm>
#include <utility>

#include "scheduler/failover/failover.h"
#include "scheduler/measured_capacity.h"

namespace fairway::scheduler {
namespace {

// Clusters as they were measured, and the jobs that hold room there.
World CopyOfLive(const World& world) {
  World copy;
  copy.SetWeights(world.weights());
  for (const auto& [id, state] : world.clusters()) {
    copy.Apply(PutCluster{state.record});
    if (state.measured) {
      const Capacity measured = MeasuredCapacity(state);
      copy.ObserveCapacity(id, measured);
    }
    copy.ObserveLink(id, state.ready);
  }
  for (const auto& [id, entry] : world.specs().entries()) copy.Apply(PutSpec{id, entry->spec});
  for (const auto& [cluster, job] : world.live_by_cluster()) {
    JobRecord record = *world.FindJob(job);
    record.quota.Reset();
    copy.Apply(PutJob{std::move(record)});
  }
  return copy;
}

class DrainPlanner {
 public:
  DrainPlanner(const World& world, ClusterId cluster, Instant now)
      : copy_(CopyOfLive(world)), cluster_(cluster), now_(now) {}

  void Close(const DrainWish& wish) {
    ClusterRecord record = copy_.FindCluster(cluster_)->record;
    record.spec.drain = wish;
    copy_.Apply(PutCluster{std::move(record)});
  }

  // In the order in which they would leave. `is_leaving` says what becomes of each.
  template <typename StepOf>
  MovePlan Plan(const DrainWish& wish, EndReason reason, StepOf step_of) {
    MovePlan plan;
    const World::JobsByCluster& live = copy_.live_by_cluster();
    for (auto at = live.lower_bound({cluster_, JobId{}}); at != live.end() && at->first == cluster_;
         ++at) {
      const JobRecord& record = *copy_.FindJob(at->second);
      PlannedMove move;
      move.job = record.job;
      move.epoch = record.epoch;
      move.name = record.name;
      move.state = record.state;
      const JobSpec* spec = copy_.FindSpec(record.spec);
      move.priority = spec == nullptr ? 0 : spec->priority;
      move.step = step_of(record);
      if (move.step != DrainStep::kNone) plan.jobs.push_back(std::move(move));
    }
    std::sort(plan.jobs.begin(), plan.jobs.end(), [](const PlannedMove& a, const PlannedMove& b) {
      return std::pair(-a.priority, a.job) < std::pair(-b.priority, b.job);
    });
    for (PlannedMove& move : plan.jobs) Decide(move, wish, reason, plan);
    return plan;
  }

 private:
  void Decide(PlannedMove& move, const DrainWish& wish, EndReason reason, MovePlan& plan) {
    if (move.step == DrainStep::kStays) ++plan.stays;
    if (move.step == DrainStep::kMoving) ++plan.moving;
    if (move.step != DrainStep::kLeaves) return;
    const JobRecord record = *copy_.FindJob(move.job);
    JobRecord waiting = AsQueued(record, now_, reason);
    if (record.suspended) {  // it asks for no room
      ++plan.leaves;
      return;
    }
    const GroupId group = GroupOf(waiting);
    if (!full_.contains(group)) move.to = PlaceJob(copy_, waiting).cluster;
    if (!move.to) {
      auto [known, is_new] = full_.try_emplace(group);
      if (is_new) known->second = ExplainJob(copy_, waiting).message;
      move.why = known->second;
      move.stuck = LeavesForRoom(record, wish);
      ++(move.stuck ? plan.stuck : plan.waits);
      if (!move.stuck) copy_.Apply(PutJob{std::move(waiting)});
      return;
    }
    ++plan.leaves;
    ++plan.arrivals[move.to];
    waiting.state = JobState::kPlacing;
    waiting.cluster = move.to;
    waiting.epoch = Epoch{record.epoch.value + 1};
    copy_.Apply(PutJob{std::move(waiting)});
  }

  World copy_;
  const ClusterId cluster_;
  const Instant now_;
  absl::btree_map<GroupId, std::string> full_;
};

// The operator vouches for the cluster: nobody asks whether its copies have ended.
bool MayStillRun(const World& world, const FailoverConfig& config, const JobRecord& record,
                 Instant now) {
  const ClusterState& cluster = *world.FindCluster(record.cluster);
  if (record.suspended && record.state != JobState::kRequeued) return false;
  if (record.state == JobState::kFenced) return false;
  return !(IsFenceable(cluster, record) && IsLost(cluster.record.link.state) &&
           FenceEnd(world, config, record) <= now);
}

}  // namespace

MovePlan PlanDrain(const World& world, ClusterId cluster, DrainWish wish, Instant now) {
  if (!wish.since) wish.since = now;
  DrainPlanner planner(world, cluster, now);
  planner.Close(wish);
  return planner.Plan(wish, EndReason::kDrained,
                      [&](const JobRecord& record) { return DrainStepOf(record, wish, now); });
}

RemovalPlan PlanRemoval(const World& world, const FailoverConfig& config, ClusterId cluster,
                        Instant now) {
  RemovalPlan plan;
  const ClusterState& state = *world.FindCluster(cluster);
  plan.reachable = state.ready && IsWritable(state.record.link.state);
  DrainWish wish;
  wish.mode = DrainMode::kNow;
  DrainPlanner planner(world, cluster, now);
  planner.Close(wish);
  plan.moves = planner.Plan(wish, EndReason::kClusterRemoved, [](const JobRecord& record) {
    const bool ends = record.state == JobState::kDeleting || IsFinished(record);
    return ends ? DrainStep::kNone : DrainStep::kLeaves;
  });
  for (PlannedMove& move : plan.moves.jobs) {
    move.may_run = MayStillRun(world, config, *world.FindJob(move.job), now);
  }
  const World::JobsByCluster& all = world.jobs_by_cluster();
  for (auto at = all.lower_bound({cluster, JobId{}}); at != all.end() && at->first == cluster;
       ++at) {
    const JobRecord& record = *world.FindJob(at->second);
    if (record.state == JobState::kDeleting) {
      ++plan.deleting;
    } else if (IsFinished(record)) {
      ++plan.finished;
    }
  }
  const World::JobsByCluster& residue = world.residue_by_cluster();
  for (auto at = residue.lower_bound({cluster, JobId{}});
       at != residue.end() && at->first == cluster; ++at) {
    plan.residue.push_back(world.residues().find(at->second)->second);
    std::erase_if(plan.residue.back().copies,
                  [&](const Residue& copy) { return copy.cluster != cluster; });
  }
  return plan;
}

}  // namespace fairway::scheduler
