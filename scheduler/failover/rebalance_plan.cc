#include "scheduler/failover/rebalance_plan.h"

#include <absl/container/btree_map.h>
#include <absl/container/btree_set.h>

#include <algorithm>
#include <utility>

#include "scheduler/failover/rebalances.h"
#include "scheduler/suppose.h"

namespace fairway::scheduler {
namespace {

// Moves make room for others: whoever may gain by that is found in another round.
constexpr int kRounds = 8;

class RebalancePlanner {
 public:
  RebalancePlanner(World& world, const RebalanceConfig& config, const RebalanceState& state,
                   int64_t moves_max, Instant now)
      : world_(world), config_(config), moves_max_(moves_max), now_(now), supposed_(world) {
    for (const auto& [cluster, job] : world.live_by_cluster()) {
      const JobRecord& record = *world.FindJob(job);
      const JobSpec* spec = world.FindSpec(record.spec);
      if (spec == nullptr || state.moving.contains(job)) continue;
      if (spec->rebalance) {
        staying_.insert(job);
      } else {
        ++plan_.not_allowed;
      }
    }
    SupposeMoved(world, state.moving, supposed_);
    plan_.moving = static_cast<int64_t>(state.moving.size());
  }

  RebalancePlan Make() {
    for (int round = 0; round < kRounds && !IsFull(); ++round) {
      if (!Round()) break;
    }
    if (IsFull()) LookAtAll();  // what is left, as things stand then
    for (const JobId job : staying_) {
      PlannedRebalance stay = Describe(*world_.FindJob(job), offers_[job]);
      stay.later = stay.offer.stay == RebalanceStay::kNo;
      ++(stay.later ? plan_.later : plan_.stays);
      plan_.jobs.push_back(std::move(stay));
    }
    return std::move(plan_);
  }

 private:
  bool IsFull() const { return moves_max_ > 0 && plan_.moves >= moves_max_; }

  PlannedRebalance Describe(const JobRecord& record, const RebalanceOffer& offer) const {
    return {record.job,
            record.epoch,
            record.name,
            record.state,
            record.cluster,
            offer,
            WorkLost(world_, record, now_)};
  }

  absl::btree_set<BetterPlace> LookAtAll() {
    absl::btree_set<BetterPlace> found;
    for (const JobId job : staying_) {
      const JobRecord& record = *world_.FindJob(job);
      const RebalanceOffer offer = OfferFor(world_, config_, record, now_);
      offers_[job] = offer;
      if (offer.stay == RebalanceStay::kNo) found.insert(PlaceOf(world_, record, offer, now_));
    }
    return found;
  }

  // True when some job moved.
  bool Round() {
    bool moved = false;
    for (const BetterPlace& place : LookAtAll()) {
      if (IsFull()) break;
      const JobRecord& record = *world_.FindJob(place.job);
      const RebalanceOffer offer = OfferFor(world_, config_, record, now_);
      offers_[place.job] = offer;
      if (offer.stay != RebalanceStay::kNo) continue;
      plan_.jobs.push_back(Describe(record, offer));
      ++plan_.moves;
      ++plan_.departures[record.cluster];
      ++plan_.arrivals[offer.to];
      supposed_.Gone(record);
      supposed_.Placed(record, offer.to);
      staying_.erase(place.job);
      moved = true;
    }
    return moved;
  }

  World& world_;
  const RebalanceConfig& config_;
  const int64_t moves_max_;
  const Instant now_;
  Suppose supposed_;
  absl::btree_set<JobId> staying_;
  absl::btree_map<JobId, RebalanceOffer> offers_;
  RebalancePlan plan_;
};

}  // namespace

RebalancePlan PlanRebalance(World& world, const RebalanceConfig& config,
                            const RebalanceState& state, int64_t moves_max, Instant now) {
  return RebalancePlanner(world, config, state, moves_max, now).Make();
}

}  // namespace fairway::scheduler
