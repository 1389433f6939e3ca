// Promise: a result, once committed, is never changed.
#pragma once

#include <string>

#include "scheduler/records.h"
#include "tests/sim/sim_context.h"

namespace fairway::sim {

inline void CheckResult(SimContext& sim, const scheduler::JobRecord& committed, SimJob& job) {
  const int result = committed.state == scheduler::JobState::kFailed ? 2 : 1;
  if (job.result == 0) job.result = result;
  if (job.result != result) {
    sim.Fail(kExitCorrectness, "result_stands",
             "the result of job " + std::to_string(committed.job.value) + " has changed");
  }
}

}  // namespace fairway::sim
