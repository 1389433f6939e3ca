// The Workload object of a queued Job: its name and its spec. Pure. Source: Kueue's jobframework
// (workload_names.go and the Job integration), for names and fields.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "clusters/kube/json.h"

namespace fairway::gateway {

// "job-<name>-<5 hex digits>", at most 253 bytes; the digits tell Jobs of one name apart.
std::string WorkloadNameOf(std::string_view job_name, std::string_view job_uid);

struct WorkloadWish {
  std::string queue;  // LocalQueue
  std::string priority_class;
  int32_t priority = 0;
  int32_t max_execution_seconds = 0;  // 0 = none
  int32_t count = 1;                  // pods
  int32_t min_count = 0;              // 0 = all or nothing
};

// A new Workload of `job`, owned by it.
kube::Value WorkloadDocument(const kube::Object& job, const WorkloadWish& wish,
                             const kube::StoragePtr& storage);
// Brings the spec of a Workload that holds no quota into line with its Job.
void FollowJob(const kube::Object& job, const WorkloadWish& wish, kube::Object& workload);

}  // namespace fairway::gateway
