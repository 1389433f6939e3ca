// What failover asks of the world: is it us, and who is fenced. Pure.
#pragma once

#include "scheduler/failover/config.h"
#include "scheduler/world.h"

namespace fairway::scheduler {

// Two or more clusters lost within FailoverConfig::isolation_window of each other, or all: then it
// is our own connection, and nothing moves unless an operator confirms the loss. One of two is no
// such sign: the other one answers. A fleet of one has nowhere to move to.
bool IsIsolated(const World& world, const FailoverConfig& config);

// A copy of this job is to end by itself unless it is renewed: policy `fenced`, and there is
// another cluster to go to.
bool WantsLease(const World& world, const JobRecord& record);

// Its copy on this cluster ends by itself, and nothing that could start it anew is under way.
bool IsFenceable(const ClusterState& cluster, const JobRecord& record);

}  // namespace fairway::scheduler
