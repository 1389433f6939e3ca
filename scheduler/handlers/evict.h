// Eviction by taint: a job that does not bear a NoExecute taint of its cluster, or no longer
// (tolerationSeconds), is withdrawn and goes elsewhere, as the taint manager of Kubernetes does
// with pods. Internal to scheduler/.
#pragma once

#include "scheduler/handlers/step.h"

namespace fairway::scheduler {

// Says of each NoExecute taint since when it is there: as before, else now.
void DateTaints(Instant now, const ClusterSpec* before, ClusterSpec& spec);

// When the job has to leave its cluster; "never" for one that may stay or has no copy to move.
Instant EvictionDue(const JobRecord& record, const JobSpec& spec, const ClusterSpec& cluster);

// Moves the jobs of this cluster that have to leave by now, at most so many a step, and remembers
// when the next has to.
void ReviewTaints(StepContext& step, ClusterId cluster);
// The same for every cluster whose time has come.
void ReviewDueTaints(StepContext& step);
// A job was placed there.
void NoteTainted(StepContext& step, const JobRecord& record);

}  // namespace fairway::scheduler
