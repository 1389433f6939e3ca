// Promise: a success that is told of a job's copy counts as long as nothing else has: also when the
// copy was given up meanwhile, or the job runs again by now. Otherwise work would be done twice.
#pragma once

#include <string>

#include "scheduler/world.h"
#include "tests/sim/sim_context.h"

namespace fairway::sim {

// Before the core is told: has this success to count?
inline bool HasToCount(const scheduler::World& world, const scheduler::RunObserved& run) {
  if (run.phase != scheduler::RunPhase::kSucceeded) return false;
  const scheduler::JobRecord* record = world.FindJob(run.job);
  if (record == nullptr || scheduler::IsFinished(*record)) return false;
  if (record->state == scheduler::JobState::kDeleting) return false;
  return (record->cluster == run.cluster && record->epoch == run.epoch) ||
         world.HasResidue(run.job, run.cluster, run.epoch);
}

// After that.
inline void CheckCounted(SimContext& sim, const scheduler::World& world,
                         const scheduler::RunObserved& run) {
  const scheduler::JobRecord* record = world.FindJob(run.job);
  if (record != nullptr && scheduler::IsFinished(*record)) return;
  sim.Fail(kExitCorrectness, "success_wins",
           "job " + std::to_string(run.job.value) + " succeeded in epoch " +
               std::to_string(run.epoch.value) + " and is not finished");
}

}  // namespace fairway::sim
