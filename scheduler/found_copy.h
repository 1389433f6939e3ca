// One copy of a job that a member was found to have. What CopiesFound points to.
#pragma once

#include "scheduler/ids.h"

namespace fairway::scheduler {

struct FoundCopy {
  JobId job;
  Epoch epoch;
  ClusterId cluster;
  bool finished = false;  // with a result of its own, good or bad
};

}  // namespace fairway::scheduler
