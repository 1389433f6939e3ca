// Which jobs rebalancing may move, and where each would be better off by enough: the rules that the
// core acts by and that plans (rebalance_plan.h) are made with.
#pragma once

#include <cstdint>
#include <string_view>

#include "scheduler/failover/config.h"
#include "scheduler/failover/rebalance_state.h"
#include "scheduler/world.h"

namespace fairway::scheduler {

// Why a job stays where it is.
enum class RebalanceStay : uint8_t {
  kNo,          // it does not
  kNotAllowed,  // by its author
  kNever,       // its failover policy
  kSuspended,
  kBusy,            // it is on its way, or being changed
  kUnwell,          // its cluster is not Ready
  kDrained,         // its cluster is: the drain moves it
  kYoung,           // it has not been there for long enough
  kMovedLately,     // its last epoch ended a moment ago
  kGoesHome,        // it may fail back, and its former cluster exists
  kQueueWaits,      // others wait for the quota that it would have to give back
  kQuota,           // it would get none without borrowing
  kNoRoom,          // no other cluster takes it now
  kTargetNotReady,  // the one that would is not Ready
  kGainTooSmall,
};
std::string_view StayText(RebalanceStay stay);

// Nothing moves now: frozen, or a drill is under way.
bool IsRebalanceHeld(const World& world);

// As far as the job, its cluster and time are concerned.
RebalanceStay WhyNotRebalanced(const World& world, const RebalanceConfig& config,
                               const JobRecord& record, Instant now);

struct RebalanceOffer {
  RebalanceStay stay = RebalanceStay::kNo;
  ClusterId to;        // kNo, kGainTooSmall: the best other place
  int64_t gain = 0;    // points of score
  bool group = false;  // it is of a group that the job wants more (PlacementRules::groups)
};

// What the core's own filters and scores say if the job were not where it is, against what they say
// of its present cluster. With a LocalQueue: where quota lets it go without borrowing. Asks
// WhyNotRebalanced first. Not const: it fills caches.
RebalanceOffer OfferFor(World& world, const RebalanceConfig& config, const JobRecord& record,
                        Instant now);

// Pod seconds that are run anew, at most: those of a running epoch.
int64_t WorkLost(const World& world, const JobRecord& record, Instant now);

// For the order of departures.
BetterPlace PlaceOf(const World& world, const JobRecord& record, const RebalanceOffer& offer,
                    Instant now);

}  // namespace fairway::scheduler
