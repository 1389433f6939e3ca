// From Kueue's objects to what the core decides about: quotas, queues, and what a Job or a Workload
// asks of them.
//
// Pure functions over validated, defaulted documents; any thread.
#pragma once

#include <string>
#include <string_view>

#include "clusters/kube/field_errors.h"
#include "clusters/kube/json.h"
#include "scheduler/job.h"
#include "scheduler/quota/queueing.h"
#include "scheduler/quota/quota_spec.h"
#include "scheduler/result.h"

namespace fairway::kube {

// 422 when a quantity does not parse.
scheduler::FlavorSpec FlavorSpecFrom(const Object& flavor);
Result<scheduler::CohortSpec> CohortSpecFrom(const Object& cohort);
Result<scheduler::ClusterQueueSpec> ClusterQueueSpecFrom(const Object& queue);
// `namespace_admitted`: the ClusterQueue's namespaceSelector matches the queue's namespace.
scheduler::LocalQueueSpec LocalQueueSpecFrom(const Object& queue, bool namespace_admitted);

// What a Job's labels and annotations of Kueue's say.
struct QueueWish {
  std::string queue;           // LocalQueue; "" = none is named
  std::string priority_class;  // WorkloadPriorityClass; "" = none
  int32_t max_execution_seconds = 0;
  int32_t min_parallelism = 0;  // 0 = all or nothing
};
// Finds fault with a value that does not parse, and with what Kueue offers there and Fairway does
// not.
QueueWish QueueWishFrom(const Object& job, FieldErrors& errors);

// What the core needs to queue a Job of `wish`, which goes to the LocalQueue `queue` ("ns/name").
// `spec` is the Job's own, complete but for this.
scheduler::Queueing QueueingFrom(const Object& job, const QueueWish& wish, std::string queue,
                                 const scheduler::JobSpec& spec);
// A Workload that a client made. 422 when a quantity does not parse.
Result<scheduler::JobSpec> WorkloadSpecFrom(const Object& workload);

}  // namespace fairway::kube
