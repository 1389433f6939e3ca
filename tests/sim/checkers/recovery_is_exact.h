// Promise: the world that a restart would build from the journal is the world that lives, record by
// record and index by index. Asked while nothing waits for its commit.
#pragma once

#include <string>

#include "scheduler/world_loader.h"
#include "tests/sim/sim_context.h"

namespace fairway::sim {

inline bool SameRecords(const scheduler::World& a, const scheduler::World& b) {
  if (a.jobs().size() != b.jobs().size() || a.clusters().size() != b.clusters().size() ||
      a.specs().entries().size() != b.specs().entries().size() ||
      a.queue().jobs() != b.queue().jobs() || a.expiries() != b.expiries()) {
    return false;
  }
  for (const auto& [id, box] : a.jobs()) {
    const scheduler::JobRecord* other = b.FindJob(id);
    if (other == nullptr || *other != *box) return false;
  }
  for (const auto& [id, entry] : a.specs().entries()) {
    const scheduler::JobSpec* other = b.FindSpec(id);
    if (other == nullptr || *other != entry->spec) return false;
  }
  for (const auto& [id, state] : a.clusters()) {
    const scheduler::ClusterState* other = b.FindCluster(id);
    if (other == nullptr || other->record != state.record || other->reserved != state.reserved ||
        other->jobs != state.jobs) {
      return false;
    }
  }
  return true;
}

inline void CheckRecovery(SimContext& sim, const scheduler::World& live) {
  scheduler::WorldLoader loader;
  bool readable = true;
  for (const auto& [key, value] : sim.journal.records()) {
    readable = readable && loader.Add(key, value).has_value();
  }
  const auto recovered = loader.Finish();
  if (!readable || !recovered) {
    sim.Fail(kExitCorrectness, "recovery_is_exact", "the journal does not make a world");
  } else if (!SameRecords(live, *recovered)) {
    sim.Fail(kExitCorrectness, "recovery_is_exact", "a restart would build another world");
  }
}

}  // namespace fairway::sim
