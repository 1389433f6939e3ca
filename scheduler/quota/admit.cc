#include "scheduler/quota/admit.h"

#include <algorithm>

#include "scheduler/constraint.h"
#include "scheduler/policy/judge.h"
#include "scheduler/quota/n_minus_one.h"

namespace fairway::scheduler {
namespace {

void Normalize(std::vector<FlavorId>& flavors) {
  std::sort(flavors.begin(), flavors.end());
  flavors.erase(std::unique(flavors.begin(), flavors.end()), flavors.end());
}

class Advice : public FlavorAdvice {
 public:
  Advice(World& world, const JobRecord& record, const SpecEntry& spec, int32_t node, int32_t pods)
      : world_(world), record_(record), spec_(spec), node_(node) {
    pods_ = pods;
  }

  bool HasCluster(const std::vector<FlavorId>& flavors, bool now) override {
    if (spec_.spec.queueing.workload_only) return true;
    PlaceScope scope = ScopeOf(world_.quota(), flavors);
    scope.pods = pods_;
    if (now && !when_empty_) {
      asked_ = flavors;
      pick_ = PlaceJob(world_, record_, scope);
      if (pick_.cluster) return true;
      return MayDivide() && !PlanSplit(world_, record_, scope).empty();
    }
    if (MayDivide() && !PlanSplit(world_, record_, scope, SplitRoom::kWhenEmpty).empty()) {
      return true;
    }
    const Judge judge(world_, record_);
    return std::any_of(world_.clusters().begin(), world_.clusters().end(), [&](const auto& entry) {
      return WouldTakeEmpty(judge, scope, entry.second);
    });
  }
  // As a whole, and not with fewer pods.
  bool MayDivide() const { return pods_ < 0 && MaySplit(record_, spec_.spec); }
  // What was last found for these flavors (sorted); nothing when others were asked about.
  const PlacementPick* PickFor(const std::vector<FlavorId>& flavors) {
    Normalize(asked_);
    return pick_.cluster && asked_ == flavors ? &pick_ : nullptr;
  }
  // Room is to be made: a cluster will do that would take the job when empty.
  void AskWhenEmpty() { when_empty_ = true; }

  FlavorMode Preemption(int32_t slot, int64_t amount, int32_t* borrow) override {
    return PreemptionFor(world_, record_, spec_, node_, slot, amount, borrow);
  }

 private:
  World& world_;
  const JobRecord& record_;
  const SpecEntry& spec_;
  int32_t node_;
  int32_t pods_ = -1;
  bool when_empty_ = false;
  std::vector<FlavorId> asked_;
  PlacementPick pick_;
};

class AdmissionPlanner {
 public:
  AdmissionPlanner(World& world, const JobRecord& record, bool want_reasons)
      : world_(world),
        record_(record),
        spec_(world.specs().Get(record.spec)),
        home_(world.ledger().HomeOf(spec_.spec.queueing.local_queue)) {
    question_.book = &world.ledger().book;
    question_.tree = &world.ledger().tree;
    question_.fair_sharing = world.quota_settings().fair_sharing;
    question_.want_reasons = want_reasons;
  }

  FlavorAssignment WhenIdle() {
    if (!IsActive()) return {};
    Advice advice(world_, record_, spec_, world_.ledger().tree.FindNode(home_), -1);
    advice.AskWhenEmpty();
    return WhenIdle(advice);
  }

  FlavorAssignment WhenIdle(FlavorAdvice& advice) {
    question_.when_idle = true;
    if (!AskHome()) return {};
    return AssignFlavors(question_, spec_.spec.queueing.pod_sets, counts_, advice);
  }

  AdmitPlan Plan() {
    AdmitPlan plan;
    if (!IsActive() || !AskHome()) return plan;
    if (counts_.empty()) return plan;  // asks for nothing that could be given
    plan = Try(counts_);
    if (plan.outcome == AdmitOutcome::kAdmit || plan.outcome == AdmitOutcome::kPreempt) return plan;
    TryFewer(plan);
    return plan;
  }

