// Promise: after quiet the core's beliefs are the members' truth: the same copies with the same
// epoch and suspension, the same room taken, and nothing left behind.
#pragma once

#include <string>

#include "scheduler/world.h"
#include "tests/sim/sim_context.h"

namespace fairway::sim {

inline void CheckBeliefsOf(SimContext& sim, const scheduler::World& world,
                           const SimCluster& cluster) {
  const auto fail = [&](JobId job, const char* what) {
    sim.Fail(kExitCorrectness, "beliefs_are_true",
             "cluster " + std::to_string(cluster.id().value) + ", job " +
                 std::to_string(job.value) + ": " + what);
  };
  int64_t cpu_taken = 0;
  for (const auto& [key, copy] : cluster.copies()) {
    const auto job = sim.jobs.find(WholeOf(key.first));
    if (job != sim.jobs.end() && job->second.orphaned) continue;
    if (IsLive(copy)) cpu_taken += copy.cpu_milli;
    const scheduler::JobRecord* record = world.FindJob(key.first);
    if (record == nullptr) {
      fail(key.first, "a copy was left behind");
    } else if (record->cluster != cluster.id() || record->epoch != key.second) {
      fail(key.first, "a copy of another epoch was left behind");
    } else if (!scheduler::IsFinished(*record) &&
               record->suspended != (copy.phase == scheduler::RunPhase::kSuspended)) {
      fail(key.first, "the copy does not do as its job says");
    }
  }
  const scheduler::ClusterState* state = world.FindCluster(cluster.id());
  if (state != nullptr && state->reserved.cpu_milli != cpu_taken) {
    fail({}, ("reserved " + std::to_string(state->reserved.cpu_milli) + "m cpu, taken " +
              std::to_string(cpu_taken) + "m")
                 .c_str());
  }
}

inline void CheckBeliefs(SimContext& sim, const scheduler::World& world) {
  for (const SimCluster& cluster : sim.clusters) {
    if (cluster.exists()) CheckBeliefsOf(sim, world, cluster);
  }
  for (const auto& [id, box] : world.jobs()) {
    if (!box->cluster) continue;
    const auto& copies = sim.Cluster(box->cluster).copies();
    if (!copies.contains({id, box->epoch})) {
      sim.Fail(kExitCorrectness, "beliefs_are_true",
               "job " + std::to_string(id.value) + " is believed to have a copy on cluster " +
                   std::to_string(box->cluster.value) + " (state " +
                   std::to_string(static_cast<int>(box->state)) + ", epoch " +
                   std::to_string(box->epoch.value) + "), and has none");
    }
  }
}

}  // namespace fairway::sim
