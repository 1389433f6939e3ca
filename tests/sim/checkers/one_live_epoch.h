// Promise: of each job at most one copy is live (waiting or running, not suspended) in all members
// together, however the network, the members and the gateway misbehave. Jobs that may overlap by
// their author's or an operator's word are left out.
#pragma once

#include <string>

#include "tests/sim/checkers/at_most_one_copy.h"
#include "tests/sim/sim_context.h"

namespace fairway::sim {

inline void CheckOneLiveEpoch(SimContext& sim, JobId id) {
  const auto job = sim.jobs.find(WholeOf(id));
  if (job != sim.jobs.end() && MayOverlap(job->second)) return;
  int live = 0;
  std::string where;
  for (const SimCluster& cluster : sim.clusters) {
    const auto& copies = cluster.copies();
    for (auto at = copies.lower_bound({id, Epoch{}}); at != copies.end() && at->first.first == id;
         ++at) {
      if (!IsLive(at->second)) continue;
      ++live;
      where +=
          " " + std::to_string(cluster.id().value) + "/" + std::to_string(at->first.second.value);
    }
  }
  if (live > 1) {
    sim.Fail(kExitCorrectness, "one_live_epoch",
             "job " + std::to_string(id.value) + " is live at cluster/epoch" + where);
  }
}

}  // namespace fairway::sim
