// What handlers do with jobs that have a LocalQueue, and the pass that admits them. Internal to
// scheduler/.
#pragma once

#include "scheduler/handlers/step.h"
#include "scheduler/quota/admit.h"

namespace fairway::scheduler {

// A new job, or one that was resumed: joins its queue and is admitted at once where nobody is
// before it.
void SubmitToQueue(StepContext& step, const JobRecord& record);
// Mutable fields of an unfinished job changed; `record` has the new ones, `known` is as saved.
void ChangeInQueue(StepContext& step, JobRecord record, const JobRecord& known);
// Takes its quota from an admitted job: the copy is withdrawn, then it queues again (or stays
// out, when it is suspended). A bare Workload has no copy of ours: CopyGone with cluster 0 says
// that its owner has stopped it.
void EvictJob(StepContext& step, JobRecord record, EndReason reason);
// The live admission is over; what it ran is remembered.
void EndAdmission(JobRecord& record, Instant now);

// Acts on a plan: admits, or evicts the victims and claims their place, or notes why not. True
// when the job was admitted.
bool ActOnPlan(StepContext& step, const JobRecord& record, AdmitPlan plan);

// Admits waiting jobs after quota or room was gained; bounded, goes on in later steps.
void RunQuotaPass(StepContext& step);
// maximumExecutionTimeSeconds is over.
void ExpireExecutions(StepContext& step);

}  // namespace fairway::scheduler
