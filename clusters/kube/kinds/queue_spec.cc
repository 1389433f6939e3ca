#include "clusters/kube/kinds/queue_spec.h"

#include "clusters/kube/kinds/core_terms.h"
#include "clusters/kube/kinds/fields.h"
#include "clusters/kube/kinds/job_spec.h"
#include "clusters/kube/kinds/kueue_names.h"
#include "clusters/kube/kinds/pod_terms.h"
#include "scheduler/resources.h"

namespace fairway::kube {
namespace {

using scheduler::FungibilityPolicy;
using scheduler::PreemptionPolicy;
using scheduler::StopPolicy;

Result<int64_t> Amount(std::string_view resource, const Value& value) {
  return ParseAmount(resource, QuantityText(value));
}

Result<int64_t> Limit(const Object& quota, std::string_view key) {
  const Value* value = Find(quota, key);
  if (value == nullptr || value->is_null()) return scheduler::kNoLimit;
  return Amount(GetString(quota, {"name"}), *value);
}

Result<scheduler::ResourceQuota> QuotaFrom(const Object& quota) {
  scheduler::ResourceQuota out;
  out.resource = GetString(quota, {"name"});
  if (const Value* nominal = Find(quota, "nominalQuota")) {
    const Result<int64_t> amount = Amount(out.resource, *nominal);
    if (!amount) return Fail(amount.error());
    out.nominal = *amount;
  }
  const Result<int64_t> borrowing = Limit(quota, "borrowingLimit");
  if (!borrowing) return Fail(borrowing.error());
  const Result<int64_t> lending = Limit(quota, "lendingLimit");
  if (!lending) return Fail(lending.error());
  out.borrowing_limit = *borrowing;
  out.lending_limit = *lending;
  return out;
}

Result<std::vector<scheduler::ResourceGroup>> GroupsFrom(const Object& spec) {
  std::vector<scheduler::ResourceGroup> out;
  std::optional<Error> wrong;
  ForEachObject(spec, "resourceGroups", [&](const Object& group, size_t) {
    scheduler::ResourceGroup& each = out.emplace_back();
    ForEachText(group, "coveredResources",
                [&](std::string_view name, size_t) { each.covered.emplace_back(name); });
    ForEachObject(group, "flavors", [&](const Object& flavor, size_t) {
      scheduler::FlavorQuotas& quotas = each.flavors.emplace_back();
      quotas.flavor = GetString(flavor, {"name"});
      ForEachObject(flavor, "resources", [&](const Object& resource, size_t) {
        Result<scheduler::ResourceQuota> quota = QuotaFrom(resource);
        if (quota) {
          quotas.resources.push_back(std::move(*quota));
        } else {
          wrong = quota.error();
        }
      });
    });
  });
  if (wrong) return Fail(*wrong);
  return out;
}

// Thousandths, rounded up: a weight is never lost.
Result<int64_t> WeightFrom(const Object& spec) {
  const Value* weight = FindPath(spec, {"fairSharing", "weight"});
  if (weight == nullptr || weight->is_null()) return scheduler::kFairWeightOne;
  return scheduler::ParseQuantityMilli(QuantityText(*weight));
}

StopPolicy StopFrom(const Object& spec) {
  const std::string_view text = GetString(spec, {"stopPolicy"});
  if (text == "Hold") return StopPolicy::kHold;
  return text == "HoldAndDrain" ? StopPolicy::kHoldAndDrain : StopPolicy::kNone;
}

PreemptionPolicy PreemptionFrom(std::string_view text) {
  if (text == "Any") return PreemptionPolicy::kAny;
  if (text == "LowerPriority") return PreemptionPolicy::kLowerPriority;
  if (text == "LowerOrNewerEqualPriority") return PreemptionPolicy::kLowerOrNewerEqualPriority;
  return PreemptionPolicy::kNever;
}

scheduler::PreemptionRules PreemptionFrom(const Object& spec) {
  const Object& preemption = ObjectOrEmpty(spec, "preemption");
  scheduler::PreemptionRules out;
  out.within_cluster_queue = PreemptionFrom(GetString(preemption, {"withinClusterQueue"}));
  out.reclaim_within_cohort = PreemptionFrom(GetString(preemption, {"reclaimWithinCohort"}));
  const Object& borrow = ObjectOrEmpty(preemption, "borrowWithinCohort");
  out.borrow_within_cohort = PreemptionFrom(GetString(borrow, {"policy"}));
  if (const auto threshold = GetInt(borrow, "maxPriorityThreshold")) {
    out.has_threshold = true;
    out.max_priority_threshold = static_cast<int32_t>(*threshold);
  }
  return out;
}

scheduler::FlavorFungibility FungibilityFrom(const Object& spec) {
  const Object& fungibility = ObjectOrEmpty(spec, "flavorFungibility");
  const auto policy = [&](std::string_view key, FungibilityPolicy absent) {
    const std::string_view text = GetString(fungibility, {key});
    if (text == "TryNextFlavor") return FungibilityPolicy::kTryNextFlavor;
    return text == "MayStopSearch" ? FungibilityPolicy::kMayStopSearch : absent;
  };
  scheduler::FlavorFungibility out;
  out.when_can_borrow = policy("whenCanBorrow", out.when_can_borrow);
  out.when_can_preempt = policy("whenCanPreempt", out.when_can_preempt);
  if (GetString(fungibility, {"preference"}) == "PreemptionOverBorrowing") {
    out.preference = scheduler::FungibilityPreference::kPreemptionOverBorrowing;
  }
  return out;
}

std::string FullName(const Object& doc) {
  return std::string(GetString(doc, {"metadata", "namespace"})) + "/" +
         std::string(GetString(doc, {"metadata", "name"}));
}

}  // namespace

scheduler::FlavorSpec FlavorSpecFrom(const Object& flavor) {
  const Object& spec = ObjectOrEmpty(flavor, "spec");
  scheduler::FlavorSpec out;
  out.name = GetString(flavor, {"metadata", "name"});
  for (const auto& [key, value] : ObjectOrEmpty(spec, "nodeLabels")) {
    out.node_labels.emplace(key, TextOf(value));
  }
  out.node_taints = TaintsFrom(spec, "nodeTaints");
  out.tolerations = TolerationsFrom(spec);
  return out;
}

Result<scheduler::CohortSpec> CohortSpecFrom(const Object& cohort) {
  const Object& spec = ObjectOrEmpty(cohort, "spec");
  auto groups = GroupsFrom(spec);
  if (!groups) return Fail(groups.error());
  const Result<int64_t> weight = WeightFrom(spec);
  if (!weight) return Fail(weight.error());
  scheduler::CohortSpec out;
  out.name = GetString(cohort, {"metadata", "name"});
  out.parent = GetString(spec, {"parentName"});
  out.groups = std::move(*groups);
  out.fair_weight_milli = *weight;
  return out;
}

Result<scheduler::ClusterQueueSpec> ClusterQueueSpecFrom(const Object& queue) {
  const Object& spec = ObjectOrEmpty(queue, "spec");
  auto groups = GroupsFrom(spec);
  if (!groups) return Fail(groups.error());
  const Result<int64_t> weight = WeightFrom(spec);
  if (!weight) return Fail(weight.error());
  scheduler::ClusterQueueSpec out;
  out.name = GetString(queue, {"metadata", "name"});
  out.cohort = GetString(spec, {"cohortName"});
  out.groups = std::move(*groups);
  if (GetString(spec, {"queueingStrategy"}) == "StrictFIFO") {
    out.strategy = scheduler::QueueingStrategy::kStrictFifo;
  }
  out.preemption = PreemptionFrom(spec);
  out.fungibility = FungibilityFrom(spec);
  out.fair_weight_milli = *weight;
  out.stop_policy = StopFrom(spec);
  out.survive_cluster_loss =
      GetString(queue, {"metadata", "annotations", names::kAnnotationNMinusOne}) == "true";
  return out;
}

scheduler::LocalQueueSpec LocalQueueSpecFrom(const Object& queue, bool namespace_admitted) {
  const Object& spec = ObjectOrEmpty(queue, "spec");
  scheduler::LocalQueueSpec out;
  out.name = FullName(queue);
  out.cluster_queue = GetString(spec, {"clusterQueue"});
  out.stop_policy = StopFrom(spec);
  out.namespace_admitted = namespace_admitted;
  return out;
}

scheduler::Queueing QueueingFrom(const Object& job, const QueueWish& wish, std::string queue,
                                 const scheduler::JobSpec& spec) {
  const Object& pod = ObjectOrEmpty(ObjectOrEmpty(ObjectOrEmpty(job, "spec"), "template"), "spec");
  scheduler::PodSet set;
  set.name = "main";
  set.count = spec.parallelism;
  // With fewer completions than parallelism there may be nothing left to admit partially.
  set.min_count = wish.min_parallelism < spec.parallelism ? wish.min_parallelism : 0;
  set.request = spec.request;
  set.node_terms = NodeTermsFrom(pod);
  set.tolerations = TolerationsFrom(pod);
  scheduler::Queueing out;
  out.local_queue = std::move(queue);
  out.pod_sets.push_back(std::move(set));
  out.max_execution_seconds = wish.max_execution_seconds;
  return out;
}

Result<scheduler::JobSpec> WorkloadSpecFrom(const Object& workload) {
  const Object& spec = ObjectOrEmpty(workload, "spec");
  scheduler::JobSpec out;
  out.priority = static_cast<int32_t>(GetInt(spec, "priority").value_or(0));
  out.queueing.workload_only = true;
  out.queueing.max_execution_seconds =
      static_cast<int32_t>(GetInt(spec, "maximumExecutionTimeSeconds").value_or(0));
  const std::string_view queue = GetString(spec, {"queueName"});
  out.queueing.local_queue =
      std::string(GetString(workload, {"metadata", "namespace"})) + "/" + std::string(queue);
  ForEachObject(spec, "podSets", [&](const Object& each, size_t) {
    const Object& pod = ObjectOrEmpty(ObjectOrEmpty(each, "template"), "spec");
    scheduler::PodSet& set = out.queueing.pod_sets.emplace_back();
    set.name = GetString(each, {"name"});
    set.count = static_cast<int32_t>(GetInt(each, "count").value_or(1));
    set.min_count = static_cast<int32_t>(GetInt(each, "minCount").value_or(0));
    set.request = PodRequest(pod);
    set.node_terms = NodeTermsFrom(pod);
    set.tolerations = TolerationsFrom(pod);
  });
  return out;
}

}  // namespace fairway::kube
