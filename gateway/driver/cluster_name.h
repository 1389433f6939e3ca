// A cluster of the core and the name of its Cluster object.
#pragma once

#include <string>
#include <string_view>

#include "scheduler/world.h"

namespace fairway::gateway {

// 0 = none has this name.
inline ClusterId ClusterNamed(const scheduler::World& world, std::string_view name) {
  for (const auto& [id, state] : world.clusters()) {
    if (state.record.spec.name == name) return id;
  }
  return {};
}

// "" = it is not known.
inline std::string NameOf(const scheduler::World& world, ClusterId cluster) {
  const scheduler::ClusterState* state = world.FindCluster(cluster);
  return state == nullptr ? std::string() : state->record.spec.name;
}

}  // namespace fairway::gateway
