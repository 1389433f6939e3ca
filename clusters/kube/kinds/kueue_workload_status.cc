#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "clusters/kube/kinds/fields.h"
#include "clusters/kube/kinds/kueue_rules.h"
#include "clusters/kube/kinds/kueue_workload.h"

namespace fairway::kube::kueue {
namespace {

std::map<std::string_view, int64_t> PodSets(const Object& doc) {
  std::map<std::string_view, int64_t> out;
  ForEachObject(ObjectOrEmpty(doc, "spec"), "podSets", [&](const Object& pod_set, size_t) {
    out[GetString(pod_set, {"name"})] = GetInt(pod_set, "count").value_or(1);
  });
  return out;
}

void ValidateAdmission(const Object& doc, const Object& old, FieldErrors& errors) {
  const FieldPath path = kStatus.Child("admission");
  const Object* admission = GetObject(doc, {"status", "admission"});
  const Object* before = GetObject(old, {"status", "admission"});
  const bool reserved = ConditionTrue(doc, "QuotaReserved");
  if (admission == nullptr) {
    if (reserved) errors.Required(path, "must be set while the QuotaReserved condition is true");
    return;
  }
  if (before != nullptr && !Equal(Value(*admission), Value(*before))) {
    errors.Invalid(path, *admission, "field is immutable");
  }
  CheckReference(*admission, "clusterQueue", path, errors);
  const FieldPath list = path.Child("podSetAssignments");
  CheckItems(*admission, "podSetAssignments", list, 0, kPodSetsMax, errors);
  const auto known = PodSets(doc);
  ForEachObject(*admission, "podSetAssignments", [&](const Object& assignment, size_t i) {
    const FieldPath at = list.Index(i);
    const std::string_view name = GetString(assignment, {"name"});
    if (!known.contains(name)) errors.NotFound(at.Child("name"), name);
    for (const char* key : {"topologyAssignment", "delayedTopologyRequest"}) {
      RefuseUnsupported(assignment, key, at, "there is no topology-aware scheduling", errors);
    }
  });
  if (reserved && CountItems(*admission, "podSetAssignments") != known.size()) {
    RuleBroken(kStatus, "podSetAssignments must have the same number of podSets as the spec",
               errors);
  }
}

void ValidateReclaimable(const Object& doc, const Object& old, FieldErrors& errors) {
  const FieldPath path = kStatus.Child("reclaimablePods");
  const auto known = PodSets(doc);
  std::map<std::string_view, int64_t> now;
  ForEachObject(ObjectOrEmpty(doc, "status"), "reclaimablePods", [&](const Object& each, size_t) {
    const std::string_view name = GetString(each, {"name"});
    const int64_t count = GetInt(each, "count").value_or(0);
    const FieldPath at = path.Key(name);
    now[name] = count;
    const auto pod_set = known.find(name);
    if (pod_set == known.end()) {
      errors.NotFound(at.Child("name"), name);
    } else if (count < 0 || count > pod_set->second) {
      errors.Invalid(at.Child("count"), count,
                     "should be less or equal to " + std::to_string(pod_set->second));
    }
  });
  if (!ConditionTrue(doc, "QuotaReserved") || !ConditionTrue(old, "QuotaReserved")) return;
  ForEachObject(ObjectOrEmpty(old, "status"), "reclaimablePods", [&](const Object& each, size_t) {
    const std::string_view name = GetString(each, {"name"});
    const int64_t before = GetInt(each, "count").value_or(0);
    const FieldPath at = path.Key(name);
    const auto found = now.find(name);
    if (found == now.end()) {
      errors.Required(at, "cannot be removed");
    } else if (found->second < before) {
      errors.Invalid(at.Child("count"), found->second,
                     "cannot be less than " + std::to_string(before));
    }
  });
}

}  // namespace

void ValidateWorkloadStatus(const Object& doc, const Object& old, FieldErrors& errors) {
  const Object& status = ObjectOrEmpty(doc, "status");
  ValidateConditions(status, kStatus, errors);
  ValidateAdmission(doc, old, errors);
  ValidateReclaimable(doc, old, errors);
  const std::string_view before = GetString(old, {"status", "clusterName"});
  const std::string_view after = GetString(doc, {"status", "clusterName"});
  if (!before.empty() && !after.empty() && before != after) {
    RuleBroken(kStatus, "clusterName is immutable once set", errors);
  }
  for (const auto& [key, why] : {std::pair{"admissionChecks", "there are no AdmissionChecks"},
                                 {"nominatedClusterNames", "clusters are chosen by Fairway"},
                                 {"unhealthyNodes", "there is no topology-aware scheduling"},
                                 {"preemptionGates", "nothing here opens a gate"}}) {
    RefuseUnsupported(status, key, kStatus, why, errors);
  }
}

}  // namespace fairway::kube::kueue
