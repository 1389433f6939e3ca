// Fair-sharing preemption (Kueue's KEP 1714 in its hierarchical form): the queue whose part of the
// tree borrows the most, weighted, gives first, as long as the preemptor's part stays within what
// the giver's part keeps (LessThanOrEqualToFinalShare), or had (LessThanInitialShare).
#include <absl/container/btree_set.h>

#include <algorithm>

#include "scheduler/quota/victim_search.h"

namespace fairway::scheduler {

struct VictimSearch::FairQueues {
  // In the order of candidates_; taken from the front.
  absl::btree_map<int32_t, std::vector<VictimCandidate>> by_node;
  absl::btree_set<int32_t> pruned;

  VictimCandidate Pop(int32_t node) {
    std::vector<VictimCandidate>& all = by_node[node];
    VictimCandidate first = all.front();
    all.erase(all.begin());
    return first;
  }
  bool Has(int32_t node) const {
    const auto at = by_node.find(node);
    return at != by_node.end() && !at->second.empty();
  }
};

// Down from a cohort to the queue with the largest share at every step; kNone when nobody is left
// below.
int32_t VictimSearch::NextFairQueue(FairQueues& queues, int32_t cohort) {
  while (true) {
    int32_t best = QuotaTree::kNone;
    int64_t best_share = -1;
    for (const int32_t child : tree_.node(cohort).children) {
      if (queues.pruned.contains(child)) continue;
      const bool is_queue = static_cast<bool>(tree_.node(child).queue);
      bool above_me = false;
      for (int32_t at = q_.node; at != QuotaTree::kNone; at = tree_.node(at).parent) {
        above_me = above_me || at == child;
      }
      const int64_t share = tree_.Share(child, Usage::kPlanned);
      if ((is_queue && !queues.Has(child)) || (share == 0 && !above_me)) {
        queues.pruned.insert(child);
        continue;
      }
      // A cohort goes before a queue with the same share.
      if (share > best_share || (share == best_share && !is_queue)) {
        best = child;
        best_share = share;
      }
    }
    if (best == QuotaTree::kNone) {
      queues.pruned.insert(cohort);
      return QuotaTree::kNone;
    }
    if (tree_.node(best).queue) return best;
    const int32_t found = NextFairQueue(queues, best);
    if (found != QuotaTree::kNone) return found;
  }
}

bool VictimSearch::FairFirst(FairQueues& queues, std::vector<VictimCandidate>& victims,
                             std::vector<VictimCandidate>& retry) {
  int32_t root = q_.node;
  while (tree_.node(root).parent != QuotaTree::kNone) root = tree_.node(root).parent;
  const bool final_share = world_.quota_settings().strategies != FairStrategies::kInitialOnly;
  const bool entitled = WithinNominal(q_.node);  // the needs are counted in already
  const auto take = [&](const VictimCandidate& candidate) {
    Remove(candidate, -1);
    victims.push_back(candidate);
    return Fits(true, victims);
  };
  while (true) {
    const int32_t target = tree_.node(root).queue ? (queues.Has(root) ? root : QuotaTree::kNone)
                                                  : NextFairQueue(queues, root);
    if (target == QuotaTree::kNone) return false;
    if (target == q_.node) {
      if (take(queues.Pop(target))) return true;
      continue;
    }
    if (entitled) {
      VictimCandidate candidate = queues.Pop(target);
      candidate.cause = PreemptionCause::kInCohortReclamation;
      if (take(candidate)) return true;
      continue;
    }
    const auto [mine, theirs] = BelowCommon(tree_, q_.node, target);
    const int64_t my_share = tree_.Share(mine, Usage::kPlanned);
    const int64_t old_share = tree_.Share(theirs, Usage::kPlanned);
    while (queues.Has(target)) {
      const VictimCandidate candidate = queues.Pop(target);
      Remove(candidate, -1);
      const int64_t new_share = tree_.Share(theirs, Usage::kPlanned);
      if (final_share ? my_share <= new_share : my_share < old_share) {
        victims.push_back(candidate);
        if (Fits(true, victims)) return true;
        break;  // the shares have changed: another queue may be next
      }
      Remove(candidate, +1);
      retry.push_back(candidate);
    }
  }
}

bool VictimSearch::FairSecond(FairQueues& queues, std::vector<VictimCandidate>& victims) {
  int32_t root = q_.node;
  while (tree_.node(root).parent != QuotaTree::kNone) root = tree_.node(root).parent;
  if (tree_.node(root).queue) return false;
  while (true) {
    const int32_t target = NextFairQueue(queues, root);
    if (target == QuotaTree::kNone) return false;
    const VictimCandidate candidate = queues.Pop(target);
    queues.pruned.insert(target);
    const auto [mine, theirs] = BelowCommon(tree_, q_.node, target);
    if (mine == theirs ||
        tree_.Share(mine, Usage::kPlanned) >= tree_.Share(theirs, Usage::kPlanned)) {
      continue;
    }
    Remove(candidate, -1);
    victims.push_back(candidate);
    if (Fits(true, victims)) return true;
  }
}

bool VictimSearch::Fair(ClusterId scope, bool any, std::vector<VictimCandidate>& victims) {
  FairQueues queues;
  for (const VictimCandidate& candidate : candidates_) {
    if (!IsAsked(candidate, scope, any)) continue;
    queues.by_node[candidate.node].push_back(candidate);
  }
  if (queues.by_node.empty()) return false;
  MoveNeeds(+1);
  std::vector<VictimCandidate> retry;
  bool found = FairFirst(queues, victims, retry);
  const bool second =
      world_.quota_settings().strategies == FairStrategies::kFinalThenInitial && !retry.empty();
  if (!found && second) {
    FairQueues again;
    for (const VictimCandidate& candidate : retry)
      again.by_node[candidate.node].push_back(candidate);
    found = FairSecond(again, victims);
  }
  MoveNeeds(-1);
  if (found) FillBack(true, victims);
  for (const VictimCandidate& victim : victims) Remove(victim, +1);
  if (!found) victims.clear();
  return found;
}

}  // namespace fairway::scheduler
