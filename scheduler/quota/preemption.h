// Whom to preempt: Kueue's rules (concept "Preemption": classical, and fair sharing), with the
// cluster in view. All victims of one job are on one cluster, and the set is minimal: without any
// one of them the job would not fit.
#pragma once

#include <vector>

#include "scheduler/placement.h"
#include "scheduler/quota/flavor_assigner.h"
#include "scheduler/world.h"

namespace fairway::scheduler {

struct Victim {
  JobId job;
  PreemptionCause cause = PreemptionCause::kNone;
  bool operator==(const Victim&) const = default;
};

struct PreemptionPlan {
  bool found = false;
  std::vector<Victim> victims;
  ClusterId cluster;  // where the job will go; 0 for a bare Workload
};

// What the search is about: a job that does not fit, with the flavors that it would get.
struct PreemptionQuestion {
  const JobRecord* record = nullptr;
  const SpecEntry* spec = nullptr;
  int32_t node = 0;
  std::vector<SlotNeed> needs;
  PlaceScope scope;  // the clusters to which the flavors are bound
  Resources room;    // on one cluster; empty for a bare Workload
  bool needs_room = true;
};

// Moves usage in the ledger to try things, and puts it back.
PreemptionPlan FindVictims(World& world, const PreemptionQuestion& question);

// With this job the part of the tree that had to give it up to a job elsewhere would borrow again,
// and that job is not finished. So it has to fit: it may not take anything from others of its own
// queue, or two parts could send each other's jobs away for ever
// (docs/decisions/0015-preemption-comes-to-rest.md). What it would take is out of the planned
// ledger already.
bool BorrowsAgain(World& world, const JobRecord& record, int32_t node,
                  const std::vector<SlotNeed>& needs);

// What preemption could do for one slot, for the choice of flavors.
FlavorMode PreemptionFor(World& world, const JobRecord& record, const SpecEntry& spec, int32_t node,
                         int32_t slot, int64_t amount, int32_t* borrow);

}  // namespace fairway::scheduler
