// The conduct of a live drill: prepare, cut, restore, wait for the return. Internal to scheduler/;
// the parts that handlers and timers call. What happens to the jobs meanwhile is failover's affair.
#pragma once

#include "scheduler/drill/scope.h"
#include "scheduler/handlers/step.h"

namespace fairway::scheduler {

// How long a drill waits for jobs outside its scope to be safe from the cut.
inline constexpr Duration kDrillPrepareMax = Seconds(60);
// How long it waits for its clusters to return before they count as really lost, beside the time
// that a cluster may be silent anyway.
inline constexpr Duration kDrillReturnMax = Seconds(120);

// A process that finds a drill has not cut anything: the drill is over.
void RecoverDrill(StepContext& step);
void RunDrill(StepContext& step);
Instant NextDrillLook(const StepContext& step);

}  // namespace fairway::scheduler
