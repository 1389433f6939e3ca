// Reconciling a member's full list with what we believe: which acknowledged copies are missing
// there. Watch events tell of a deletion only while somebody watches; after a restart or a gap only
// a list can.
//
// Use: take AcknowledgedCopies(world, cluster) BEFORE asking the member for its list, then hand
// both to FindMissing and report each result as CopyGone{.confirmed = false}. Taken afterwards, a
// copy that was acknowledged while the list was under way would look lost.
#pragma once

#include <compare>
#include <vector>

#include "scheduler/world.h"

namespace fairway::scheduler {

struct CopyRef {
  JobId job;
  Epoch epoch;
  auto operator<=>(const CopyRef&) const = default;
};

// The copies that this cluster has acknowledged, by JobId: running, finished or waiting there.
std::vector<CopyRef> AcknowledgedCopies(const World& world, ClusterId cluster);

// Those of `expected` that are not in `listed`; both sorted by JobId.
std::vector<CopyRef> FindMissing(const std::vector<CopyRef>& expected,
                                 const std::vector<CopyRef>& listed);

}  // namespace fairway::scheduler
