// The rows of World that survive a restart.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "scheduler/cluster_view.h"
#include "scheduler/drill/drill.h"
#include "scheduler/failover/link.h"
#include "scheduler/failover/rebalance.h"
#include "scheduler/ids.h"
#include "scheduler/instant.h"
#include "scheduler/job.h"
#include "scheduler/maybe_box.h"
#include "scheduler/quota/job_quota.h"
#include "scheduler/quota/quota_spec.h"
#include "scheduler/split/split.h"

namespace fairway::scheduler {

// Why an epoch ended.
enum class EndReason : uint8_t {
  kNone,
  kRejected,
  kCopyLost,
  kClusterRemoved,
  kSuspended,
  kWithdrawn,
  // Evictions of jobs that hold quota; Kueue's reasons of condition Evicted.
  kPreempted,
  kDeactivated,  // Workload.spec.active is false
  kClusterQueueStopped,
  kLocalQueueStopped,
  kMaxExecutionTime,  // deactivated by us as well
  kQuotaChanged,      // its request changed, and no longer fits beside the others
  kClusterLost,       // its cluster was lost, and it may overlap (policy `fast`)
  kFenced,            // its lease ran out: with its cluster lost, or ended by the member itself
  kApproved,          // an operator gave it up on a lost cluster
  kSuperseded,        // an earlier epoch had succeeded
  kTainted,           // a NoExecute taint of its cluster that it does not bear, or no longer
  kDrained,           // its cluster is being drained
  kFailback,          // the cluster that it was moved off is back
  // Its cluster could not run it (failover/trouble.h).
  kNodeFailure,
  kImagePull,
  kPodsRefused,
  kRebalanced,  // another cluster suits it better by much
};
inline constexpr EndReason kLastEndReason = EndReason::kRebalanced;

// The cluster was to blame: it is avoided for this job for a while.
inline bool WasInTrouble(EndReason reason) {
  return reason == EndReason::kNodeFailure || reason == EndReason::kImagePull ||
         reason == EndReason::kPodsRefused;
}

// Its cluster could not be brought to take the job, or had to send it away.
inline bool WasSentAway(EndReason reason) {
  return reason == EndReason::kWithdrawn || reason == EndReason::kTainted ||
         reason == EndReason::kDrained || reason == EndReason::kFailback ||
         reason == EndReason::kRebalanced || WasInTrouble(reason);
}

struct FormerEpoch {
  Epoch epoch;
  ClusterId cluster;
  Instant since, until;
  EndReason reason = EndReason::kNone;
  bool avoided = false;  // WasInTrouble, and not long enough ago
  bool operator==(const FormerEpoch&) const = default;
};

// This job does not go to that cluster: ever, or for now.
inline bool KeepsAway(const FormerEpoch& former) {
  return former.reason == EndReason::kRejected || former.avoided;
}

// One job. A finished one is kept small: it lets go of its spec. Members are ordered for size: a
// gateway holds millions.
struct JobRecord {
  JobId job;
  std::string name;  // namespace/name
  SpecId spec;
  JobState state = JobState::kQueued;
  EndReason ending = EndReason::kNone;  // why the epoch of a kRequeued job is being given up
  bool suspended : 1 = false;
  bool delete_requested : 1 = false;
  // A Dispatch of the live epoch (its first, or an update) that the member has not acknowledged.
  bool dispatch_pending : 1 = false;
  // The member has started the live copy, as of `lease_generation`.
  bool started : 1 = false;
  // And will end it by itself, no later than its cluster's LinkRecord::horizon.
  bool leased : 1 = false;
  bool approved : 1 = false;  // an operator gives the live epoch up if its cluster is lost
  // The job was changed while nothing could be written to its cluster.
  bool update_due : 1 = false;
  // It has parts, which go with it: their records are there until its own is erased.
  bool split : 1 = false;
  // Rises whenever what is known of the copy's deadline is void: it is resumed, or its policy
  // changes. On the copy, and in reports about it.
  uint16_t lease_generation = 0;
  int32_t ttl_seconds = -1;  // after it finished; -1 = none
  ClusterId cluster;  // where a copy is or may be; 0 when queued, or finished and the copy is gone
  Epoch epoch;        // of the last placement; 0 when never placed
  Instant submitted, since, finished;
  // Oldest first, at most kFormerEpochsMax. Those that keep their cluster out of the running for
  // this job (KeepsAway) are dropped last.
  std::vector<FormerEpoch> former;
  MaybeBox<JobQuota> quota;  // only on unfinished jobs with a LocalQueue
  MaybeBox<ShardPart> part;  // only on parts of split jobs
  bool operator==(const JobRecord&) const = default;
};
inline constexpr int kFormerEpochsMax = 16;

// Copies of a job that nobody has confirmed to be gone: their epochs were ended while their
// clusters were lost. Kept until the member has deleted them, also when the job itself is gone.
struct Residue {
  ClusterId cluster;
  Epoch epoch;
  bool operator==(const Residue&) const = default;
};
struct ResidueRecord {
  JobId job;
  std::string name;  // namespace/name
  std::vector<Residue> copies;
  bool operator==(const ResidueRecord&) const = default;
};

struct ClusterRecord {
  ClusterId cluster;
  ClusterSpec spec;
  LinkRecord link = {};
  bool operator==(const ClusterRecord&) const = default;
};

struct FlavorRecord {
  FlavorId id;
  FlavorSpec spec;
  bool operator==(const FlavorRecord&) const = default;
};
struct CohortRecord {
  CohortId id;
  CohortSpec spec;
  bool operator==(const CohortRecord&) const = default;
};
struct ClusterQueueRecord {
  ClusterQueueId id;
  ClusterQueueSpec spec;
  bool operator==(const ClusterQueueRecord&) const = default;
};
struct LocalQueueRecord {
  LocalQueueId id;
  LocalQueueSpec spec;
  bool operator==(const LocalQueueRecord&) const = default;
};

}  // namespace fairway::scheduler
