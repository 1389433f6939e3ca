// Whom a drill concerns. Pure functions of the world.
#pragma once

#include <string>

#include "scheduler/failover/config.h"
#include "scheduler/world.h"

namespace fairway::scheduler {

// The wish names this cluster.
bool IsDrilled(const DrillWish& wish, ClusterId cluster);
// The drill may move this job, as far as its name and id are concerned.
bool InScope(const DrillWish& wish, const JobRecord& record);
// The job is on a cluster that a drill cuts off now, and outside its scope: it stays there whatever
// happens, and gets no lease that could end it.
bool IsSpared(const World& world, const JobRecord& record);
// What is done with the job if its cluster is lost now: its own policy, or kNever when a drill
// spares it. Its spec must be known.
FailoverPolicy PolicyNow(const World& world, const JobRecord& record);

// A cluster whose link is in order, or that was never heard of.
bool IsWell(const ClusterState& cluster);
// Why a live drill cannot begin now, in a sentence; "" when it can.
std::string WhyNoDrill(const World& world, const DrillWish& wish);

}  // namespace fairway::scheduler
