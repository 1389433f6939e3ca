// What a drain or a removal would do, before anything is done: the core's own rules, asked of a
// copy of the clusters and their live jobs. Pure; O(live jobs). Quota is not asked: a job of a
// queue may have to wait for it besides.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "scheduler/failover/drain_rules.h"

namespace fairway::scheduler {

struct PlannedMove {
  JobId job;
  Epoch epoch;
  std::string name;  // namespace/name
  JobState state = JobState::kQueued;
  int64_t priority = 0;
  DrainStep step = DrainStep::kNone;
  ClusterId to;          // kLeaves: where it would go now; 0 = nowhere
  std::string why;       // why nowhere
  bool stuck = false;    // so it stays until there is room
  bool may_run = false;  // of a removal: its copy there may still be running
};

struct MovePlan {
  std::vector<PlannedMove> jobs;  // in the order in which they leave
  std::map<ClusterId, int64_t> arrivals;
  int64_t leaves = 0, stays = 0, stuck = 0, waits = 0, moving = 0;
};

// `wish.since` is now when it is 0. Jobs of lost clusters are left out: they are failover's.
MovePlan PlanDrain(const World& world, ClusterId cluster, DrainWish wish, Instant now);

struct RemovalPlan {
  MovePlan moves;
  // Copies that stay behind on the cluster, unless it can be reached.
  int64_t finished = 0;                // of jobs that have ended
  int64_t deleting = 0;                // of jobs that are being deleted
  std::vector<ResidueRecord> residue;  // of former epochs of jobs that went elsewhere
  bool reachable = false;
};

RemovalPlan PlanRemoval(const World& world, const FailoverConfig& config, ClusterId cluster,
                        Instant now);

}  // namespace fairway::scheduler
