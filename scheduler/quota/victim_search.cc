#include "scheduler/quota/victim_search.h"

#include <algorithm>

#include "scheduler/constraint.h"
#include "scheduler/policy/judge.h"

namespace fairway::scheduler {

// Takes a candidate's charges out of the planned ledger (sign -1) or puts them back.
void VictimSearch::Remove(const VictimCandidate& candidate, int sign) {
  for (const QuotaCharge& charge : ChargesOf(*candidate.quota, candidate.spec->spec)) {
    const int32_t slot = tree_.FindSlot(candidate.node, charge.flavor, charge.resource);
    if (slot != QuotaTree::kNone) {
      tree_.Move(candidate.node, slot, sign * charge.amount, Usage::kPlanned);
    }
  }
}

void VictimSearch::MoveNeeds(int sign) {
  for (const SlotNeed& need : q_.needs) {
    tree_.Move(q_.node, need.slot, sign * need.amount, Usage::kPlanned);
  }
  needs_moved_ = sign > 0;
}

bool VictimSearch::FindRoom(const std::vector<VictimCandidate>& victims) {
  target_ = {};
  if (ignore_room_ || !q_.needs_room) return true;
  const Resources& room = q_.spec->spec.gang ? q_.room : q_.spec->need;
  const Judge judge(world_, *q_.record);
  // Where nobody need go is better than where the victims are.
  for (const bool at_scope : {false, true}) {
    for (const auto& [id, state] : world_.clusters()) {
      if (at_scope != (id == scope_) || !state.IsOpen()) continue;
      if (!MatchesRequiredAffinity(q_.scope.only, state.record.spec.labels)) continue;
      Resources free = state.Free();
      free.Add(state.leaving);
      for (const VictimCandidate& victim : victims) {
        if (victim.cluster == id) free.Add(RoomOf(*victim.record, *victim.spec));
      }
      if (!room.FitsIn(free)) continue;
      if (judge.AskEmpty(state) != Verdict::kFits) continue;
      target_ = id;
      return true;
    }
  }
  return false;
}

bool VictimSearch::Fits(bool borrow, const std::vector<VictimCandidate>& victims) {
  const bool moved = needs_moved_;
  if (moved) MoveNeeds(-1);
  bool fits = true;
  for (const SlotNeed& need : q_.needs) {
    if (!borrow && tree_.BorrowsWith(q_.node, need.slot, need.amount, Usage::kPlanned))
      fits = false;
    if (need.amount > tree_.Available(q_.node, need.slot, Usage::kPlanned)) fits = false;
  }
  if (moved) MoveNeeds(+1);
  return fits && FindRoom(victims);
}

// Whoever can stay stays; what is left is minimal.
void VictimSearch::FillBack(bool borrow, std::vector<VictimCandidate>& victims) {
  for (size_t i = victims.size(); i-- > 0;) {
    const VictimCandidate candidate = victims[i];
    Remove(candidate, +1);
    victims.erase(victims.begin() + static_cast<ptrdiff_t>(i));
    if (Fits(borrow, victims)) continue;
    Remove(candidate, -1);
    victims.insert(victims.begin() + static_cast<ptrdiff_t>(i), candidate);
  }
  Fits(borrow, victims);  // leaves the target of what remains
}

bool VictimSearch::IsValid(const VictimCandidate& candidate, bool borrow) const {
  if (candidate.node == q_.node) return true;
  if (borrow && candidate.only_without_borrowing) return false;
  for (int32_t at = candidate.node; at != candidate.lca && at != QuotaTree::kNone;
       at = tree_.node(at).parent) {
    if (WithinNominal(at)) return false;
  }
  return true;
}

bool VictimSearch::IsAsked(const VictimCandidate& candidate, ClusterId scope, bool any) const {
  if (spare_own_ && candidate.node == q_.node) return false;
  return any || !candidate.cluster || candidate.cluster == scope;
}

bool VictimSearch::Classical(ClusterId scope, bool any, bool borrow,
                             std::vector<VictimCandidate>& victims) {
  victims.clear();
  for (const VictimCandidate& candidate : candidates_) {
    if (!IsAsked(candidate, scope, any) || !IsValid(candidate, borrow)) continue;
    Remove(candidate, -1);
    victims.push_back(candidate);
    if (!Fits(borrow, victims)) continue;
    FillBack(borrow, victims);
    for (const VictimCandidate& victim : victims) Remove(victim, +1);
    return true;
  }
  for (const VictimCandidate& victim : victims) Remove(victim, +1);
  victims.clear();
  return false;
}

bool VictimSearch::Find(ClusterId scope, bool any, std::vector<VictimCandidate>& victims) {
  spare_own_ = false;
  if (!FindSet(scope, any, victims)) return false;
  if (std::none_of(victims.begin(), victims.end(),
                   [&](const VictimCandidate& v) { return v.node == q_.node; })) {
    return true;
  }
  for (const VictimCandidate& victim : victims) Remove(victim, -1);
  const bool again = BorrowsAgain(world_, *q_.record, q_.node, q_.needs);
  for (const VictimCandidate& victim : victims) Remove(victim, +1);
  if (!again) return true;
  spare_own_ = true;
  return FindSet(scope, any, victims);
}

bool VictimSearch::FindSet(ClusterId scope, bool any, std::vector<VictimCandidate>& victims) {
  scope_ = scope;
  victims.clear();
  if (Fits(true, victims)) return true;
  if (fair_) return Fair(scope, any, victims);
  const PreemptionRules& rules = rules_->preemption;
  const bool no_borrowing = rules.borrow_within_cohort == PreemptionPolicy::kNever;
  const bool others = std::any_of(candidates_.begin(), candidates_.end(),
                                  [&](const VictimCandidate& c) { return c.node != q_.node; });
  const bool under_nominal =
      std::all_of(short_slots_.begin(), short_slots_.end(), [&](int32_t slot) {
        const QuotaTree::Cell& cell = tree_.cell(q_.node, slot);
        return cell.usage[static_cast<size_t>(Usage::kPlanned)] < cell.nominal;
      });
  if (!others || (no_borrowing && !under_nominal)) return Classical(scope, any, true, victims);
  const bool first = !(no_borrowing && hierarchy_empty_);
  return Classical(scope, any, first, victims) || Classical(scope, any, !first, victims);
}

std::pair<int32_t, int32_t> BelowCommon(const QuotaTree& tree, int32_t a, int32_t b) {
  while (tree.node(a).depth > tree.node(b).depth) a = tree.node(a).parent;
  while (tree.node(b).depth > tree.node(a).depth) b = tree.node(b).parent;
  while (tree.node(a).parent != tree.node(b).parent) {
    a = tree.node(a).parent;
    b = tree.node(b).parent;
  }
  return {a, b};
}

bool BorrowsAgain(World& world, const JobRecord& record, int32_t node,
                  const std::vector<SlotNeed>& needs) {
  const PreemptionCause cause = record.quota->preempted;
  if (cause == PreemptionCause::kNone || cause == PreemptionCause::kInClusterQueue) return false;
  const JobRecord* preemptor = world.FindJob(record.quota->preemptor);
  if (preemptor == nullptr || !preemptor->quota || IsFinished(*preemptor)) return false;
  QuotaTree& tree = world.mutable_ledger().tree;
  const int32_t other = tree.FindNode(
      world.ledger().HomeOf(world.specs().Get(preemptor->spec).spec.queueing.local_queue));
  if (other == QuotaTree::kNone || other == node || tree.node(other).tree != tree.node(node).tree) {
    return false;
  }
  const int32_t part = BelowCommon(tree, node, other).first;
  for (const SlotNeed& need : needs) tree.Move(node, need.slot, need.amount, Usage::kPlanned);
  const bool borrows = std::any_of(needs.begin(), needs.end(), [&](const SlotNeed& need) {
    return tree.BorrowsWith(part, need.slot, 0, Usage::kPlanned);
  });
  for (const SlotNeed& need : needs) tree.Move(node, need.slot, -need.amount, Usage::kPlanned);
  return borrows;
}

// ---- the outer search: over clusters ----

namespace {

// What is lost with a set, best first: the highest priority that must go, work done so far, how
// many.
struct Loss {
  int32_t priority = INT32_MIN;
  int64_t work = 0;
  size_t count = 0;
  auto operator<=>(const Loss&) const = default;
};

// The search has no clock: work counts from one second before the youngest admission on.
Loss LossOf(const std::vector<VictimCandidate>& victims, Instant youngest) {
  Loss loss;
  loss.count = victims.size();
  for (const VictimCandidate& victim : victims) {
    loss.priority = std::max(loss.priority, victim.priority);
    int64_t cpu = 0;
    for (size_t i = 0; i < victim.quota->pod_sets.size(); ++i) {
      cpu += victim.spec->spec.queueing.pod_sets[i].request.cpu_milli / 100 *
             victim.quota->pod_sets[i].count;
    }
    loss.work +=
        ((youngest - victim.admitted).ms / 1000 + 1) * std::clamp<int64_t>(cpu, 1, 1 << 24);
  }
  return loss;
}

}  // namespace

PreemptionPlan FindVictims(World& world, const PreemptionQuestion& question) {
  PreemptionPlan plan;
  VictimSearch search(world, question);
  std::vector<VictimCandidate> best;
  Loss best_loss;
  std::vector<ClusterId> scopes = {ClusterId{}};
  Instant youngest;
  for (const VictimCandidate& candidate : search.candidates()) {
    scopes.push_back(candidate.cluster);
    youngest = std::max(youngest, candidate.admitted);
  }
  std::sort(scopes.begin(), scopes.end());
  scopes.erase(std::unique(scopes.begin(), scopes.end()), scopes.end());
  for (const ClusterId scope : scopes) {
    std::vector<VictimCandidate> victims;
    if (!search.Find(scope, false, victims)) continue;
    const Loss loss = LossOf(victims, youngest);
    if (plan.found && best_loss <= loss) continue;
    plan.found = true;
    plan.cluster = search.target();
    best = std::move(victims);
    best_loss = loss;
    if (best.empty()) break;  // nobody need go
  }
  for (const VictimCandidate& victim : best) plan.victims.push_back({victim.job, victim.cause});
  return plan;
}

FlavorMode PreemptionFor(World& world, const JobRecord& record, const SpecEntry& spec, int32_t node,
                         int32_t slot, int64_t amount, int32_t* borrow) {
  PreemptionQuestion question;
  question.record = &record;
  question.spec = &spec;
  question.node = node;
  question.needs = {{slot, amount, true}};
  VictimSearch search(world, question);
  search.IgnoreRoom();
  if (search.candidates().empty()) return FlavorMode::kNoCandidates;
  std::vector<VictimCandidate> victims;
  if (!search.Find({}, true, victims)) return FlavorMode::kNoCandidates;
  QuotaTree& tree = world.mutable_ledger().tree;
  bool own = false;
  for (const VictimCandidate& victim : victims) {
    own = own || victim.node == node;
    const int32_t held =
        tree.FindSlot(victim.node, tree.slots(node)[static_cast<size_t>(slot)].flavor,
                      tree.SlotResource(node, slot));
    for (const QuotaCharge& charge : ChargesOf(*victim.quota, victim.spec->spec)) {
      if (tree.FindSlot(victim.node, charge.flavor, charge.resource) == held) {
        tree.Move(victim.node, held, -charge.amount, Usage::kPlanned);
      }
    }
  }
  *borrow = tree.BorrowHeight(node, slot, amount, Usage::kPlanned).first;
  for (const VictimCandidate& victim : victims) {
    const int32_t held =
        tree.FindSlot(victim.node, tree.slots(node)[static_cast<size_t>(slot)].flavor,
                      tree.SlotResource(node, slot));
    for (const QuotaCharge& charge : ChargesOf(*victim.quota, victim.spec->spec)) {
      if (tree.FindSlot(victim.node, charge.flavor, charge.resource) == held) {
        tree.Move(victim.node, held, charge.amount, Usage::kPlanned);
      }
    }
  }
  return own ? FlavorMode::kPreempt : FlavorMode::kReclaim;
}

}  // namespace fairway::scheduler
