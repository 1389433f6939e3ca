#include "scheduler/quota/flavor_assigner.h"

#include <algorithm>

#include "scheduler/constraint.h"
#include "scheduler/quota/quota_names.h"

namespace fairway::scheduler {
namespace {

struct Grade {
  FlavorMode mode = FlavorMode::kFit;
  int32_t borrow = 0;
};
constexpr Grade kWorst = {FlavorMode::kNoFit, 0};

bool IsPreempt(FlavorMode mode) {
  return mode == FlavorMode::kPreempt || mode == FlavorMode::kReclaim ||
         mode == FlavorMode::kNoCandidates;
}

bool IsBetter(const Grade& a, const Grade& b, const FlavorFungibility& rules) {
  if (a.mode == FlavorMode::kNoFit) return false;
  if (b.mode == FlavorMode::kNoFit) return true;
  const bool a_empty = a.mode == FlavorMode::kNoCandidates;
  const bool b_empty = b.mode == FlavorMode::kNoCandidates;
  if (a_empty != b_empty) return b_empty;
  if (rules.preference == FungibilityPreference::kPreemptionOverBorrowing) {
    return a.borrow != b.borrow ? a.borrow < b.borrow : a.mode > b.mode;
  }
  return a.mode != b.mode ? a.mode > b.mode : a.borrow < b.borrow;
}

bool TriesNext(const Grade& grade, const FlavorFungibility& rules) {
  if (grade.mode == FlavorMode::kNoFit || grade.mode == FlavorMode::kNoCandidates) return true;
  if (IsPreempt(grade.mode) && rules.when_can_preempt == FungibilityPolicy::kTryNextFlavor) {
    return true;
  }
  return grade.borrow > 0 && rules.when_can_borrow == FungibilityPolicy::kTryNextFlavor;
}

std::string Amount(const std::string& resource, int64_t amount) {
  if (resource != "cpu") return std::to_string(amount);
  const auto text = CanonicalQuantity(std::to_string(amount) + "m");
  return text ? *text : std::to_string(amount) + "m";
}

class Search {
 public:
  Search(const FlavorQuestion& question, FlavorAdvice& advice)
      : q_(question), tree_(*question.tree), advice_(advice) {}

  FlavorAssignment Run(const std::vector<PodSet>& pod_sets, const std::vector<int32_t>& counts) {
    result_.mode = FlavorMode::kFit;
    // What several pod sets lack depends on what the first of them would get.
    tells_lacks_ = pod_sets.size() == 1 && pod_sets.front().min_count == 0 && !q_.when_idle;
    for (size_t i = 0; i < pod_sets.size(); ++i) {
      AssignPodSet(pod_sets[i], counts[i]);
      if (result_.mode != FlavorMode::kFit && result_.pod_set.empty()) {
        result_.pod_set = pod_sets[i].name;
      }
      if (result_.mode == FlavorMode::kNoFit) break;
    }
    return std::move(result_);
  }

 private:
  struct Choice {
    const QuotaTree::GroupFlavor* flavor = nullptr;
    Grade grade = kWorst;
    std::vector<SlotNeed> needs;
  };

  void AssignPodSet(const PodSet& pod_set, int32_t count) {
    const auto charged = ChargedResources(pod_set);
    PodSetAdmission& admission = result_.pod_sets.emplace_back();
    admission.count = count;
    admission.flavors.resize(charged.size());
    std::vector<bool> done(charged.size(), false);
    for (size_t i = 0; i < charged.size(); ++i) {
      if (done[i]) continue;
      const QuotaTree::Group* group = GroupOf(charged[i].first);
      if (group == nullptr) {
        // A pod is counted only where somebody put a quota on pods.
        if (charged[i].first == "pods") continue;
        result_.mode = FlavorMode::kNoFit;
        result_.no_flavor = true;
        Say("resource " + std::string(charged[i].first) + " unavailable in ClusterQueue");
        return;
      }
      std::vector<size_t> members;
      for (size_t k = i; k < charged.size(); ++k) {
        if (GroupOf(charged[k].first) == group) members.push_back(k);
      }
      const Choice choice = ChooseFlavor(*group, pod_set, charged, members, count);
      result_.mode = std::min(result_.mode, choice.grade.mode);
      result_.borrow = std::max(result_.borrow, choice.grade.borrow);
      if (IsShort(choice.grade.mode)) TellLacks();
      if (choice.grade.mode == FlavorMode::kNoFit) return;
      for (const size_t member : members) {
        done[member] = true;
        admission.flavors[member] = choice.flavor->id;
      }
      for (const SlotNeed& need : choice.needs) Need(need);
      flavors_.push_back(choice.flavor->id);
    }
  }

