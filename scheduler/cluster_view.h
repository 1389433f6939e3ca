// What we believe of a member cluster, from our side of the link.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "scheduler/failover/config.h"
#include "scheduler/ids.h"
#include "scheduler/instant.h"
#include "scheduler/job.h"
#include "scheduler/resources.h"

namespace fairway::scheduler {

// Set by the platform team on the Cluster object.
struct ClusterSpec {
  std::string name;
  std::map<std::string, std::string> labels;
  std::vector<Taint> taints;
  bool cordoned = false;
  FailoverThresholds failover;
  bool confirmed_lost =
      false;  // an operator vouches for its loss: the isolation brake is off for it
  bool operator==(const ClusterSpec&) const = default;
};

// Measured by watching the member's nodes and pods.
struct Capacity {
  Resources allocatable;               // over schedulable, ready nodes
  Resources requested;                 // by pods that are not ours and have not ended
  Resources largest_node_free;         // the roomiest node per resource, our own pods counted
  Resources largest_node_allocatable;  // the same node empty; all zero = not known
  int32_t nodes = 0;
  bool operator==(const Capacity&) const = default;
};

}  // namespace fairway::scheduler
