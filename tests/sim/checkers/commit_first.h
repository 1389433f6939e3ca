// Promise: nothing is dispatched before the epoch that it belongs to is durable.
#pragma once

#include <string>

#include "scheduler/command.h"
#include "tests/sim/sim_context.h"

namespace fairway::sim {

inline void CheckCommitted(SimContext& sim, const scheduler::Dispatch& dispatch) {
  if (sim.journal.DurableEpoch(dispatch.job) < dispatch.epoch) {
    sim.Fail(kExitCorrectness, "commit_first",
             "job " + std::to_string(dispatch.job.value) + " is dispatched with epoch " +
                 std::to_string(dispatch.epoch.value) + ", which is not saved");
  }
}

}  // namespace fairway::sim