  template <typename Charged>
  Choice ChooseFlavor(const QuotaTree::Group& group, const PodSet& pod_set, const Charged& charged,
                      const std::vector<size_t>& members, int32_t count) {
    Choice best;
    bool none_matches = true;
    bool all_exceed = true;
    lacks_.clear();
    short_of_room_ = false;
    for (const QuotaTree::GroupFlavor& flavor : group.flavors) {
      std::string why;
      if (!FlavorSuits(*q_.book->flavors.Find(flavor.id), group.label_keys, pod_set,
                       q_.want_reasons ? &why : nullptr)) {
        Say(std::move(why));
        continue;
      }
      none_matches = false;
      Choice choice;
      choice.flavor = &flavor;
      choice.grade = Grade{};
      bool exceeds = false;
      lack_ = {QuotaTree::kNone, 0};
      for (const size_t member : members) {
        const auto covered =
            std::find(group.covered.begin(), group.covered.end(), charged[member].first);
        const int32_t slot = flavor.slots[static_cast<size_t>(covered - group.covered.begin())];
        GradeResource(flavor, *covered, slot, charged[member].second, count, choice, exceeds);
        if (choice.grade.mode == FlavorMode::kNoFit) break;
      }
      all_exceed = all_exceed && exceeds;
      if (lack_.slot != QuotaTree::kNone && !exceeds) lacks_.push_back(lack_);
      if (choice.grade.mode != FlavorMode::kNoFit) AskClusters(flavor, choice.grade);
      if (!TriesNext(choice.grade, q_.rules->fungibility)) return choice;
      if (IsBetter(choice.grade, best.grade, q_.rules->fungibility)) best = std::move(choice);
    }
    if (best.grade.mode == FlavorMode::kNoFit) {
      if (none_matches) {
        result_.no_flavor = true;
        if (group.flavors.empty()) Say("no flavor of the resource group exists");
      } else if (all_exceed) {
        result_.exceeds_maximum = true;
      }
    }
    return best;
  }

  // A flavor does only where a cluster that it is bound to has room as well.
  void AskClusters(const QuotaTree::GroupFlavor& flavor, Grade& grade) {
    flavors_.push_back(flavor.id);
    const bool now = grade.mode == FlavorMode::kFit;
    if (!advice_.HasCluster(flavors_, now)) {
      if (now) result_.no_cluster = true;
      short_of_room_ = true;
      grade.mode = FlavorMode::kNoFit;
      Say("no cluster of flavor " + flavor.name + " has room");
    }
    flavors_.pop_back();
  }

  void GradeResource(const QuotaTree::GroupFlavor& flavor, const std::string& resource,
                     int32_t slot, int64_t per_pod, int32_t count, Choice& choice, bool& exceeds) {
    int64_t asked = 0;
    if (__builtin_mul_overflow(per_pod, int64_t{std::max(count, 0)}, &asked)) {
      asked = QuotaTree::kAmountMax;
    }
    asked = std::min(asked, QuotaTree::kAmountMax);
    SlotNeed need{slot, asked, false};
    const int64_t before = Needed(slot);
    const int64_t amount = before + asked;
    Grade grade;
    const QuotaTree::Cell* cell = slot == QuotaTree::kNone ? nullptr : &tree_.cell(q_.node, slot);
    if (cell == nullptr || amount > cell->potential) {
      grade = kWorst;
      exceeds = true;
      if (q_.want_reasons) {
        Say("insufficient quota for " + resource + " in flavor " + flavor.name +
            ", previously considered podsets requests (" + Amount(resource, before) +
            ") + current podset request (" + Amount(resource, asked) + ") > maximum capacity (" +
            Amount(resource, cell == nullptr ? 0 : cell->potential) + ")");
      }
    } else {
      grade = GradeSlot(flavor, resource, *cell, need, amount);
    }
    if (IsBetter(choice.grade, grade, q_.rules->fungibility)) choice.grade = grade;
    if (grade.mode == FlavorMode::kNoFit) choice.grade = grade;
    choice.needs.push_back(need);
  }

