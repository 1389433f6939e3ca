// After a start the members are heard one after the other. Whatever waited would go to the first
// that answers, whoever is preferred: so placing waits until all that took jobs have been heard, or
// FailoverConfig::settle_max has passed (as Kubernetes' controllers wait for their caches).
#pragma once

#include "scheduler/handlers/step.h"

namespace fairway::scheduler {

// From Recovered.
void BeginSettling(StepContext& step);
// In every step before the passes: ends it when nobody is awaited any more, or it is time.
void ReviewSettling(StepContext& step);

}  // namespace fairway::scheduler
