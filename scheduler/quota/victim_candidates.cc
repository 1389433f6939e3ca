// Who may be preempted for a job: the rules of its ClusterQueue, classical and hierarchical.
#include <algorithm>

#include "scheduler/quota/hope.h"
#include "scheduler/quota/quota_names.h"
#include "scheduler/quota/victim_search.h"

namespace fairway::scheduler {

VictimSearch::VictimSearch(World& world, const PreemptionQuestion& question)
    : world_(world), q_(question), tree_(world.mutable_ledger().tree) {
  const ClusterQueueId queue = tree_.node(q_.node).queue;
  rules_ = world.quota().cluster_queues.Find(queue);
  priority_ = q_.spec->spec.priority;
  fair_ = world.quota_settings().fair_sharing;
  for (const SlotNeed& need : q_.needs) {
    if (need.short_now) short_slots_.push_back(need.slot);
  }
  if (short_slots_.empty()) {
    for (const SlotNeed& need : q_.needs) short_slots_.push_back(need.slot);
  }
  Collect();
}

bool VictimSearch::MayPreempt(const JobRecord& other, int32_t priority,
                              PreemptionPolicy policy) const {
  switch (policy) {
    case PreemptionPolicy::kNever:
      return false;
    case PreemptionPolicy::kAny:
      return true;
    case PreemptionPolicy::kLowerPriority:
      return priority < priority_;
    case PreemptionPolicy::kLowerOrNewerEqualPriority:
      return priority < priority_ || (priority == priority_ && q_.record->job < other.job);
  }
  return false;
}

bool VictimSearch::UsesShortSlots(const VictimCandidate& candidate) const {
  return std::any_of(short_slots_.begin(), short_slots_.end(),
                     [&](int32_t slot) { return AmountOf(candidate, slot) > 0; });
}

// Of what the candidate is charged (ChargesOf), this slot's part.
int64_t VictimSearch::AmountOf(const VictimCandidate& candidate, int32_t slot) const {
  const QuotaTree::Slot& known = tree_.slots(candidate.node)[static_cast<size_t>(slot)];
  const std::string& resource = tree_.ResourceName(known.resource);
  const std::vector<PodSet>& pod_sets = candidate.spec->spec.queueing.pod_sets;
  int64_t sum = 0;
  for (size_t i = 0; i < candidate.quota->pod_sets.size() && i < pod_sets.size(); ++i) {
    const PodSetAdmission& admission = candidate.quota->pod_sets[i];
    const auto charged = ChargedResources(pod_sets[i]);
    for (size_t k = 0; k < charged.size() && k < admission.flavors.size(); ++k) {
      if (admission.flavors[k] != known.flavor || charged[k].first != resource) continue;
      int64_t amount = 0;
      if (__builtin_mul_overflow(charged[k].second, int64_t{std::max(admission.count, 0)},
                                 &amount)) {
        amount = QuotaTree::kAmountMax;
      }
      sum = std::min(sum + std::min(amount, QuotaTree::kAmountMax), QuotaTree::kAmountMax);
    }
  }
  return sum;
}

// Whoever borrows in other queues may be asked only by a job that does not borrow itself, or whose
// cohort has quota left: not where all of its own queue together could not make it so.
bool VictimSearch::CouldReclaim() const {
  if (rules_->preemption.reclaim_within_cohort == PreemptionPolicy::kNever) return false;
  if (fair_ || rules_->preemption.borrow_within_cohort != PreemptionPolicy::kNever) return true;
  bool advantage = true;
  bool alone = true;
  for (const SlotNeed& need : q_.needs) {
    int64_t own = 0;
    for (const VictimCandidate& candidate : candidates_) own += AmountOf(candidate, need.slot);
    advantage = advantage && MayReclaim(tree_, q_.node, need.slot, need.amount);
    alone = alone && !tree_.BorrowsWith(q_.node, need.slot, need.amount - own, Usage::kPlanned);
  }
  return advantage || alone;
}

bool VictimSearch::WithinNominal(int32_t node) const {
  return std::none_of(short_slots_.begin(), short_slots_.end(), [&](int32_t slot) {
    return tree_.BorrowsWith(node, slot, 0, Usage::kPlanned);
  });
}

void VictimSearch::CollectFrom(int32_t node, int32_t lca, bool advantage) {
  const ClusterQueueId queue = tree_.node(node).queue;
  const QueueState* state = world_.ledger().FindQueue(queue);
  if (state == nullptr || state->standing.empty()) return;
  const bool own = node == q_.node;
  const PreemptionRules& rules = rules_->preemption;
  const PreemptionPolicy policy = own ? rules.within_cluster_queue : rules.reclaim_within_cohort;
  const int32_t least = state->standing.begin()->first;
  if (least > priority_ || (least == priority_ && policy == PreemptionPolicy::kLowerPriority)) {
    if (policy != PreemptionPolicy::kAny) return;
  }
  for (const JobId job : state->admitted) {
    const JobRecord& record = *world_.FindJob(job);
    if (IsLeaving(record)) continue;  // the planned ledger counts on it already
    VictimCandidate candidate;
    candidate.spec = &world_.specs().Get(record.spec);
    candidate.priority = candidate.spec->spec.priority;
    if (!MayPreempt(record, candidate.priority, policy)) continue;
    candidate.job = job;
    candidate.node = node;
    candidate.lca = lca;
    candidate.quota = &*record.quota;
    candidate.record = &record;
    candidate.cluster = record.cluster;
    candidate.admitted = record.quota->admitted_at;
    if (!UsesShortSlots(candidate)) continue;
    if (own) {
      candidate.cause = PreemptionCause::kInClusterQueue;
    } else if (fair_) {
      candidate.cause = PreemptionCause::kInCohortFairSharing;
    } else if (advantage || rules.borrow_within_cohort == PreemptionPolicy::kNever ||
               candidate.priority >= priority_ ||
               (rules.has_threshold && candidate.priority > rules.max_priority_threshold)) {
      candidate.cause = PreemptionCause::kInCohortReclamation;
      candidate.only_without_borrowing = !advantage;
    } else {
      candidate.cause = PreemptionCause::kInCohortReclaimWhileBorrowing;
    }
    if (!own && advantage) hierarchy_empty_ = false;
    candidates_.push_back(candidate);
  }
}

void VictimSearch::CollectBelow(int32_t cohort, int32_t skip, int32_t lca, bool advantage) {
  for (const int32_t child : tree_.node(cohort).children) {
    if (child == skip || child == q_.node || WithinNominal(child)) continue;
    if (tree_.node(child).queue) {
      CollectFrom(child, lca, advantage);
    } else {
      CollectBelow(child, skip, lca, advantage);
    }
  }
}

// From the queue's cohort up to the root. Below a subtree that could hold the job within its own
// quota, whoever borrows from outside has no claim (hierarchical advantage).
void VictimSearch::CollectReclaimable() {
  std::vector<SlotNeed> remaining = q_.needs;
  int32_t at = q_.node;
  int32_t previous = QuotaTree::kNone;
  bool advantage = false;
  while (true) {
    bool fits = true;
    for (SlotNeed& need : remaining) {
      const QuotaTree::Cell& cell = tree_.cell(at, need.slot);
      const int64_t usage = cell.usage[static_cast<size_t>(Usage::kPlanned)];
      fits = fits && usage + need.amount <= cell.subtree;
      need.amount =
          std::max<int64_t>(0, need.amount - std::max<int64_t>(0, cell.guaranteed - usage));
    }
    advantage = advantage || fits;
    previous = at == q_.node ? QuotaTree::kNone : at;
    at = tree_.node(at).parent;
    if (at == QuotaTree::kNone) return;
    CollectBelow(at, previous, at, advantage);
  }
}

void VictimSearch::Collect() {
  if (rules_->preemption.within_cluster_queue != PreemptionPolicy::kNever) {
    CollectFrom(q_.node, QuotaTree::kNone, false);
  }
  if (CouldReclaim()) CollectReclaimable();
  std::sort(candidates_.begin(), candidates_.end(),
            [&](const VictimCandidate& a, const VictimCandidate& b) {
              const bool a_own = a.node == q_.node, b_own = b.node == q_.node;
              if (a_own != b_own) return b_own;
              if (a.priority != b.priority) return a.priority < b.priority;
              if (a.admitted != b.admitted) return b.admitted < a.admitted;
              return b.job < a.job;
            });
}

}  // namespace fairway::scheduler
