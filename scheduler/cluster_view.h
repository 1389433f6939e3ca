// What we believe of a member cluster, from our side of the link.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "scheduler/failover/config.h"
#include "scheduler/failover/drain.h"
#include "scheduler/ids.h"
#include "scheduler/instant.h"
#include "scheduler/job_terms.h"
#include "scheduler/node_class.h"
#include "scheduler/resources.h"

namespace fairway::scheduler {

// Set by the platform team on the Cluster object.
struct ClusterSpec {
  std::string name;
  Labels labels;
  std::vector<Taint> taints;
  bool cordoned = false;
  std::vector<std::string> datasets;  // that are held there, sorted
  // Prices in millionths per hour; -1 = not known.
  int64_t cost_core_micro = -1;
  int64_t cost_gib_micro = -1;
  // Amounts to assume instead of the measured allocatable ones, by resource name, sorted.
  std::vector<std::pair<std::string, int64_t>> overrides;
  FailoverThresholds failover;
  // An operator vouches for its loss: the isolation brake is off for it.
  bool confirmed_lost = false;
  DrainWish drain;
  bool operator==(const ClusterSpec&) const = default;

  // Nothing new is placed there.
  bool IsClosed() const { return cordoned || drain.mode != DrainMode::kNone; }
};

// Measured by watching the member's nodes and pods.
struct Capacity {
  Resources allocatable;               // over schedulable, ready nodes
  Resources requested;                 // by pods that are not ours and have not ended
  Resources largest_node_free;         // the roomiest node per resource, our own pods counted
  Resources largest_node_allocatable;  // the same node empty; all zero = not known
  int32_t nodes = 0;
  // The same nodes one by one. Empty: not told; then the roomiest node has to do.
  std::vector<NodeClass> node_classes;
  // Labels with too many values to tell nodes apart by. What is asked of them counts as met.
  std::vector<std::string> blurred_labels;
  std::vector<std::string> claims;  // namespace/name of bound PersistentVolumeClaims, sorted
  bool operator==(const Capacity&) const = default;
};

// So many pods of this copy were known when a Capacity was measured: they are on nodes, and counted
// there, or have ended.
struct CountedPods {
  JobId job;
  Epoch epoch;
  int32_t pods = 0;
  bool operator==(const CountedPods&) const = default;
};

}  // namespace fairway::scheduler