 private:
  bool IsActive() const {
    if (world_.settling()) return false;
    std::string reason;
    return home_ && QueueInactive(world_, home_, &reason).empty();
  }
  // The question is about its queue and its pods; false when there is no queue.
  bool AskHome() {
    if (!home_) return false;
    question_.node = world_.ledger().tree.FindNode(home_);
    question_.rules = world_.ledger().book.cluster_queues.Find(home_);
    for (const PodSet& pod_set : spec_.spec.queueing.pod_sets) counts_.push_back(pod_set.count);
    return question_.rules != nullptr && question_.node != QuotaTree::kNone;
  }
  AdmitPlan Try(const std::vector<int32_t>& counts) {
    AdmitPlan plan;
    const bool bare = spec_.spec.queueing.workload_only;
    const int32_t pods = bare || counts == counts_ ? -1 : counts.front();
    Advice advice(world_, record_, spec_, question_.node, pods);
    plan.assignment = AssignFlavors(question_, spec_.spec.queueing.pod_sets, counts, advice);
    const FlavorAssignment& found = plan.assignment;
    if (found.mode == FlavorMode::kFit) {
      plan.outcome = AdmitOutcome::kAdmit;
      if (bare) return plan;
      const std::vector<FlavorId> flavors = FlavorsOf(found);
      PlaceScope scope = ScopeOf(world_.quota(), flavors);
      scope.pods = pods;
      const bool divides = advice.MayDivide() && !question_.rules->survive_cluster_loss;
      const bool always = divides && spec_.spec.split.front().mode == SplitMode::kAlways;
      if (always) plan.parts = PlanSplit(world_, record_, scope);
      if (plan.parts.empty()) {
        const PlacementPick* known = advice.PickFor(flavors);
        plan.pick = known != nullptr ? *known : PlaceJob(world_, record_, scope);
      }
      if (divides && !always && !plan.pick.cluster) {
        plan.parts = PlanSplit(world_, record_, scope);
      }
      if (!plan.parts.empty()) return plan;
      if (!plan.pick.cluster) {
        plan.outcome = AdmitOutcome::kNoRoom;
      } else if (question_.rules->survive_cluster_loss &&
                 !SurvivesAnyLoss(world_, record_, plan.pick.cluster,
                                  pods < 0 ? spec_.total : TotalOf(spec_, pods))) {
        plan.outcome = AdmitOutcome::kNoRoom;
        plan.no_headroom = true;
        plan.pick = {};
      }
      return plan;
    }
    if (found.mode == FlavorMode::kNoFit && found.no_cluster) {
      plan.outcome = AdmitOutcome::kNoRoom;
      MakeRoom(counts, pods, advice, plan);
      return plan;
    }
    if (found.mode == FlavorMode::kNoFit) {
      plan.outcome =
          found.no_flavor || found.exceeds_maximum ? AdmitOutcome::kNever : AdmitOutcome::kNoQuota;
      return plan;
    }
    plan.outcome = AdmitOutcome::kNoQuota;
    if (found.mode != FlavorMode::kNoCandidates) Preempt(pods, plan);
    return plan;
  }

  void Preempt(int32_t pods, AdmitPlan& plan) {
    // A part that waits again evicts nobody: the search knows nothing of where the others are.
    if (record_.part) return;
    PreemptionQuestion question;
    question.record = &record_;
    question.spec = &spec_;
    question.node = question_.node;
    question.needs = plan.assignment.needs;
    question.needs_room = !spec_.spec.queueing.workload_only;
    if (question.needs_room) {
      question.scope = ScopeOf(world_.quota(), FlavorsOf(plan.assignment));
      question.room = pods < 0 ? spec_.total : TotalOf(spec_, pods);
    }
    PreemptionPlan preemption = FindVictims(world_, question);
    if (!preemption.found) return;
    plan.outcome = AdmitOutcome::kPreempt;
    plan.victims = std::move(preemption.victims);
    plan.pick.cluster = preemption.cluster;
  }

  // Quota is there, and no cluster has room: those whose quota it may take may have to make room.
  void MakeRoom(const std::vector<int32_t>& counts, int32_t pods, Advice& advice, AdmitPlan& plan) {
    const PreemptionRules& rules = question_.rules->preemption;
    if (rules.within_cluster_queue == PreemptionPolicy::kNever &&
        rules.reclaim_within_cohort == PreemptionPolicy::kNever) {
      return;
    }
    advice.AskWhenEmpty();
    FlavorAssignment found = AssignFlavors(question_, spec_.spec.queueing.pod_sets, counts, advice);
    if (found.mode == FlavorMode::kNoFit || found.mode == FlavorMode::kNoCandidates) return;
    AdmitPlan after;
    after.outcome = AdmitOutcome::kNoRoom;
    after.assignment = std::move(found);
    Preempt(pods, after);
    if (after.outcome == AdmitOutcome::kPreempt) plan = std::move(after);
  }

