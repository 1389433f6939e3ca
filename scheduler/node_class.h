// NodeClass: a member's nodes as placement sees them: those with equal labels and taints together,
// with how much each has. A bounded picture (clusters/member/node_picture.h makes it): never more
// free room than there is, never less when empty. Values only.
#pragma once

#include <cstdint>
#include <vector>

#include "scheduler/job_terms.h"
#include "scheduler/resources.h"

namespace fairway::scheduler {

// So many nodes have this much each.
struct NodeRoom {
  Resources amounts;
  int32_t nodes = 0;
  bool operator==(const NodeRoom&) const = default;
};

struct NodeClass {
  Labels labels;
  std::vector<Taint> taints;
  std::vector<NodeRoom> free;   // allocatable less all pods there; most cpu first
  std::vector<NodeRoom> whole;  // allocatable
  bool operator==(const NodeClass&) const = default;
};

inline constexpr int kNodeClassesMax = 64;
inline constexpr int kNodeRoomsMax = 256;  // over all classes of a cluster, `free` and `whole` each

}  // namespace fairway::scheduler
