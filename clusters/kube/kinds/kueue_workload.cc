// Strategy of kueue.x-k8s.io's Workload. Its status is in kueue_workload_status.cc.
#include "clusters/kube/kinds/kueue_workload.h"

#include <string>

#include "clusters/kube/kinds/core_terms.h"
#include "clusters/kube/kinds/fields.h"
#include "clusters/kube/kinds/kueue_rules.h"
#include "clusters/kube/kinds/kueue_strategies.h"
#include "clusters/kube/kinds/metadata.h"
#include "clusters/kube/kinds/names.h"
#include "scheduler/resources.h"

namespace fairway::kube::kueue {
namespace {

constexpr size_t kNameBytesMax = 63;
constexpr std::string_view kNamePattern = "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$";

void ValidateList(const Object& resources, std::string_view which, const FieldPath& path,
                  FieldErrors& errors) {
  const FieldPath at = path.Child(which);
  for (const auto& [name, value] : ObjectOrEmpty(resources, which)) {
    if (name == "pods")
      errors.Invalid(at.Key(name), "pods", "the key is reserved for internal kueue use");
    const std::string text = value.is_string() ? std::string(TextOf(value)) : Serialize(value);
    const Result<int64_t> amount = ParseAmount(name, text);
    if (!amount) {
      errors.Invalid(at.Key(name), text, amount.error().message);
    } else if (*amount < 0) {
      errors.Invalid(at.Key(name), text, "must be greater than or equal to 0");
    }
  }
}

void ValidateResources(const Object& owner, const FieldPath& path, FieldErrors& errors) {
  const FieldPath at = path.Child("resources");
  const Object& resources = ObjectOrEmpty(owner, "resources");
  ValidateList(resources, "requests", at, errors);
  ValidateList(resources, "limits", at, errors);
}

void ValidateTemplate(const Object& pod_set, const FieldPath& path, FieldErrors& errors) {
  const FieldPath at = path.Child("template");
  const Object* pod_template = GetObject(pod_set, {"template"});
  if (pod_template == nullptr) return errors.Required(at);
  const FieldPath at_spec = at.Child("spec");
  const Object& spec = ObjectOrEmpty(*pod_template, "spec");
  if (!IsSet(spec, "containers")) errors.Required(at_spec.Child("containers"));
  for (const char* list : {"initContainers", "containers"}) {
    const FieldPath containers = at_spec.Child(list);
    ForEachObject(spec, list, [&](const Object& container, size_t i) {
      ValidateResources(container, containers.Index(i), errors);
    });
  }
  ValidateResources(spec, at_spec, errors);
  const FieldPath metadata = at.Child("metadata");
  ValidateLabels(GetObject(*pod_template, {"metadata", "labels"}), metadata.Child("labels"),
                 errors);
}

void ValidatePodSet(const Object& pod_set, const FieldPath& path, FieldErrors& errors) {
  const std::string_view name = GetString(pod_set, {"name"});
  const FieldPath at_name = path.Child("name");
  if (name.size() > kNameBytesMax) {
    errors.TooLong(at_name, kNameBytesMax);
  } else if (!IsDnsLabel(name)) {
    errors.Invalid(at_name, name,
                   at_name.Text() + " in body should match '" + std::string(kNamePattern) + "'");
  }
  const int64_t count = GetInt(pod_set, "count").value_or(1);
  if (count < 0) {
    errors.Invalid(path.Child("count"), count,
                   path.Text() + ".count in body should be greater than or equal to 0");
  }
  if (const auto least = GetInt(pod_set, "minCount")) {
    if (*least < 1) {
      errors.Invalid(path.Child("minCount"), *least,
                     path.Text() + ".minCount in body should be greater than or equal to 1");
    } else if (*least > count) {
      RuleBroken(path, "minCount should be positive and less or equal to count", errors);
    }
  }
  ValidateTemplate(pod_set, path, errors);
  RefuseUnsupported(pod_set, "topologyRequest", path, "there is no topology-aware scheduling",
                    errors);
}

void ValidatePriorityClass(const Object& spec, FieldErrors& errors) {
  const Object* ref = GetObject(spec, {"priorityClassRef"});
  if (ref == nullptr) return;
  if (!IsSet(spec, "priority")) {
    RuleBroken(kSpec, "priority should not be nil when priorityClassRef is set", errors);
  }
  const FieldPath path = kSpec.Child("priorityClassRef");
  for (const char* key : {"group", "kind", "name"}) {
    if (GetString(*ref, {key}).empty()) errors.Required(path.Child(key));
  }
  CheckEnum(*ref, "group", path, {"kueue.x-k8s.io", "scheduling.k8s.io"}, errors);
  CheckEnum(*ref, "kind", path, {"WorkloadPriorityClass", "PriorityClass"}, errors);
  CheckReference(*ref, "name", path, errors);
  const std::string_view group = GetString(*ref, {"group"});
  const std::string_view kind = GetString(*ref, {"kind"});
  if (group == "scheduling.k8s.io" && kind != "PriorityClass") {
    RuleBroken(path, "only the PriorityClass kind is allowed for the scheduling.k8s.io group",
               errors);
  } else if (group == kGroup && kind != "WorkloadPriorityClass") {
    RuleBroken(path, "only the WorkloadPriorityClass kind is allowed for the kueue.x-k8s.io group",
               errors);
  }
}

void ValidatePodSets(const Object& spec, FieldErrors& errors) {
  const FieldPath list = kSpec.Child("podSets");
  CheckItems(spec, "podSets", list, 1, kPodSetsMax, errors);
  std::vector<std::string_view> names;
  int64_t variable = 0;
  ForEachObject(spec, "podSets", [&](const Object& pod_set, size_t i) {
    const std::string_view name = GetString(pod_set, {"name"});
    for (const std::string_view other : names) {
      if (other == name) errors.Duplicate(list.Index(i), name);
    }
    names.push_back(name);
    ValidatePodSet(pod_set, list.Index(i), errors);
    variable += IsSet(pod_set, "minCount") ? 1 : 0;
  });
  if (variable > 1) errors.Invalid(list, variable, "at most one podSet can use minCount");
}

std::string_view ClassField(const Object& doc, std::string_view key) {
  return GetString(doc, {"spec", "priorityClassRef", key});
}

void ValidateClassChange(const Object& doc, const Object& old, FieldErrors& errors) {
  const bool before = GetObject(old, {"spec", "priorityClassRef"}) != nullptr;
  const bool after = GetObject(doc, {"spec", "priorityClassRef"}) != nullptr;
  constexpr FieldPath kRoot("<nil>");
  if (before != after) {
    RuleBroken(kRoot, "priorityClassRef is immutable while workload quota reserved", errors);
  }
  if (!before || !after) return;
  for (const std::string_view key : {"group", "kind"}) {
    if (ClassField(doc, key) == ClassField(old, key)) continue;
    RuleBroken(
        kRoot,
        "priorityClassRef." + std::string(key) + " is immutable while workload quota reserved",
        errors);
  }
  if (ClassField(doc, "group") == "scheduling.k8s.io" &&
      ClassField(doc, "name") != ClassField(old, "name")) {
    RuleBroken(kRoot,
               "priorityClassRef.name is immutable for scheduling.k8s.io/priorityclass while "
               "workload quota reserved",
               errors);
  }
}

class WorkloadStrategy : public Strategy {
 public:
  using Strategy::Strategy;

