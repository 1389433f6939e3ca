// Jobs that run without a charge: a restore found their copies on their clusters, and the store
// knew nothing of their admission, or not even their queue. They are charged where they stand as
// soon as their queue can say in which flavor, whatever is free: what runs is used. Until they end,
// nobody else gets that quota.
#pragma once

#include "scheduler/handlers/step.h"

namespace fairway::scheduler {

// Some of them, at most kAdoptedPerStep. False when there may be more. Looks at every live job, so
// it is for a start and for changed queues. The ledger is settled.
bool ChargeAdopted(StepContext& step);

inline constexpr int kAdoptedPerStep = 256;

}  // namespace fairway::scheduler
