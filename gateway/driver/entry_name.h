// How the core names what is queued: Jobs are "namespace/name", Workloads that clients made are
// "workload:namespace/name", so that neither hides the other. No namespace holds a colon.
#pragma once

#include <string>
#include <string_view>

#include "gateway/driver/job_name.h"
#include "store/object_key.h"

namespace fairway::gateway {

inline constexpr std::string_view kWorkloads = "workloads.kueue.x-k8s.io";
inline constexpr std::string_view kWorkloadPrefix = "workload:";

inline bool IsWorkloadName(std::string_view entry) { return entry.starts_with(kWorkloadPrefix); }

inline std::string WorkloadEntryName(const store::ObjectKey& workload) {
  return std::string(kWorkloadPrefix) + workload.ns + "/" + workload.name;
}

// The stored object behind a name of the core.
inline store::ObjectKey EntryKey(std::string_view entry) {
  if (!IsWorkloadName(entry)) return JobKey(entry);
  auto [ns, name] = SplitJobName(entry.substr(kWorkloadPrefix.size()));
  return {std::string(kWorkloads), std::string(ns), std::string(name)};
}

}  // namespace fairway::gateway
