// Promises: a job whose submission was acknowledged exists until its deletion was asked for, in the
// store and in the core; and its result, once committed, stays.
#pragma once

#include <string>

#include "scheduler/world.h"
#include "tests/sim/sim_context.h"

namespace fairway::sim {

// After a restart, and at quiet: the store and the core know every acknowledged job.
inline void CheckNothingLost(SimContext& sim, const scheduler::World& world) {
  for (const auto& [id, job] : sim.jobs) {
    if (!job.acknowledged || job.released) continue;
    const bool stored = sim.journal.objects().contains(id);
    const scheduler::JobRecord* record = world.FindJob(id);
    if (!stored || record == nullptr) {
      sim.Fail(kExitCorrectness, "nothing_lost",
               "acknowledged job " + std::to_string(id.value) +
                   (stored ? " is not in the core" : " is not in the store"));
    } else if (job.finished && !scheduler::IsFinished(*record) &&
               record->state != scheduler::JobState::kDeleting) {
      sim.Fail(kExitCorrectness, "nothing_lost",
               "the result of job " + std::to_string(id.value) + " is lost");
    }
  }
}

// An object's removal is committed: somebody must have asked for it.
inline void CheckRelease(SimContext& sim, JobId id) {
  const auto job = sim.jobs.find(id);
  if (job == sim.jobs.end()) return;
  if (!job->second.delete_asked) {
    sim.Fail(kExitCorrectness, "nothing_lost",
             "job " + std::to_string(id.value) + " is removed, and nobody asked");
  }
  job->second.released = true;
}

}  // namespace fairway::sim
