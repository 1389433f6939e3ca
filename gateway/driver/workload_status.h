// What the core knows of a queue entry, as the status of its Workload: conditions, admission,
// eviction, with Kueue's types, reasons and messages. Pure. Source: Kueue's pkg/workload.
#pragma once

#include <string>

#include "clusters/kube/json.h"
#include "scheduler/decision.h"
#include "scheduler/instant.h"
#include "scheduler/world.h"

namespace fairway::gateway {

struct WorkloadFacts {
  const scheduler::JobRecord& record;
  const scheduler::World& world;
  const scheduler::Decision* decision = nullptr;  // of this moment; null = nothing new is known
  Instant now;
  // Who took its place: uids of the Workload and of its Job; "" = unknown.
  std::string preemptor_uid, preemptor_job_uid;
  // Why it failed, for the condition Finished; "" = no more is known.
  std::string failure;
};

// Brings `workload`.status into line. Conditions that clients own are left alone.
void FillWorkloadStatus(const WorkloadFacts& facts, kube::Object& workload);

// Kueue's name of why an epoch ended, for the condition Evicted; "" for endings that are no
// evictions.
std::string_view EvictionReason(scheduler::EndReason reason);
// The reason of the condition Preempted.
std::string_view PreemptionReason(scheduler::PreemptionCause cause);

}  // namespace fairway::gateway