  // Partial admission: the most pods that fit, by bisection over how far every pod set is cut
  // (Kueue's podset_reducer).
  void TryFewer(AdmitPlan& plan) {
    int64_t cut = 0;
    for (const PodSet& pod_set : spec_.spec.queueing.pod_sets) {
      if (pod_set.min_count > 0) cut += std::max(0, pod_set.count - pod_set.min_count);
    }
    if (cut == 0) return;
    // Cut by `fails` it does not fit; `fits` is the smallest cut known to fit.
    int64_t fails = 0;
    int64_t fits = cut + 1;
    while (fits - fails > 1) {
      const int64_t middle = fits > cut ? cut : fails + (fits - fails) / 2;
      AdmitPlan fewer = Try(Reduced(cut, middle));
      if (fewer.outcome == AdmitOutcome::kAdmit || fewer.outcome == AdmitOutcome::kPreempt) {
        plan = std::move(fewer);
        fits = middle;
      } else if (middle == cut) {
        return;  // not even the fewest
      } else {
        fails = middle;
      }
    }
  }

  std::vector<int32_t> Reduced(int64_t cut, int64_t by) const {
    std::vector<int32_t> counts = counts_;
    for (size_t i = 0; i < counts.size(); ++i) {
      const PodSet& pod_set = spec_.spec.queueing.pod_sets[i];
      if (pod_set.min_count <= 0 || pod_set.count <= pod_set.min_count) continue;
      counts[i] -= static_cast<int32_t>((pod_set.count - pod_set.min_count) * by / cut);
    }
    return counts;
  }

  World& world_;
  const JobRecord& record_;
  const SpecEntry& spec_;
  ClusterQueueId home_;
  FlavorQuestion question_;
  std::vector<int32_t> counts_;
};

}  // namespace

std::string QueueInactive(const World& world, ClusterQueueId queue, std::string* reason) {
  const ClusterQueueSpec* spec = world.quota().cluster_queues.Find(queue);
  const QuotaTree& tree = world.ledger().tree;
  const int32_t index = tree.FindNode(queue);
  if (spec == nullptr || index == QuotaTree::kNone) {
    *reason = "NotFound";
    return "Can't admit new workloads: the ClusterQueue does not exist";
  }
  reason->clear();
  std::string why;
  const auto add = [&](const char* name, const std::string& text) {
    if (reason->empty()) *reason = name;
    why += (why.empty() ? "" : ", ") + text;
  };
  const QuotaTree::Node& node = tree.node(index);
  if (world.freeze().all) add("Frozen", FreezeText(world.freeze()));
  if (spec->stop_policy != StopPolicy::kNone) add("Stopped", "is stopped");
  if (!node.missing_flavor.empty()) {
    add("FlavorNotFound", "references missing ResourceFlavor(s): " + node.missing_flavor);
  }
  if (node.cyclic) add("CohortCycle", "its cohorts form a cycle");
  return why.empty() ? "" : "Can't admit new workloads: " + why + ".";
}

PlaceScope ScopeOf(const QuotaBook& book, const std::vector<FlavorId>& flavors) {
  PlaceScope scope;
  for (const FlavorId id : flavors) {
    const FlavorSpec* flavor = book.flavors.Find(id);
    if (flavor == nullptr || flavor->node_labels.empty()) continue;
    PlaceScope one = FlavorScope(flavor->node_labels);
    if (scope.only.empty()) {
      scope = std::move(one);
    } else {
      std::vector<LabelRequirement>& all = scope.only.front().requirements;
      const std::vector<LabelRequirement>& more = one.only.front().requirements;
      all.insert(all.end(), more.begin(), more.end());
    }
  }
  return scope;
}

std::vector<FlavorId> FlavorsOf(const FlavorAssignment& assignment) {
  std::vector<FlavorId> flavors;
  for (const PodSetAdmission& pod_set : assignment.pod_sets) {
    for (const FlavorId flavor : pod_set.flavors) {
      if (flavor) flavors.push_back(flavor);
    }
  }
  Normalize(flavors);
  return flavors;
}

std::vector<FlavorId> FlavorsOf(const std::vector<QuotaCharge>& charges) {
  std::vector<FlavorId> flavors;
  for (const QuotaCharge& charge : charges) flavors.push_back(charge.flavor);
  Normalize(flavors);
  return flavors;
}

bool WouldTakeEmpty(const Judge& judge, const PlaceScope& scope, const ClusterState& cluster) {
  return MatchesRequiredAffinity(scope.only, cluster.record.spec.labels) &&
         judge.AskEmpty(cluster) == Verdict::kFits;
}

FlavorAssignment AssignWhenIdle(World& world, const JobRecord& record) {
  return AdmissionPlanner(world, record, false).WhenIdle();
}

FlavorAssignment AssignWhenIdle(World& world, const JobRecord& record, FlavorAdvice& advice) {
  return AdmissionPlanner(world, record, false).WhenIdle(advice);
}

AdmitPlan PlanAdmission(World& world, const JobRecord& record, bool want_reasons) {
  return AdmissionPlanner(world, record, want_reasons).Plan();
}

}  // namespace fairway::scheduler
