// What a rebalance would do, before anything is done: the core's own rules, each job in the order
// in which they would leave, room that an earlier one takes or leaves counted.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "scheduler/failover/rebalance_rules.h"

namespace fairway::scheduler {

struct PlannedRebalance {
  JobId job;
  Epoch epoch;
  std::string name;  // namespace/name
  JobState state = JobState::kQueued;
  ClusterId from;
  RebalanceOffer offer;
  int64_t lost = 0;    // WorkLost
  bool later = false;  // it would gain, but as many as are allowed go before it
};

struct RebalancePlan {
  std::vector<PlannedRebalance> jobs;  // those that move, in order; then those that might and stay
  std::map<ClusterId, int64_t> arrivals, departures;
  int64_t moves = 0, stays = 0, later = 0;
  int64_t moving = 0;       // on their way already
  int64_t not_allowed = 0;  // placed jobs whose authors do not allow it
};

// `moves_max`: 0 = no limit. Not const: it fills caches, and supposes moves that it takes back.
RebalancePlan PlanRebalance(World& world, const RebalanceConfig& config,
                            const RebalanceState& state, int64_t moves_max, Instant now);

}  // namespace fairway::scheduler
