#include "scheduler/failover/rebalance_rules.h"

#include <algorithm>

#include "scheduler/failover/drain_rules.h"
#include "scheduler/placement.h"
#include "scheduler/policy/judge.h"
#include "scheduler/quota/admit.h"
#include "scheduler/quota/quota_steps.h"
#include "scheduler/suppose.h"

namespace fairway::scheduler {
namespace {

// For as long as it lives, the quota that an admitted job is charged is free.
class WithoutCharges {
 public:
  WithoutCharges(World& world, const JobRecord& record)
      : tree_(world.mutable_ledger().tree), queue_(record.quota->cluster_queue) {
    charges_ = ChargesOf(*record.quota, world.specs().Get(record.spec).spec);
    Charge(-1);
  }
  WithoutCharges(const WithoutCharges&) = delete;
  WithoutCharges& operator=(const WithoutCharges&) = delete;
  ~WithoutCharges() { Charge(+1); }

 private:
  void Charge(int64_t sign) {
    for (QuotaCharge charge : charges_) {
      charge.amount *= sign;
      int32_t gained = QuotaTree::kNone;  // nobody is to be woken
      tree_.Charge(queue_, charge, Usage::kHeld, &gained);
      tree_.Charge(queue_, charge, Usage::kPlanned, &gained);
    }
  }

