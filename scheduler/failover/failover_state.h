// FailoverState: what failover remembers between steps beside World. All of it can be lost in a
// crash: Recovered begins anew, and no loss counts before a full lease has been observed.
#pragma once

#include <absl/container/btree_map.h>
#include <absl/container/btree_set.h>

#include <cstdint>
#include <utility>

#include "scheduler/failover/config.h"
#include "scheduler/failover/trouble.h"
#include "scheduler/ids.h"
#include "scheduler/instant.h"

namespace fairway::scheduler {

// One cluster's link as it is just now.
struct LinkWatch {
  bool up = false;
  bool answering = false;  // not up, but its API answers
  Instant silent_since;    // when not up
  // Lease renewal: one slice of its live jobs per tick, in JobId order.
  Instant renew_at;  // 0 = nothing to renew
  Instant
      round_at;  // when the round over all of them began; the next begins a third of a lease later
  JobId renew_after;
  bool saw_unstarted = false;  // in this round: a copy that should have been started long ago
  // Taking stock of its jobs after a loss, some per step.
  bool marking = false;
  JobId mark_after;
};

struct FailoverState {
  FailoverConfig config;
  absl::btree_map<ClusterId, LinkWatch> links;
  // Since when we have been watching without a gap of our own: a start or a stall resets it.
  Instant observed_from;
  // Jobs whose leases on lost clusters are running out, by the time when they certainly have.
  absl::btree_set<std::pair<Instant, JobId>> fences;
  // Jobs that may leave lost clusters now: highest priority first, then oldest first.
  absl::btree_set<std::pair<int64_t, JobId>> movers;
  int64_t tokens_milli = 0;  // thousandths of a move
  Instant refilled;
  Instant moves_due;
  // Copies that their clusters keep from running (troubles.cc).
  absl::btree_map<JobId, TroubledCopy> troubled;
  Instant troubles_due;
  JobId trouble_after;  // where the round over them goes on
  // When a job need not avoid a cluster any longer.
  absl::btree_set<std::pair<Instant, JobId>> avoiding;
  // Residue whose withdrawal failed.
  absl::btree_set<std::pair<Instant, JobId>> residue_due;
  // When anything of this is due next; computed anew when `dirty`.
  Instant next;
  bool dirty = true;
};

}  // namespace fairway::scheduler
