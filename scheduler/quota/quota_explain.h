// Why a job with a LocalQueue waits, level by level, and what would admit it.
#pragma once

#include "scheduler/decision.h"
#include "scheduler/world.h"

namespace fairway::scheduler {

// ExplainJob with the quota part. Not const: it asks the planner, which fills caches and undoes
// what it tries. Cold, like ExplainJob.
Decision ExplainQueued(World& world, const JobRecord& record, Instant now);

}  // namespace fairway::scheduler
