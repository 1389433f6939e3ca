// Promises: jobs leave a cluster for its loss only after it was silent for the whole threshold (a
// blip moves nothing), and no faster than the budget allows.
#pragma once

#include <deque>
#include <string>
#include <vector>

#include "scheduler/edit.h"
#include "scheduler/world.h"
#include "tests/sim/sim_context.h"

namespace fairway::sim {

// After each step: its edits, how many moves it made, and those of the last second.
inline void CheckMoves(SimContext& sim, const std::vector<scheduler::Edit>& edits,
                       const scheduler::World& world, uint64_t moved, std::deque<Instant>& moves) {
  if (moved == 0) return;
  while (!moves.empty() && moves.front() + Seconds(1) <= sim.now) moves.pop_front();
  for (uint64_t i = 0; i < moved; ++i) moves.push_back(sim.now);
  // A bucket that was full, and a second's worth of what drips in.
  if (static_cast<int64_t>(moves.size()) > 2 * sim.plan.moves_per_second) {
    sim.Fail(kExitCorrectness, "moves_within_budget",
             std::to_string(moves.size()) + " jobs moved within a second");
  }
  for (const scheduler::Edit& edit : edits) {
    const auto* put = std::get_if<scheduler::PutJob>(&edit);
    if (put == nullptr || put->record.former.empty()) continue;
    const scheduler::FormerEpoch& former = put->record.former.back();
    const scheduler::ClusterState* cluster = world.FindCluster(former.cluster);
    if (former.until != sim.now || cluster == nullptr) continue;
    if (!scheduler::IsLost(cluster->record.link.state)) continue;
    const Instant heard = sim.heard[former.cluster.value - 1];
    if (heard && sim.now < heard + sim.plan.unreachable_after) {
      sim.Fail(kExitCorrectness, "blip_moves_nothing",
               "job " + std::to_string(put->record.job.value) + " left cluster " +
                   std::to_string(former.cluster.value) + ", which was silent for " +
                   std::to_string((sim.now - heard).ms) + " ms");
    }
  }
}

}  // namespace fairway::sim
