// Promise: unless a job's author allows overlap (`fast`), or an operator took it upon himself,
// never do two of its copies work at the same true instant, pods that are still ending included,
// whatever the clocks of the members say.
#pragma once

#include <string>

#include "tests/sim/sim_context.h"

namespace fairway::sim {

inline bool MayOverlap(const SimJob& job) {
  return job.failover == scheduler::FailoverPolicy::kFast || job.approved_move;
}

// When a copy of the job has begun to work.
inline void CheckAtMostOneCopy(SimContext& sim, JobId id) {
  const auto job = sim.jobs.find(WholeOf(id));
  if (job == sim.jobs.end() || MayOverlap(job->second)) return;
  int working = 0;
  std::string where;
  for (const SimCluster& cluster : sim.clusters) {
    const auto& copies = cluster.copies();
    for (auto at = copies.lower_bound({id, Epoch{}}); at != copies.end() && at->first.first == id;
         ++at) {
      if (!MayWork(at->second, sim.now)) continue;
      ++working;
      where +=
          " " + std::to_string(cluster.id().value) + "/" + std::to_string(at->first.second.value);
    }
  }
  if (working > 1) {
    sim.Fail(kExitCorrectness, "at_most_one_copy",
             "job " + std::to_string(id.value) + " works at cluster/epoch" + where);
  }
}

}  // namespace fairway::sim
