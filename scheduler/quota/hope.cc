#include "scheduler/quota/hope.h"

#include <algorithm>

#include "scheduler/quota/reservation.h"

namespace fairway::scheduler {
namespace {

// What reservations in this tree promise of a slot: a head may not have to heed them.
int64_t ReservedOf(const QuotaLedger& ledger, int32_t node, int32_t slot) {
  const auto found = ledger.reservations().find(ledger.tree.node(node).tree);
  if (found == ledger.reservations().end()) return 0;
  int64_t sum = 0;
  for (const JobId job : found->second) {
    for (const QuotaCharge& charge : ledger.claims().at(job).charges) {
      if (ledger.tree.FindSlot(node, charge.flavor, charge.resource) == slot) sum += charge.amount;
    }
  }
  return sum;
}

// Somebody of its own queue is admitted whom it may preempt.
bool HasOwnVictims(const QueueState& queue, PreemptionPolicy policy, int64_t priority) {
  if (queue.standing.empty()) return false;
  const int64_t least = queue.standing.begin()->first;
  switch (policy) {
    case PreemptionPolicy::kNever:
      return false;
    case PreemptionPolicy::kAny:
      return true;
    case PreemptionPolicy::kLowerPriority:
      return least < priority;
    case PreemptionPolicy::kLowerOrNewerEqualPriority:
      return least <= priority;
  }
  return true;
}

bool IsDueForReservation(const World& world, const QueueState& queue, int32_t node,
                         const QueueHead& head, Instant now) {
  const QuotaLedger& ledger = world.ledger();
  if (ledger.reservations().contains(ledger.tree.node(node).tree)) return false;
  if (queue.pending.Next(PendingQueue::kBeforeAll)->job != head.job) return false;
  return now - world.FindJob(head.job)->submitted >= world.quota_settings().reserve_after;
}

}  // namespace

bool MayReclaim(const QuotaTree& tree, int32_t node, int32_t slot, int64_t amount) {
  for (int32_t at = node; tree.node(at).parent != QuotaTree::kNone; at = tree.node(at).parent) {
    const QuotaTree::Cell& cell = tree.cell(at, slot);
    const int64_t usage = cell.usage[static_cast<size_t>(Usage::kPlanned)];
    if (usage + amount <= cell.subtree) return true;
    amount = std::max<int64_t>(0, amount - std::max<int64_t>(0, cell.guaranteed - usage));
  }
  return false;
}

bool IsHopeless(const World& world, ClusterQueueId id, const QueueState& queue,
                const QueueHead& head, Instant now) {
  const QuotaLedger& ledger = world.ledger();
  const std::vector<Lack>* lacks = queue.pending.LacksOf(head.group, ledger.era());
  if (lacks == nullptr || !queue.claimants.empty()) return false;
  const int32_t node = ledger.tree.FindNode(id);
  const ClusterQueueSpec* spec = world.quota().cluster_queues.Find(id);
  if (node == QuotaTree::kNone || spec == nullptr) return false;
  if (lacks->empty()) return true;  // no flavor would ever do
  const PreemptionRules& rules = spec->preemption;
  if (HasOwnVictims(queue, rules.within_cluster_queue, -head.minus_priority)) return false;
  const bool reclaims = rules.reclaim_within_cohort != PreemptionPolicy::kNever;
  if (reclaims && (world.quota_settings().fair_sharing ||
                   rules.borrow_within_cohort != PreemptionPolicy::kNever)) {
    return false;
  }
  for (const Lack& lack : *lacks) {
    const int64_t beside = ReservedOf(ledger, node, lack.slot);
    const int64_t amount = lack.amount - beside;
    if (amount <= ledger.tree.Available(node, lack.slot, Usage::kPlanned)) return false;
    if (reclaims && MayReclaim(ledger.tree, node, lack.slot, amount)) return false;
  }
  return !IsDueForReservation(world, queue, node, head, now);
}

}  // namespace fairway::scheduler
