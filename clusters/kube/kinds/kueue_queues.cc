// Strategies of kueue.x-k8s.io's queues: ClusterQueue, Cohort, LocalQueue.
#include <string>

#include "clusters/kube/kinds/fields.h"
#include "clusters/kube/kinds/kueue_rules.h"
#include "clusters/kube/kinds/kueue_strategies.h"
#include "clusters/kube/kinds/metadata.h"
#include "clusters/kube/kinds/names.h"

namespace fairway::kube::kueue {
namespace {

void ValidatePreemption(const Object& spec, FieldErrors& errors) {
  const FieldPath path = kSpec.Child("preemption");
  const Object* preemption = GetObject(spec, {"preemption"});
  if (preemption == nullptr) return;
  CheckEnum(*preemption, "reclaimWithinCohort", path, {"Never", "LowerPriority", "Any"}, errors);
  CheckEnum(*preemption, "withinClusterQueue", path,
            {"Never", "LowerPriority", "LowerOrNewerEqualPriority"}, errors);
  const Object& borrow = ObjectOrEmpty(*preemption, "borrowWithinCohort");
  const FieldPath at = path.Child("borrowWithinCohort");
  CheckEnum(borrow, "policy", at, {"Never", "LowerPriority"}, errors);
  const std::string_view policy = GetString(borrow, {"policy"});
  if (GetString(*preemption, {"reclaimWithinCohort"}) == "Never" && !policy.empty() &&
      policy != "Never") {
    RuleBroken(path, "reclaimWithinCohort=Never and borrowWithinCohort.Policy!=Never", errors);
  }
}

void ValidateFungibility(const Object& spec, FieldErrors& errors) {
  const FieldPath path = kSpec.Child("flavorFungibility");
  const Object* fungibility = GetObject(spec, {"flavorFungibility"});
  if (fungibility == nullptr) return;
  // The older API called the first of them Borrow and Preempt.
  CheckEnum(*fungibility, "whenCanBorrow", path, {"MayStopSearch", "TryNextFlavor"}, errors);
  CheckEnum(*fungibility, "whenCanPreempt", path, {"MayStopSearch", "TryNextFlavor"}, errors);
  CheckEnum(*fungibility, "preference", path,
            {"BorrowingOverPreemption", "PreemptionOverBorrowing"}, errors);
  if (IsSet(*fungibility, "preference") &&
      (GetString(*fungibility, {"whenCanBorrow"}) != "TryNextFlavor" ||
       GetString(*fungibility, {"whenCanPreempt"}) != "TryNextFlavor")) {
    RuleBroken(path,
               "preference can only be set when both whenCanBorrow and whenCanPreempt are "
               "TryNextFlavor",
               errors);
  }
}

class ClusterQueueStrategy : public Strategy {
 public:
  using Strategy::Strategy;

 protected:
  void Validate(const Object& queue, FieldErrors& errors) const override {
    const Object& spec = ObjectOrEmpty(queue, "spec");
    const bool has_parent = !GetString(spec, {"cohortName"}).empty();
    ValidateResourceGroups(spec, kSpec, {.has_parent = has_parent, .cohort = false}, errors);
    CheckReference(spec, "cohortName", kSpec, errors);
    CheckEnum(spec, "queueingStrategy", kSpec, {"StrictFIFO", "BestEffortFIFO"}, errors);
    CheckEnum(spec, "stopPolicy", kSpec, {"None", "Hold", "HoldAndDrain"}, errors);
    if (const Object* selector = GetObject(spec, {"namespaceSelector"})) {
      ValidateLabelSelector(*selector, kSpec.Child("namespaceSelector"), errors);
    }
    ValidatePreemption(spec, errors);
    ValidateFungibility(spec, errors);
    ValidateFairSharing(spec, kSpec, errors);
    RefuseUnsupported(spec, "admissionChecksStrategy", kSpec, "there are no AdmissionChecks",
                      errors);
    RefuseUnsupported(spec, "concurrentAdmissionPolicy", kSpec,
                      "a workload is admitted with one flavor per resource, and stays there",
                      errors);
    const FieldPath scope = kSpec.Child("admissionScope");
    const Object& admission = ObjectOrEmpty(spec, "admissionScope");
    CheckEnum(admission, "admissionMode", scope,
              {"UsageBasedAdmissionFairSharing", "NoAdmissionFairSharing"}, errors);
    if (GetString(admission, {"admissionMode"}) == "UsageBasedAdmissionFairSharing") {
      RefuseUnsupported(admission, "admissionMode", scope, "LocalQueues do not share by past usage",
                        errors);
    }
  }
  void ValidateStatus(const Object& doc, const Object&, FieldErrors& errors) const override {
    ValidateConditions(ObjectOrEmpty(doc, "status"), kStatus, errors);
  }
};

class CohortStrategy : public Strategy {
 public:
  using Strategy::Strategy;

 protected:
  void Validate(const Object& cohort, FieldErrors& errors) const override {
    const Object& spec = ObjectOrEmpty(cohort, "spec");
    const bool has_parent = !GetString(spec, {"parentName"}).empty();
    ValidateFairSharing(spec, kSpec, errors);
    ValidateResourceGroups(spec, kSpec, {.has_parent = has_parent, .cohort = true}, errors);
    CheckReference(spec, "parentName", kSpec, errors);
  }
};

class LocalQueueStrategy : public Strategy {
 public:
  using Strategy::Strategy;

 protected:
  void Validate(const Object& queue, FieldErrors& errors) const override {
    const Object& spec = ObjectOrEmpty(queue, "spec");
    CheckReference(spec, "clusterQueue", kSpec, errors);
    CheckEnum(spec, "stopPolicy", kSpec, {"None", "Hold", "HoldAndDrain"}, errors);
    RefuseUnsupported(spec, "fairSharing", kSpec, "LocalQueues do not share by past usage", errors);
  }
  void ValidateChange(const Object& doc, const Object& old, FieldErrors& errors) const override {
    const std::string_view before = GetString(old, {"spec", "clusterQueue"});
    const std::string_view after = GetString(doc, {"spec", "clusterQueue"});
    if (!before.empty() && !after.empty() && before != after) {
      errors.Invalid(kSpec.Child("clusterQueue"), after, "field is immutable");
    }
  }
  void ValidateStatus(const Object& doc, const Object&, FieldErrors& errors) const override {
    ValidateConditions(ObjectOrEmpty(doc, "status"), kStatus, errors);
  }
};

}  // namespace

StrategyMaker FindQueueStrategy(const KindInfo& kind) {
  if (kind.kind == "ClusterQueue") return Make<ClusterQueueStrategy>;
  if (kind.kind == "Cohort") return Make<CohortStrategy>;
  if (kind.kind == "LocalQueue") return Make<LocalQueueStrategy>;
  return nullptr;
}

}  // namespace fairway::kube::kueue
