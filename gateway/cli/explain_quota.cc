#include "gateway/cli/explain_quota.h"

#include "clusters/kube/kinds/fields.h"
#include "gateway/driver/conditions.h"

namespace fairway::gateway {

using kube::Object;

namespace {

bool IsTrue(const Object* condition) {
  return condition != nullptr && kube::GetString(*condition, {"status"}) == "True";
}

// "cpu 4 of spot, memory 8Gi of spot"
std::string Admitted(const Object& workload) {
  std::string out;
  const Object* admission = kube::GetObject(workload, {"status", "admission"});
  if (admission == nullptr) return out;
  kube::ForEachObject(*admission, "podSetAssignments", [&](const Object& set, size_t) {
    const Object& flavors = kube::ObjectOrEmpty(set, "flavors");
    for (const auto& [resource, amount] : kube::ObjectOrEmpty(set, "resourceUsage")) {
      out += (out.empty() ? "" : ", ") + std::string(resource) + " " +
             std::string(kube::TextOf(amount)) + " of " +
             std::string(kube::GetString(flavors, {std::string_view(resource)}));
    }
  });
  return out;
}

std::string Line(std::string_view name, const std::string& text) {
  return std::string(name) + text + "\n";
}

}  // namespace

std::string ExplainWorkload(const Object& workload) {
  const std::string cluster_queue(
      kube::GetString(workload, {"status", "admission", "clusterQueue"}));
  std::string queue(kube::GetString(workload, {"spec", "queueName"}));
  if (!cluster_queue.empty()) queue += " (ClusterQueue " + cluster_queue + ")";
  if (const auto priority = kube::Get<int64_t>(workload, {"spec", "priority"})) {
    queue += ", priority " + std::to_string(*priority);
  }
  std::string out = Line("Queue:     ", queue);
  const Object* evicted = FindCondition(workload, "Evicted");
  const Object* reserved = FindCondition(workload, "QuotaReserved");
  if (!kube::Get<bool>(workload, {"spec", "active"}).value_or(true)) {
    return out + Line("Quota:     ", "held back: spec.active of its Workload is false");
  }
  if (IsTrue(reserved)) {
    out += Line("Quota:     ", "reserved: " + Admitted(workload));
  } else if (reserved != nullptr) {
    out += Line("Quota:     ", "waits: " + std::string(kube::GetString(*reserved, {"message"})));
  }
  if (IsTrue(evicted)) {
    out += Line("Evicted:   ", std::string(kube::GetString(*evicted, {"reason"})) + ": " +
                                   std::string(kube::GetString(*evicted, {"message"})));
  }
  return out;
}

std::string ExplainPlace(const Object& quota) {
  std::string out;
  if (const auto place = kube::Get<int64_t>(quota, {"place"})) {
    std::string text = std::to_string(*place) + " of " +
                       std::to_string(kube::Get<int64_t>(quota, {"waiting"}).value_or(*place));
    const std::string_view start = kube::GetString(quota, {"estimatedStart"});
    if (!start.empty()) {
      text +=
          ", may start at " + std::string(start) + " +- " +
          std::to_string(kube::Get<int64_t>(quota, {"estimatedStartErrorSeconds"}).value_or(0)) +
          " s";
    }
    out += Line("Place:     ", text);
  }
  const std::string change(kube::GetString(quota, {"nearestChange"}));
  if (!change.empty()) out += Line("Admits it: ", change);
  return out;
}

}  // namespace fairway::gateway
