// The family of a split job: the whole and its parts, which are found by their ids.
#pragma once

#include <vector>

#include "scheduler/world.h"

namespace fairway::scheduler {

// The records of the parts, by number; none when the job is not split.
std::vector<const JobRecord*> PartsOf(const World& world, JobId whole);

// Clusters where a copy of another member of this job's family is or may be: one that is placed
// there, finished there, or was left behind there.
std::vector<ClusterId> ClustersOfFamily(const World& world, JobId job);
bool FamilyIsOn(const World& world, JobId job, ClusterId cluster);

}  // namespace fairway::scheduler
