// What becomes of the world after a restore: the store is older than what the members have. Pure,
// as Core::Step is; asked once, when every member has told what it has and nothing was sent to any.
#pragma once

#include <vector>

#include "scheduler/edit.h"
#include "scheduler/instant.h"
#include "scheduler/world.h"

namespace fairway::scheduler {

// One copy of a job that a member was found to have.
struct FoundCopy {
  JobId job;
  Epoch epoch;
  ClusterId cluster;
  bool finished = false;  // with a result of its own, good or bad
};

struct RestoreRules {
  // Jobs with a greater id were submitted since: no member can have a copy of them.
  JobId last_restored;
  // What no member accounts for runs again as usual. False: it is held until somebody decides.
  bool run_missing = false;
};

struct RestorePlan {
  std::vector<Edit> edits;     // to be applied and saved in this order
  std::vector<JobId> adopted;  // their copies are newer or elsewhere
  std::vector<JobId> held;     // their objects must be suspended too, in the same batch
};

// The newest epoch of each unfinished job is adopted; its state and result follow as reports. A job
// that no member has may never have run, or have run, ended and been deleted: it is held.
RestorePlan PlanRestored(Instant now, const World& world, const std::vector<FoundCopy>& copies,
                         const RestoreRules& rules);

}  // namespace fairway::scheduler
