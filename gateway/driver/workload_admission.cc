// What clients may write to Workloads beside the rules of the kind: quota is the core's to give.
#include "clusters/kube/errors.h"
#include "clusters/kube/kinds/fields.h"
#include "gateway/driver/conditions.h"
#include "gateway/driver/same_at.h"
#include "gateway/driver/workloads.h"

namespace fairway::gateway {

using kube::FieldErrors;
using kube::FieldPath;
using kube::Object;

namespace {

constexpr FieldPath kConditions("status.conditions");
constexpr FieldPath kSpec("spec");

void AdmitSpec(const Object& before, const Object& doc, FieldErrors& errors) {
  for (std::string_view key : {"podSets", "queueName", "maximumExecutionTimeSeconds"}) {
    if (!SameAt(before, doc, {"spec", key})) {
      errors.Forbidden(kSpec.Child(key), "follows the Job that the Workload belongs to");
    }
  }
}

void AdmitStatus(const Object& before, Object& doc, bool of_job, FieldErrors& errors) {
  const bool had = IsConditionTrue(before, "QuotaReserved");
  const bool has = IsConditionTrue(doc, "QuotaReserved");
  const bool admitted = IsConditionTrue(doc, "Admitted");
  if ((has && !had) || (admitted && !IsConditionTrue(before, "Admitted"))) {
    errors.Forbidden(kConditions, "quota is reserved by Fairway alone");
  } else if (had && !has && (of_job || !IsConditionTrue(before, "Evicted"))) {
    errors.Forbidden(kConditions,
                     "the reservation can be given back when the workload was evicted; set "
                     "spec.active to false or delete it before");
  } else if (!had && kube::GetObject(doc, {"status", "admission"}) != nullptr) {
    errors.Forbidden(FieldPath("status.admission"), "quota is reserved by Fairway alone");
  } else if (!has) {
    kube::ErasePath(doc, {"status", "admission"});
  }
  if (of_job && IsConditionTrue(doc, "Finished") != IsConditionTrue(before, "Finished")) {
    errors.Forbidden(kConditions, "Finished follows the Job that the Workload belongs to");
  }
}

}  // namespace

Status AdmitWorkload(const kube::KindInfo& kind, const Object* before, Object& doc,
                     std::string_view subresource, bool of_job) {
  if (before == nullptr) return {};
  FieldErrors errors;
  if (subresource == "status") {
    AdmitStatus(*before, doc, of_job, errors);
  } else if (of_job) {
    AdmitSpec(*before, doc, errors);
  }
  if (errors.empty()) return {};
  return Fail(kube::Invalid(kind, kube::GetString(doc, {"metadata", "name"}), std::move(errors)));
}

}  // namespace fairway::gateway