 protected:
  void Validate(const Object& workload, FieldErrors& errors) const override {
    const Object& spec = ObjectOrEmpty(workload, "spec");
    ValidatePodSets(spec, errors);
    CheckReference(spec, "queueName", kSpec, errors);
    ValidatePriorityClass(spec, errors);
    const auto seconds = GetInt(spec, "maximumExecutionTimeSeconds");
    if (seconds && *seconds < 1) {
      errors.Invalid(kSpec.Child("maximumExecutionTimeSeconds"), *seconds,
                     "spec.maximumExecutionTimeSeconds in body should be greater than or equal to "
                     "1");
    }
    RefuseUnsupported(spec, "preemptionGates", kSpec, "nothing here opens a gate", errors);
  }

  // While quota is reserved for it, a workload is what the quota was reserved for.
  void ValidateChange(const Object& doc, const Object& old, FieldErrors& errors) const override {
    if (!ConditionTrue(old, "QuotaReserved")) return;
    const Value* before = FindPath(old, {"spec", "podSets"});
    errors.Immutable(kSpec.Child("podSets"), FindPath(doc, {"spec", "podSets"}), before);
    ValidateClassChange(doc, old, errors);
    constexpr FieldPath kRoot("<nil>");
    if (GetString(doc, {"spec", "queueName"}) != GetString(old, {"spec", "queueName"})) {
      RuleBroken(kRoot, "queueName is immutable while workload quota reserved", errors);
    }
    constexpr std::string_view kTime = "maximumExecutionTimeSeconds";
    if (ConditionTrue(old, "Admitted") && Get<int64_t>(doc, {"spec", kTime}).value_or(0) !=
                                              Get<int64_t>(old, {"spec", kTime}).value_or(0)) {
      RuleBroken(kRoot, "maximumExecutionTimeSeconds is immutable while workload quota reserved",
                 errors);
    }
  }

  void ValidateStatus(const Object& doc, const Object& old, FieldErrors& errors) const override {
    ValidateWorkloadStatus(doc, old, errors);
  }
};

}  // namespace

StrategyMaker FindWorkloadStrategy(const KindInfo& kind) {
  return kind.kind == "Workload" ? Make<WorkloadStrategy> : StrategyMaker();
}

}  // namespace fairway::kube::kueue
