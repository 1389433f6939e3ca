// Promise: once a job's result is committed, the core asks for no copy of it again.
#pragma once

#include <string>

#include "scheduler/command.h"
#include "tests/sim/sim_context.h"

namespace fairway::sim {

inline void CheckNotFinished(SimContext& sim, const scheduler::Dispatch& dispatch) {
  const auto job = sim.jobs.find(WholeOf(dispatch.job));
  if (job != sim.jobs.end() && job->second.finished) {
    sim.Fail(kExitCorrectness, "finished_stays_finished",
             "job " + std::to_string(dispatch.job.value) + " is finished and dispatched again");
  }
}

}  // namespace fairway::sim
