// Backfill beside reservations, after EASY (D. Lifka, "The ANL/IBM SP Scheduling System", 1995): a
// job that is sure to be over before a reservation should come true may use what is kept for it.
// When that should be is reckoned once, as the reservation is made, and nobody whose end is later
// passes it: so what is let past can keep the job that waits no longer than it was told.
#pragma once

#include "scheduler/quota/reservation.h"

namespace fairway::scheduler {

// What a job that has used up its maximum execution time is given until its pods are gone: the
// grace period that Kubernetes gives a pod by default.
inline constexpr Duration kBackfillGrace = Seconds(30);

// When enough will have ended for this claim, which is not in the ledger yet: jobs end when those
// of their LocalQueue did, on the early side, or by their maximum execution time where too few have
// ended. 0 = not known, or more than kEstimateJobsMax have to be looked at.
Instant ReservationStart(World& world, const QuotaClaim& claim, Instant now);

// When this job would have ended for certain if it were admitted now; 0 = never for certain.
Instant SureEnd(const World& world, const JobRecord& record, Instant now);

// Some reservation comes true only after that.
bool MayBackfill(const World& world, const JobRecord& record, Instant now);
// Takes those away, quietly. They are to be put back (reservation.h).
Claims SetLaterReservationsAside(World& world, const JobRecord& record, Instant now);

}  // namespace fairway::scheduler
