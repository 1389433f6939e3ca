// What is remembered of a job's epochs that have ended.
#pragma once

#include <vector>

#include "scheduler/records.h"

namespace fairway::scheduler {

// Adds one, at most kFormerEpochsMax in all. What keeps its cluster out of the running is the last
// to be forgotten.
void AddFormer(std::vector<FormerEpoch>& former, const FormerEpoch& ended);

}  // namespace fairway::scheduler