  QuotaTree& tree_;
  const ClusterQueueId queue_;
  std::vector<QuotaCharge> charges_;
};

// Somebody waits in the job's ClusterQueue, or in another that shares quota with it.
bool OthersWait(const World& world, ClusterQueueId queue) {
  const QuotaTree& tree = world.ledger().tree;
  const int32_t node = tree.FindNode(queue);
  if (node == QuotaTree::kNone) return true;
  for (const auto& [id, state] : world.ledger().queues()) {
    const int32_t other = tree.FindNode(id);
    if (other == QuotaTree::kNone || tree.node(other).tree != tree.node(node).tree) continue;
    if (state.pending.jobs() > 0) return true;
  }
  return false;
}

// Where it would go through its queue, with all its pods and without borrowing; its room must be
// supposed to be free.
PlacementPick PickWithQuota(World& world, const JobRecord& record, JobRecord waiting, Instant now,
                            RebalanceStay& stay) {
  const JobQuota quota = *record.quota;
  if (world.ledger().stale() || !quota.IsAdmitted() || OthersWait(world, quota.cluster_queue)) {
    stay = RebalanceStay::kQueueWaits;
    return {};
  }
  EndAdmission(waiting, now);
  const WithoutCharges without(world, record);
  const AdmitPlan plan = PlanAdmission(world, waiting, false);
  const std::vector<PodSetAdmission>& pod_sets = plan.assignment.pod_sets;
  const bool as_many =
      std::equal(pod_sets.begin(), pod_sets.end(), quota.pod_sets.begin(), quota.pod_sets.end(),
                 [](const auto& then, const auto& today) { return then.count >= today.count; });
  if (plan.outcome == AdmitOutcome::kNoRoom) {
    stay = RebalanceStay::kNoRoom;
  } else if (plan.outcome != AdmitOutcome::kAdmit || plan.assignment.borrow > 0 || !as_many) {
    stay = RebalanceStay::kQuota;
  } else {
    return plan.pick;
  }
  return {};
}

// Not one that has only just come back, nor one whose link we doubt.
bool IsReady(const ClusterState& cluster) {
  return cluster.ready && cluster.record.link.state == LinkState::kReady &&
         !cluster.record.link.stalled;
}

}  // namespace

std::string_view StayText(RebalanceStay stay) {
  switch (stay) {
    case RebalanceStay::kNo:
      return "";
    case RebalanceStay::kNotAllowed:
      return "its author does not allow it";
    case RebalanceStay::kNever:
      return "its failover policy is never";
    case RebalanceStay::kSuspended:
      return "it is suspended";
    case RebalanceStay::kBusy:
      return "it is on its way, or being changed";
    case RebalanceStay::kUnwell:
      return "its cluster is not Ready";
    case RebalanceStay::kDrained:
      return "its cluster is drained: that moves it";
    case RebalanceStay::kYoung:
      return "it has not been there for long enough";
    case RebalanceStay::kMovedLately:
      return "its last epoch has not ended long enough ago";
    case RebalanceStay::kGoesHome:
      return "it waits to go back to the cluster that it was moved off";
    case RebalanceStay::kQueueWaits:
      return "others wait for the quota that it would give back";
    case RebalanceStay::kQuota:
      return "it would get no quota again without borrowing";
    case RebalanceStay::kNoRoom:
      return "no other cluster takes all of it now";
    case RebalanceStay::kTargetNotReady:
      return "the cluster that would take it is not Ready";
    case RebalanceStay::kGainTooSmall:
      return "no other cluster is better by enough";
  }
  return "";
}

bool IsRebalanceHeld(const World& world) {
  return world.freeze().frozen || world.drill().phase != DrillPhase::kNone;
}

RebalanceStay WhyNotRebalanced(const World& world, const RebalanceConfig& config,
                               const JobRecord& record, Instant now) {
  const JobSpec* spec = world.FindSpec(record.spec);
  if (spec == nullptr || !spec->rebalance) return RebalanceStay::kNotAllowed;
  if (spec->failover == FailoverPolicy::kNever) return RebalanceStay::kNever;
  if (record.suspended) return RebalanceStay::kSuspended;
  const bool placed = record.state == JobState::kDispatched || record.state == JobState::kRunning;
  const bool changes = record.dispatch_pending || record.update_due || record.approved ||
                       (record.quota && record.quota->next_spec);
  const ClusterState* here = world.FindCluster(record.cluster);
  if (!placed || changes || here == nullptr) return RebalanceStay::kBusy;
  if (!IsReady(*here)) return RebalanceStay::kUnwell;
  if (here->record.spec.drain.mode != DrainMode::kNone) return RebalanceStay::kDrained;
  if (now < record.since + config.run_min) return RebalanceStay::kYoung;
  if (!record.former.empty() && now < record.former.back().until + config.cooldown) {
    return RebalanceStay::kMovedLately;
  }
  if (spec->failback && world.FindCluster(HomeOf(record)) != nullptr) {
    return RebalanceStay::kGoesHome;
  }
  return RebalanceStay::kNo;
}

RebalanceOffer OfferFor(World& world, const RebalanceConfig& config, const JobRecord& record,
                        Instant now) {
  RebalanceOffer offer;
  offer.stay = WhyNotRebalanced(world, config, record, now);
  if (offer.stay != RebalanceStay::kNo) return offer;
  Suppose without(world);
  without.Gone(record);
  // What it will be once its copy is gone: its cluster is the last choice then.
  const JobRecord leaving = AsQueued(record, now, EndReason::kRebalanced);
  const PlacementPick pick = record.quota ? PickWithQuota(world, record, leaving, now, offer.stay)
                                          : PlaceJob(world, leaving);
  if (offer.stay != RebalanceStay::kNo) return offer;
  const SpecEntry& spec = world.specs().Get(record.spec);
  const ClusterState* there = world.FindCluster(pick.cluster);
  // A job without a gang would be placed where one pod fits: it is to gain by moving, with all.
  if (there == nullptr || pick.cluster == record.cluster ||
      !RoomOf(record, spec).FitsIn(there->Free())) {
    offer.stay = RebalanceStay::kNoRoom;
    return offer;
  }
  offer.to = pick.cluster;
  if (!IsReady(*there)) {
    offer.stay = RebalanceStay::kTargetNotReady;
    return offer;
  }
  // What it has here counts as where it ran last, not as where it was sent away from.
  const JobRecord staying = AsQueued(record, now, EndReason::kNone);
  const ClusterAnswer here = Judge(world, staying).Rate(*world.FindCluster(record.cluster));
  offer.gain = pick.score - here.score;
  offer.group = pick.group < here.group;
  const bool enough = offer.group || (pick.group == here.group && offer.gain >= config.gain_min);
  if (!enough) offer.stay = RebalanceStay::kGainTooSmall;
  return offer;
}

int64_t WorkLost(const World& world, const JobRecord& record, Instant now) {
  if (record.state != JobState::kRunning) return 0;
  const int64_t pods = RoomOf(record, world.specs().Get(record.spec)).pods;
  const int64_t seconds = std::max<int64_t>((now - record.since).ms, 0) / 1000;
  int64_t lost = 0;
  if (__builtin_mul_overflow(pods, seconds, &lost)) return BetterPlace::kLostCap;
  return std::clamp<int64_t>(lost, 0, BetterPlace::kLostCap);
}

BetterPlace PlaceOf(const World& world, const JobRecord& record, const RebalanceOffer& offer,
                    Instant now) {
  const int64_t gain = offer.group ? BetterPlace::kGainCap : offer.gain;
  return {record.job, offer.to, std::clamp<int64_t>(gain, 1, BetterPlace::kGainCap),
          WorkLost(world, record, now)};
}

}  // namespace fairway::scheduler