  Grade GradeSlot(const QuotaTree::GroupFlavor& flavor, const std::string& resource,
                  const QuotaTree::Cell& cell, SlotNeed& need, int64_t amount) {
    if (q_.when_idle) return {FlavorMode::kFit, 0};
    const auto [borrow, may_reclaim] =
        tree_.BorrowHeight(q_.node, need.slot, amount, Usage::kPlanned);
    const int64_t planned = tree_.Available(q_.node, need.slot, Usage::kPlanned);
    const int64_t available = std::min(planned, tree_.Available(q_.node, need.slot, Usage::kHeld));
    if (amount <= available) return {FlavorMode::kFit, borrow};
    need.short_now = true;
    if (q_.want_reasons) {
      Say("insufficient unused quota for " + resource + " in flavor " + flavor.name + ", " +
          Amount(resource, amount - available) + " more needed");
    }
    // What it needs is being given back already.
    if (amount <= planned) return {FlavorMode::kReclaim, borrow};
    const PreemptionRules& rules = q_.rules->preemption;
    const bool while_borrowing =
        rules.borrow_within_cohort != PreemptionPolicy::kNever ||
        (q_.fair_sharing && rules.reclaim_within_cohort != PreemptionPolicy::kNever);
    Grade grade{FlavorMode::kNoFit, borrow};
    if (cell.nominal >= amount || may_reclaim || while_borrowing) {
      grade.mode = advice_.Preemption(need.slot, amount, &grade.borrow);
    }
    if (IsShort(grade.mode)) lack_ = {need.slot, amount};
    return grade;
  }

  const QuotaTree::Group* GroupOf(std::string_view resource) const {
    for (const QuotaTree::Group& group : tree_.node(q_.node).groups) {
      if (std::find(group.covered.begin(), group.covered.end(), resource) != group.covered.end()) {
        return &group;
      }
    }
    return nullptr;
  }

  static bool IsShort(FlavorMode mode) {
    return mode == FlavorMode::kNoFit || mode == FlavorMode::kNoCandidates;
  }
  // Of the group that was just looked at. The first one's are enough: it has to fit as well.
  void TellLacks() {
    if (!tells_lacks_ || short_of_room_ || result_.lacks_known) return;
    result_.lacks_known = true;
    result_.lacks = std::move(lacks_);
  }

  int64_t Needed(int32_t slot) const {
    for (const SlotNeed& need : result_.needs) {
      if (need.slot == slot) return need.amount;
    }
    return 0;
  }
  void Need(const SlotNeed& more) {
    for (SlotNeed& need : result_.needs) {
      if (need.slot != more.slot) continue;
      need.amount += more.amount;
      need.short_now = need.short_now || more.short_now;
      return;
    }
    result_.needs.push_back(more);
  }
  void Say(std::string reason) {
    if (q_.want_reasons && !reason.empty()) result_.reasons.push_back(std::move(reason));
  }

  const FlavorQuestion& q_;
  const QuotaTree& tree_;
  FlavorAdvice& advice_;
  std::vector<FlavorId> flavors_;  // chosen so far
  bool tells_lacks_ = false;
  bool short_of_room_ = false;  // quota of some flavor of the group fits, and no cluster does
  Lack lack_;                   // of the flavor that is being looked at
  std::vector<Lack> lacks_;     // of the group
  FlavorAssignment result_;
};

bool HasKey(const std::vector<std::string>& keys, const std::string& key) {
  return std::binary_search(keys.begin(), keys.end(), key);
}

}  // namespace

bool FlavorSuits(const FlavorSpec& flavor, const std::vector<std::string>& label_keys,
                 const PodSet& pod_set, std::string* why) {
  if (!flavor.node_taints.empty()) {
    std::vector<Toleration> tolerations = pod_set.tolerations;
    tolerations.insert(tolerations.end(), flavor.tolerations.begin(), flavor.tolerations.end());
    if (const Taint* taint = FirstUntoleratedTaint(flavor.node_taints, tolerations)) {
      if (why != nullptr) *why = "untolerated taint " + taint->key + " in flavor " + flavor.name;
      return false;
    }
  }
  if (pod_set.node_terms.empty() || label_keys.empty()) return true;
  for (const SelectorTerm& term : pod_set.node_terms) {
    const bool matches = std::all_of(
        term.requirements.begin(), term.requirements.end(), [&](const LabelRequirement& wanted) {
          return !HasKey(label_keys, wanted.key) || MatchesRequirement(wanted, flavor.node_labels);
        });
    if (matches) return true;
  }
  if (why != nullptr) *why = "flavor " + flavor.name + " doesn't match node affinity";
  return false;
}

FlavorAssignment AssignFlavors(const FlavorQuestion& question, const std::vector<PodSet>& pod_sets,
                               const std::vector<int32_t>& counts, FlavorAdvice& advice) {
  return Search(question, advice).Run(pod_sets, counts);
}

}  // namespace fairway::scheduler
