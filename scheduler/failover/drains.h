// The operator's verbs: drain, failback, freeze. Internal to scheduler/; the parts that handlers
// call. docs/operating/draining.md.
//
// None of them starts a second copy: a job is given up (StepContext::GiveUpEpoch), its copy is
// withdrawn, and it queues again only when the member has confirmed that it is gone.
#pragma once

#include "scheduler/failover/drain_rules.h"
#include "scheduler/handlers/step.h"

namespace fairway::scheduler {

// ---- drains.cc ----
// Says since when the cluster is drained: as before, else now.
void DateDrain(Instant now, const ClusterSpec* before, ClusterSpec& spec);
// A cluster's drain began, changed or ended.
void ReviewDrain(StepContext& step, ClusterId cluster);
void RunDrains(StepContext& step);
Instant NextDrain(const StepContext& step);
// A job that was moved off this cluster by a drain came a step further.
void WakeDrain(StepContext& step, ClusterId cluster);

// ---- failback.cc ----
// A job's record has changed: it may have been moved off a cluster that it may return to.
void NoteAway(StepContext& step, const JobRecord& record);
void RunFailbacks(StepContext& step);
Instant NextFailback(const StepContext& step);

}  // namespace fairway::scheduler
