#include "gateway/api/flow_schema.h"

#include <algorithm>

namespace fairway::gateway::api {

namespace {

enum Level : size_t { kExempt, kSystem, kWorkload, kCatchAll };

bool InGroup(const User& user, std::string_view group) {
  return std::find(user.groups.begin(), user.groups.end(), group) != user.groups.end();
}

bool IsSystem(const RequestInfo& info, const User& user) {
  return info.group == "coordination.k8s.io" || info.group == "authentication.k8s.io" ||
         info.group == "authorization.k8s.io" ||
         InGroup(user, "system:serviceaccounts:kube-system");
}

Level LevelOf(const RequestInfo& info, const User& user) {
  bool submits = info.verb == "create" && IsSubmission(info.group, info.resource);
  if (!submits && InGroup(user, "system:masters")) return kExempt;
  if (InGroup(user, "system:unauthenticated")) return kCatchAll;
  return IsSystem(info, user) ? kSystem : kWorkload;
}

}  // namespace

const std::vector<FlowLevel>& FlowLevels() {
  static const std::vector<FlowLevel> levels = {
      {"exempt", 1, "6f0a1c1e-0000-4f10-8a5e-000000000001", "6f0a1c1e-0000-4f11-8a5e-000000000001"},
      {"system", 4, "6f0a1c1e-0000-4f10-8a5e-000000000002", "6f0a1c1e-0000-4f11-8a5e-000000000002"},
      {"workload", 16, "6f0a1c1e-0000-4f10-8a5e-000000000003",
       "6f0a1c1e-0000-4f11-8a5e-000000000003"},
      {"catch-all", 1, "6f0a1c1e-0000-4f10-8a5e-000000000004",
       "6f0a1c1e-0000-4f11-8a5e-000000000004"},
  };
  return levels;
}

std::vector<FairQueue::ClassInfo> FlowClasses() {
  std::vector<FairQueue::ClassInfo> classes;
  for (const FlowLevel& level : FlowLevels()) {
    bool exempt = &level == &FlowLevels()[kExempt];
    classes.push_back({.weight = level.weight, .writes = false, .exempt = exempt});
    classes.push_back({.weight = level.weight, .writes = true, .exempt = exempt});
  }
  return classes;
}

const FlowLevel& LevelOfClass(size_t class_index) { return FlowLevels()[class_index / 2]; }

size_t FlowClassOf(const RequestInfo& info, const User& user) {
  return LevelOf(info, user) * 2 + (info.Changes() ? 1 : 0);
}

bool IsExemptClass(size_t class_index) { return class_index / 2 == kExempt; }

bool IsSubmission(std::string_view group, std::string_view resource) {
  return (group == "batch" && resource == "jobs") ||
         (group == "kueue.x-k8s.io" && resource == "workloads");
}

}  // namespace fairway::gateway::api
