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

// What preemption could do for one slot, for the choice of flavors.
FlavorMode PreemptionFor(World& world, const JobRecord& record, const SpecEntry& spec, int32_t node,
                         int32_t slot, int64_t amount, int32_t* borrow);

}  // namespace fairway::scheduler
