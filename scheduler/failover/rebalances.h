// Rebalancing: the part that handlers call. Internal to scheduler/. docs/operating/draining.md,
// decisions/0018.
//
// A round looks at every job that is placed and whose author allows it, some per step, and keeps
// the best places found (rebalance_rules.h). Then jobs leave one by one within the budget, each
// looked at once more as things stand by then, with those that are on their way counted where they
// go. A job leaves as in a drain: it is given up, and queues again when its copy is confirmed gone.
#pragma once

#include "scheduler/handlers/step.h"
#include "scheduler/suppose.h"

namespace fairway::scheduler {

// The job was placed, or its author may have changed his mind.
void NoteWilling(StepContext& step, const JobRecord& record);
// It is on no cluster any more.
void ForgetWilling(StepContext& step, JobId job);
// Those that are on their way, where they were to go.
void SupposeMoved(World& world, const absl::btree_map<JobId, ClusterId>& moving, Suppose& supposed);
// After a start, of each job: what an earlier process had given up is its budget still.
void RecoverRebalance(StepContext& step, const JobRecord& record);
// Then: no haste.
void RecoverRebalance(StepContext& step);
void RunRebalance(StepContext& step);
Instant NextRebalance(const StepContext& step);

}  // namespace fairway::scheduler
