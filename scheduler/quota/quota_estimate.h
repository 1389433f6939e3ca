// When a job may start: running jobs are expected to end, in order, until enough quota is free.
#pragma once

#include <vector>

#include "scheduler/quota/preemption.h"
#include "scheduler/world.h"

namespace fairway::scheduler {

struct StartEstimate {
  Instant start;   // 0 = not known
  Duration error;  // either way
};

// For `amount` more of one slot in one queue. Looks at no more than kEstimateJobsMax running jobs.
StartEstimate EstimateStart(World& world, int32_t node, int32_t slot, int64_t amount, Instant now);
inline constexpr size_t kEstimateJobsMax = 4096;
// How long jobs of this one's LocalQueue took, where at least so many have ended; else null.
const RunTimes* PastRuns(const World& world, const JobSpec& spec, int64_t least);
inline constexpr int64_t kRunsMin = 8;  // what fewer took says little

// There are victims, and by how long jobs of their LocalQueues took before all of them have ended
// within QuotaSettings::ends_awaited from now. False where nothing is known.
bool AreAboutToEnd(const World& world, const std::vector<Victim>& victims, Instant now);

}  // namespace fairway::scheduler
