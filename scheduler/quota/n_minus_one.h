// N-1 admission: of the queues that ask for it, only so much is admitted that, were any one cluster
// lost, what it ran would still find room on the others. The test is a first fit of the lost jobs,
// largest first, into what is free elsewhere: when it succeeds, so would the failover.
#pragma once

#include <vector>

#include "scheduler/world.h"

namespace fairway::scheduler {

// Would every single loss be survived once `record` ran on `cluster` with `room`? O(guarded jobs x
// clusters).
bool SurvivesAnyLoss(const World& world, const JobRecord& record, ClusterId cluster,
                     const Resources& room);

// What must stay free for it at present: the largest load of guarded jobs on one cluster.
struct Headroom {
  ClusterId worst;   // whose loss needs it; 0 = none is guarded
  Resources needed;  // by the guarded jobs there
  Resources free;    // on all other clusters together
};
Headroom ViewHeadroom(const World& world);

}  // namespace fairway::scheduler
