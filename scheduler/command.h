// What the core asks for. Store effects (Publish*, ReleaseJob, ExpireJob) go into the batch of the
// edits they came with; remote effects wait in the Outbox until that batch is committed.
#pragma once

#include <type_traits>
#include <variant>

#include "scheduler/ids.h"
#include "scheduler/instant.h"

namespace fairway::scheduler {

// Apply the copy on the member (create or update; idempotent).
struct Dispatch {
  JobId job;
  ClusterId cluster;
  Epoch epoch;
  Instant lease = {};  // the copy is to end then unless it is renewed; 0 = no lease
};
// Delete the copy of this epoch on the member. Answered by CopyGone or WithdrawFailed.
struct Withdraw {
  JobId job;
  ClusterId cluster;
  Epoch epoch;
};
// Let the copy run on until then: its deadline becomes `until` less its start, by the member's own
// clock; 0 = without a lease. Not answered: what the member does with it shows in its reports.
struct RenewLease {
  JobId job;
  ClusterId cluster;
  Epoch epoch;
  Instant until;
};
// The cluster is lost: drop every request that still waits for it.
struct CloseLink {
  ClusterId cluster;
};
// A drill: from now on the link to this cluster behaves as if the network were cut. It is whole
// again after RestoreLink, and in a process that was not told to cut it.
struct CutLink {
  ClusterId cluster;
};
struct RestoreLink {
  ClusterId cluster;
};
// List all our copies there anew and report each. Answered by InventoryTaken.
struct TakeInventory {
  ClusterId cluster;
};
// The Cluster object's link state is out of date.
struct PublishCluster {
  ClusterId cluster;
};
// What the Cluster object says of its drain, or of the freeze, is out of date. At leisure.
struct PublishDrain {
  ClusterId cluster;
};
// Whether the Job is Uncertain has changed.
struct PublishStale {
  JobId job;
};
// The job's Placement object is out of date, and so is its Workload when it has a LocalQueue.
struct PublishPlacement {
  JobId job;
};
// The member's last report about this epoch is accepted: copy its status into the Job.
struct PublishStatus {
  JobId job;
  ClusterId cluster;
  Epoch epoch;
};
// The core has let go of a deleted job: its object may go.
struct ReleaseJob {
  JobId job;
};
// ttlSecondsAfterFinished ran out: delete the Job as its client would.
struct ExpireJob {
  JobId job;
};
// What ClusterQueues, LocalQueues and Cohorts say of themselves (active or not, and why) may have
// changed. Their counts and usage change with every job; publish those at leisure.
struct PublishQueues {};
// Send TimerFired at this time; replaces any earlier wish.
struct SetTimer {
  Instant at;
};

using Command =
    std::variant<Dispatch, Withdraw, PublishPlacement, PublishStatus, ReleaseJob, ExpireJob,
                 PublishQueues, SetTimer, RenewLease, CloseLink, TakeInventory, PublishCluster,
                 PublishStale, PublishDrain, CutLink, RestoreLink>;
static_assert(std::is_trivially_copyable_v<Command> && sizeof(Command) <= 40);

inline bool IsRemote(const Command& c) {
  return std::holds_alternative<Dispatch>(c) || std::holds_alternative<Withdraw>(c) ||
         std::holds_alternative<RenewLease>(c) || std::holds_alternative<CloseLink>(c) ||
         std::holds_alternative<TakeInventory>(c) || std::holds_alternative<CutLink>(c) ||
         std::holds_alternative<RestoreLink>(c);
}

}  // namespace fairway::scheduler
