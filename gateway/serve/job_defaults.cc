#include "gateway/serve/job_defaults.h"

#include <string>

namespace fairway::gateway {

using kube::Object;
using kube::Value;

namespace {

void FillNumber(Object& spec, std::string_view field, int64_t value) {
  const Value* present = kube::Find(spec, field);
  if (value >= 0 && (present == nullptr || present->is_null())) spec[field] = value;
}

void FillAmount(Object& resources, std::string_view kind, std::string_view name,
                const std::string& amount) {
  if (amount.empty()) return;
  Object& amounts = kube::EnsureObject(resources, {kind});
  if (kube::Find(amounts, name) == nullptr) amounts[name] = amount;
}

}  // namespace

bool HasJobDefaults(const JobDefaults& defaults) {
  return !defaults.cpu_request.empty() || !defaults.cpu_limit.empty() ||
         !defaults.memory_request.empty() || !defaults.memory_limit.empty() ||
         defaults.active_deadline_seconds >= 0 || defaults.backoff_limit >= 0 ||
         defaults.completions >= 0 || defaults.parallelism >= 0;
}

void FillJobDefaults(const JobDefaults& defaults, Object& job) {
  Object& spec = kube::EnsureObject(job, {"spec"});
  // Completions and parallelism mean something together: an author who set one meant the other's
  // absence.
  bool sized =
      kube::Find(spec, "completions") != nullptr || kube::Find(spec, "parallelism") != nullptr;
  if (!sized) {
    FillNumber(spec, "completions", defaults.completions);
    FillNumber(spec, "parallelism", defaults.parallelism);
  }
  FillNumber(spec, "activeDeadlineSeconds", defaults.active_deadline_seconds);
  FillNumber(spec, "backoffLimit", defaults.backoff_limit);
  kube::Array* containers = kube::GetArray(spec, {"template", "spec", "containers"});
  if (containers == nullptr) return;
  for (Value& container : *containers) {
    if (!container.is_object()) continue;
    Object& resources = kube::EnsureObject(container.get_object(), {"resources"});
    FillAmount(resources, "requests", "cpu", defaults.cpu_request);
    FillAmount(resources, "requests", "memory", defaults.memory_request);
    FillAmount(resources, "limits", "cpu", defaults.cpu_limit);
    FillAmount(resources, "limits", "memory", defaults.memory_limit);
  }
}

}  // namespace fairway::gateway
