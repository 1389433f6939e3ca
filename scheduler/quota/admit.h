// Admission of one waiting job: flavor, quota and cluster in one decision, and whom to preempt for
// it when there is nothing free.
#pragma once

#include <string>
#include <vector>

#include "scheduler/placement.h"
#include "scheduler/quota/flavor_assigner.h"
#include "scheduler/quota/preemption.h"
#include "scheduler/split/split_plan.h"
#include "scheduler/world.h"

namespace fairway::scheduler {

class Judge;

enum class AdmitOutcome : uint8_t {
  kAdmit,    // quota and cluster are there
  kPreempt,  // will be, once the victims are gone (none = they are leaving already)
  kNoRoom,   // quota is there; no cluster has room
  kNoQuota,  // quota is used up
  kNever,    // more than its queue may ever use, or no flavor suits
  kHeld,     // its queue is stopped, inactive or does not exist
};

struct AdmitPlan {
  AdmitOutcome outcome = AdmitOutcome::kHeld;
  FlavorAssignment assignment;
  PlacementPick pick;            // kAdmit; kPreempt: where it will go
  std::vector<SplitPart> parts;  // kAdmit of a job that is split: instead of `pick`
  std::vector<Victim> victims;   // kPreempt
  bool no_headroom = false;      // kNoRoom: there is room, but it is kept for the loss of a cluster
};

// Why no job of this queue is admitted; empty = it is active. `reason` gets Kueue's word for it.
std::string QueueInactive(const World& world, ClusterQueueId queue, std::string* reason);

// Pure but for caches and for simulated moves in the ledger that are undone before it returns. The
// ledger must be settled and hold no claim of this job.
AdmitPlan PlanAdmission(World& world, const JobRecord& record, bool want_reasons);

// What it would get if nobody used anything: mode kFit, or it never fits.
FlavorAssignment AssignWhenIdle(World& world, const JobRecord& record);
// The same with `advice` on clusters, also while its queue is stopped.
FlavorAssignment AssignWhenIdle(World& world, const JobRecord& record, FlavorAdvice& advice);
std::vector<FlavorId> FlavorsOf(const FlavorAssignment& assignment);
std::vector<FlavorId> FlavorsOf(const std::vector<QuotaCharge>& charges);

// The clusters to which all of these flavors are bound.
PlaceScope ScopeOf(const QuotaBook& book, const std::vector<FlavorId>& flavors);
// One of them that would take the judge's job if nothing ran there.
bool WouldTakeEmpty(const Judge& judge, const PlaceScope& scope, const ClusterState& cluster);

}  // namespace fairway::scheduler
