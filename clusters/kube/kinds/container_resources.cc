#include <string>

#include "clusters/kube/kinds/fields.h"
#include "clusters/kube/kinds/names.h"
#include "clusters/kube/kinds/pod_spec.h"
#include "scheduler/resources.h"

namespace fairway::kube {
namespace {

// Resources that quotas count and containers cannot ask for.
bool IsQuotaResource(std::string_view name) {
  for (const char* each :
       {"pods", "services", "replicationcontrollers", "resourcequotas", "secrets", "configmaps",
        "persistentvolumeclaims", "services.nodeports", "services.loadbalancers", "storage",
        "requests.cpu", "requests.memory", "requests.storage", "requests.ephemeral-storage",
        "limits.cpu", "limits.memory", "limits.ephemeral-storage"}) {
    if (name == each) return true;
  }
  return false;
}

bool IsStandardResource(std::string_view name) {
  return name == "cpu" || name == "memory" || name == "ephemeral-storage" ||
         name.starts_with("hugepages-");
}

// Resources of Kubernetes itself: without a domain, or with its own.
bool IsNativeResource(std::string_view name) {
  return name.find('/') == std::string_view::npos ||
         name.find("kubernetes.io/") != std::string_view::npos;
}

bool IsExtendedResource(std::string_view name) {
  return !IsNativeResource(name) && !name.starts_with("requests.") &&
         LabelKeyProblems("requests." + std::string(name)).empty();
}

// Whether requests may stay below limits.
bool MayOvercommit(std::string_view name) {
  return IsNativeResource(name) && !name.starts_with("hugepages-");
}

void ValidateResourceName(std::string_view name, const FieldPath& path, FieldErrors& errors) {
  for (const std::string& problem : LabelKeyProblems(name)) errors.Invalid(path, name, problem);
  if (name.find('/') == std::string_view::npos) {
    if (!IsStandardResource(name)) {
      if (!IsQuotaResource(name)) {
        errors.Invalid(path, name, "must be a standard resource type or fully qualified");
      }
      errors.Invalid(path, name, "must be a standard resource for containers");
    }
  } else if (!IsNativeResource(name) && !IsExtendedResource(name)) {
    errors.Invalid(path, name, "doesn't follow extended resource name standard");
  }
}

// The amount in thousandths; nothing, with a finding, when it is no amount.
std::optional<int64_t> ValidateAmount(std::string_view name, const Value& value,
                                      const FieldPath& path, FieldErrors& errors) {
  const std::string text = QuantityText(value);
  const Result<int64_t> milli = scheduler::ParseQuantityMilli(text);
  if (!milli) {
    errors.Invalid(path, text, milli.error().message);
    return std::nullopt;
  }
  if (*milli < 0) errors.Invalid(path, text, "must be greater than or equal to 0");
  if (!IsNativeResource(name) && *milli % 1000 != 0) {
    errors.Invalid(path, text, "must be an integer");
  }
  return *milli;
}

}  // namespace

void ValidateResourceRequirements(const Object& resources, const FieldPath& path,
                                  FieldErrors& errors) {
  const FieldPath at_limits = path.Child("limits");
  const FieldPath at_requests = path.Child("requests");
  const Object& limits = ObjectOrEmpty(resources, "limits");
  for (const auto& [name, value] : limits) {
    const FieldPath at = at_limits.Key(name);
    ValidateResourceName(name, at, errors);
    ValidateAmount(name, value, at, errors);
  }
  for (const auto& [name, value] : ObjectOrEmpty(resources, "requests")) {
    const FieldPath at = at_requests.Key(name);
    ValidateResourceName(name, at, errors);
    const std::optional<int64_t> wanted = ValidateAmount(name, value, at, errors);
    const Value* limit = Find(limits, name);
    if (limit == nullptr) {
      if (!MayOvercommit(name)) {
        errors.Required(at_limits, "Limit must be set for non overcommitable resources");
      }
      continue;
    }
    const std::string limit_text = QuantityText(*limit);
    const Result<int64_t> most = scheduler::ParseQuantityMilli(limit_text);
    if (!wanted || !most) continue;
    const std::string of = std::string(name) + " limit of " + limit_text;
    if (*wanted != *most && !MayOvercommit(name)) {
      errors.Invalid(at_requests, QuantityText(value), "must be equal to " + of);
    } else if (*wanted > *most) {
      errors.Invalid(at_requests, QuantityText(value), "must be less than or equal to " + of);
    }
  }
}

}  // namespace fairway::kube
