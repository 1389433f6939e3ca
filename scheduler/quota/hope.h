// Whether looking at a waiting job could lead to anything: a cheap "no" before the dear search for
// flavors and victims. Each end of a job wakes every queue of its cohort, and most of their heads
// ask for more than what came free.
#pragma once

#include "scheduler/instant.h"
#include "scheduler/world.h"

namespace fairway::scheduler {

// True only when PlanAdmission would find neither quota nor anybody to preempt for this head: by
// what its group lacked last time (PendingQueue::LacksOf), what is free now, and who is admitted.
// Never true for a head whose turn it is to be given a reservation.
bool IsHopeless(const World& world, ClusterQueueId id, const QueueState& queue,
                const QueueHead& head, Instant now);

// Some part of the tree that holds this queue, below the root, has so much quota of its own left
// (planned) that it may reclaim what others have borrowed of it.
bool MayReclaim(const QuotaTree& tree, int32_t node, int32_t slot, int64_t amount);

}  // namespace fairway::scheduler
