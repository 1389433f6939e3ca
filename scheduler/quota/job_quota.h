// Where a job stands with its quota; part of JobRecord, present only on jobs with a LocalQueue.
#pragma once

#include <cstdint>
#include <vector>

#include "scheduler/ids.h"
#include "scheduler/instant.h"
#include "scheduler/quota/quota_spec.h"

namespace fairway::scheduler {

// What one pod set was admitted with.
struct PodSetAdmission {
  int32_t count = 0;  // pods charged; fewer than asked for after partial admission
  // The flavor of each resource of the pod set, in the order of ChargedResources (quota_names.h).
  // 0 = that resource is not charged.
  std::vector<FlavorId> flavors;
  bool operator==(const PodSetAdmission&) const = default;
};

// Why a preemptor was allowed to take the place (Kueue's reasons of condition Preempted).
enum class PreemptionCause : uint8_t {
  kNone,
  kInClusterQueue,
  kInCohortReclamation,
  kInCohortFairSharing,
  kInCohortReclaimWhileBorrowing,
};

struct JobQuota {
  // Charged while there is one: saved and erased with the placement, in one edit. The queue is 0
  // while the job waits.
  ClusterQueueId cluster_queue;
  std::vector<PodSetAdmission> pod_sets;
  Instant admitted_at;  // of the live admission
  // Sum over earlier admissions, for maximumExecutionTimeSeconds.
  int64_t past_execution_ms = 0;
  int32_t evictions = 0;
  // The last preemption that this job suffered.
  PreemptionCause preempted = PreemptionCause::kNone;
  JobId preemptor;
  // Its wishes have changed while it was admitted: charges stay as they were until the copy is
  // gone, then this spec takes over. 0 = they have not.
  SpecId next_spec;

  bool IsAdmitted() const { return static_cast<bool>(cluster_queue); }
  bool operator==(const JobQuota&) const = default;
};

}  // namespace fairway::scheduler
