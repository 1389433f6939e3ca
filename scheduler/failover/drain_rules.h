// Which jobs a drain moves, and which may return afterwards: the rules that the core acts by and
// that plans (drain_plan.h) are made with. Pure.
#pragma once

#include "scheduler/failover/drain.h"
#include "scheduler/placement.h"
#include "scheduler/world.h"

namespace fairway::scheduler {

enum class DrainStep : uint8_t {
  kNone,    // no live copy: finished, ending, or lost with its cluster
  kMoving,  // being withdrawn
  kStays,   // runs, and may end there
  kLeaves,
};

DrainStep DrainStepOf(const JobRecord& record, const DrainWish& wish, Instant now);

// It leaves only for a cluster that has room: the drain is graceful, and the copy does something.
bool LeavesForRoom(const JobRecord& record, const DrainWish& wish);

// The record as it will be once its copy is gone: waiting, after an epoch that ended for `reason`.
JobRecord AsQueued(const JobRecord& record, Instant now, EndReason reason);

// The cluster that the job was first moved off by a failover or a drain since it was last
// rebalanced; 0 = none, or it is there.
ClusterId HomeOf(const JobRecord& record);

// The job may go home as far as it, its cluster and time are concerned; whether it fits there is to
// be asked.
bool MayGoHome(const World& world, const FailoverConfig& config, const JobRecord& record,
               Instant now);

}  // namespace fairway::scheduler
