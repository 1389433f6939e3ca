// Reservations: a job that has waited long at the head of its queue is promised quota and one
// cluster's room, so that what is admitted meanwhile fits beside it and cannot delay it for ever.
// There is at most one in a tree of cohorts and one on a cluster: running jobs end, nothing new
// takes their place, and the promise comes true. A job of higher priority is not bound by it.
#pragma once

#include <utility>
#include <vector>

#include "scheduler/instant.h"
#include "scheduler/world.h"

namespace fairway::scheduler {

enum class ReserveFor : uint8_t {
  kLongWait,  // when it has waited for QuotaSettings::reserve_after; shorter jobs may go before it
  kPause,     // at once, and only while it waits for victims that are about to end
};
// Makes one for this waiting job. True when it was made.
bool Reserve(World& world, const JobRecord& record, Instant now, ReserveFor why);

// What is not in the ledger now could be promised, if so much more came free on its cluster.
bool CouldClaim(const World& world, const QuotaClaim& claim, const Resources& more_room = {});

// This cluster is another than it was, or was lost: a reservation of room there that could not come
// true any more is void. It would keep its quota from everybody, and its job from other clusters.
void ReviewReservations(World& world, ClusterId cluster);

// Takes away, quietly, the claims that this head of `queue` need not heed: reservations of lower
// priority or behind it in its own queue, and whatever was promised to jobs of lower priority in
// its own queue. They are to be put back with PutBack.
using Claims = std::vector<std::pair<JobId, QuotaClaim>>;
Claims SetAside(World& world, ClusterQueueId queue, const QueueHead& head);
// Takes all reservations away: they keep newcomers out, but nobody is preempted on their behalf.
Claims SetReservationsAside(World& world);
void TakeAway(World& world, const Claims& claims);
void PutBack(World& world, Claims claims);
// The same after the head has taken what it wanted: a promise of what it took is void, lest the
// planned ledger promise more than there is and somebody be preempted for it. Reservations stay.
void PutBackWhatFits(World& world, Claims claims);
// Lets go of claims whose jobs are not looked at any more: their queue is stopped or another.
void DropIdleClaims(World& world);

}  // namespace fairway::scheduler
