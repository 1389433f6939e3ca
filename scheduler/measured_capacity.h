// What a cluster's member was measured to have, as CapacityObserved brought it: without the
// overrides of the cluster's spec, which World puts over it. For copies of a world. Pure.
#pragma once

#include "scheduler/world.h"

namespace fairway::scheduler {

inline Capacity MeasuredCapacity(const ClusterState& cluster) {
  Capacity out = cluster.capacity;
  out.allocatable = cluster.allocatable;
  return out;
}

}  // namespace fairway::scheduler
