// A cluster of the core by the name of its Cluster object.
#pragma once

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

}  // namespace fairway::gateway
