// Promise: after a start no job is placed before each cluster that was well has been heard, or
// FailoverConfig::settle_max has passed.
#pragma once

#include <iterator>
#include <set>
#include <string>

#include "scheduler/world.h"
#include "tests/sim/sim_context.h"

namespace fairway::sim {

class SettleChecker {
 public:
  // Before Recovered.
  void Start(const scheduler::World& world, Instant end) {
    end_ = end;
    awaited_.clear();
    for (const auto& [id, cluster] : world.clusters()) {
      if (IsAwaited(&cluster)) awaited_.insert(id);
    }
  }
  // After each step.
  void Look(const scheduler::World& world) {
    for (auto at = awaited_.begin(); at != awaited_.end();) {
      at = IsAwaited(world.FindCluster(*at)) ? std::next(at) : awaited_.erase(at);
    }
  }
  // This job was placed by the step.
  void Check(SimContext& sim, const scheduler::JobRecord& record) const {
    if (awaited_.empty() || sim.now >= end_) return;
    sim.Fail(kExitCorrectness, "settles_first",
             "job " + std::to_string(record.job.value) + " was placed before cluster " +
                 std::to_string(awaited_.begin()->value) + " was heard");
  }

 private:
  static bool IsAwaited(const scheduler::ClusterState* cluster) {
    return cluster != nullptr && !(cluster->ready && cluster->measured) &&
           !cluster->record.spec.IsClosed() && !cluster->drilled &&
           cluster->record.link.state == scheduler::LinkState::kReady;
  }

  Instant end_;
  std::set<ClusterId> awaited_;
};

}  // namespace fairway::sim
