// Do a job's pods fit on a cluster's real nodes, all at once? The pods of a job are alike, so
// counting how many fit on each node is exact. Pure functions.
//
// Pods of jobs that were placed and do not run yet are not on any node that was observed. They are
// put on the picture first, each on the node with most cpu free, as kube-scheduler's default does:
// an approximation that the next observation replaces.
#pragma once

#include <absl/container/btree_map.h>

#include <cstdint>
#include <vector>

#include "scheduler/cluster_view.h"
#include "scheduler/constraint.h"
#include "scheduler/ids.h"
#include "scheduler/spec_table.h"

namespace fairway::scheduler {

// How many pods that ask for `pod` this much room takes, up to `most`. A pod slot is needed for
// each.
int64_t PodsThatFit(const Resources& pod, const Resources& room, int64_t most);

// May pods with this wish (null = none) run on nodes of this class, by labels, by taints?
bool MatchesNodeLabels(const NodeWish* wish, const NodeClass& nodes, const Capacity& capacity);
bool MatchesNodeTaints(const NodeWish* wish, const NodeClass& nodes);
// The first taint in the way; nullptr when there is none.
const Taint* FirstUntoleratedNodeTaint(const NodeWish* wish, const NodeClass& nodes);

// Pods per spec that are on their way to a cluster: promised, not running yet.
using PodsInFlight = absl::btree_map<SpecId, int64_t>;

// The nodes with the pods in flight on them; free amounts only.
std::vector<NodeClass> ChargeNodes(const Capacity& capacity, const PodsInFlight& in_flight,
                                   const SpecTable& specs);

enum class NodeAnswer : uint8_t { kFits, kNoMatch, kTaint, kFragmented };
Verdict VerdictOf(NodeAnswer answer);
enum class Rooms : uint8_t { kFree, kWhole };

// That picture, made when it is asked for and kept until something changes. A cache of its
// cluster's state: Reset when capacity or pods in flight change.
class ChargedNodes {
 public:
  const std::vector<NodeClass>& Get(const Capacity& capacity, const PodsInFlight& in_flight,
                                    const SpecTable& specs) const;
  void Reset() { made_ = false; }

 private:
  mutable bool made_ = false;
  mutable std::vector<NodeClass> nodes_;
};

// No job fits on the nodes `now` that did not on those `before`: class by class, each node has at
// most what one of before has. False where that cannot be seen at a glance.
bool OnlyLess(const std::vector<NodeClass>& now, const std::vector<NodeClass>& before);

// How many of the job's pods fit on these nodes, up to `most`.
int64_t CountPodsThatFit(const SpecEntry& spec, const std::vector<NodeClass>& nodes,
                         const Capacity& capacity, Rooms rooms, int64_t most);
// Why not, or kFits. A cluster that did not tell its nodes fits.
NodeAnswer AskNodes(const SpecEntry& spec, const std::vector<NodeClass>& nodes,
                    const Capacity& capacity, Rooms rooms);

// The same as AskNodes over ChargeNodes == kFits, mostly without making that picture: few pods in
// flight cannot take more than a bounded number of places. `load` is what all of them ask for.
bool FitsOnNodes(const SpecEntry& spec, const Capacity& capacity, const PodsInFlight& in_flight,
                 const Resources& load, const ChargedNodes& charged, const SpecTable& specs);

}  // namespace fairway::scheduler
