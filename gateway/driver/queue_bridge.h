// QueueBridge: Kueue's queue API on one side, the core's quota on the other. Builds the parts that
// each do one thing (QueueObjects, Workloads, QueueStatuses) and answers what the bridge of Jobs
// and the fleet ask about queued Jobs. No decisions.
//
// Thread: the loop. Lifetime: everything handed in outlives it.
#pragma once

#include <string>

#include "clusters/kube/kinds/job_spec.h"
#include "clusters/loop/loop.h"
#include "gateway/api/object_writer.h"
#include "gateway/driver/core_pump.h"
#include "gateway/driver/queue_objects.h"
#include "gateway/driver/queue_statuses.h"
#include "gateway/driver/workloads.h"

namespace fairway::gateway {

class QueueBridge {
 public:
  QueueBridge(Loop& loop, api::ObjectWriter& writer, CorePump& pump, Workloads::Hooks hooks);

  // After CorePump::Recover(), before the Jobs.
  Status Start();

  // --- for JobBridge ---------------------------------------------------------------------------
  // Part of the admission of a Job: the default queue is filled in; 422 for what may not change
  // while quota is reserved.
  Status AdmitJob(const kube::Object* before, kube::Object& job) const;
  // Adds what the core must know of a queued Job to `wish`. 422 for labels and annotations that do
  // not parse or are not supported, and for a priority class that does not exist.
  Status Queue(const kube::Object& job, kube::JobWish& wish) const;

  // --- for the Driver --------------------------------------------------------------------------
  // The core has decided about this job or Workload. `job`: the Job where it is at hand.
  void Publish(const scheduler::JobRecord& record, const scheduler::Decision* decision,
               const kube::Object* job);
  // Queues may have become active or inactive.
  void PublishQueues() { statuses_.TouchAll(); }
  void JobRemoved(const api::Written& job);

  // --- for the Fleet ---------------------------------------------------------------------------
  // Makes the copy of an admitted Job from its document: running, with the pods and the tolerations
  // that it was admitted with. False when there is nothing to change.
  bool FurnishCopy(const scheduler::JobRecord& record, kube::Object& job) const;

 private:
  api::ObjectWriter& writer_;
  CorePump& pump_;
  QueueStatuses statuses_;
  QueueObjects objects_;
  Workloads workloads_;
};

}  // namespace fairway::gateway
