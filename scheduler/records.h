// The rows of World that survive a restart.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "scheduler/cluster_view.h"
#include "scheduler/ids.h"
#include "scheduler/instant.h"
#include "scheduler/job.h"
#include "scheduler/maybe_box.h"
#include "scheduler/quota/job_quota.h"
#include "scheduler/quota/quota_spec.h"

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
  kQuotaChanged       // its request changed, and no longer fits beside the others
};
inline constexpr EndReason kLastEndReason = EndReason::kQuotaChanged;

struct FormerEpoch {
  Epoch epoch;
  ClusterId cluster;
  Instant since, until;
  EndReason reason = EndReason::kNone;
  bool operator==(const FormerEpoch&) const = default;
};

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
  int32_t ttl_seconds = -1;  // after it finished; -1 = none
  ClusterId cluster;  // where a copy is or may be; 0 when queued, or finished and the copy is gone
  Epoch epoch;        // of the last placement; 0 when never placed
  Instant submitted, since, finished;
  // Oldest first, at most kFormerEpochsMax. A kRejected entry keeps its cluster out of the running
  // for this job, so those are dropped last.
  std::vector<FormerEpoch> former;
  MaybeBox<JobQuota> quota;  // only on unfinished jobs with a LocalQueue
  bool operator==(const JobRecord&) const = default;
};
inline constexpr int kFormerEpochsMax = 16;

struct ClusterRecord {
  ClusterId cluster;
  ClusterSpec spec;
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
