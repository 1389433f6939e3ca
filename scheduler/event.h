// Everything that can happen to the core. Trivially copyable and at most 64 bytes: larger contents
// are pointed to and only read during Core::Step.
#pragma once

#include <string>
#include <type_traits>
#include <variant>
#include <vector>

#include "scheduler/cluster_view.h"
#include "scheduler/drill/drill.h"
#include "scheduler/failover/trouble.h"
#include "scheduler/ids.h"
#include "scheduler/instant.h"
#include "scheduler/job.h"
#include "scheduler/quota/quota_spec.h"

namespace fairway::scheduler {

// The world was rebuilt from the store; effects that were not acknowledged are asked for again.
struct Recovered {};
// Time went on. Asked for by SetTimer; harmless at any other time.
struct TimerFired {};

// A client's Job. `name` is "namespace/name"; the core only keeps it.
struct JobSubmitted {
  JobId job;
  const JobSpec* spec;
  const std::string* name;
  bool suspended;
  int32_t ttl_seconds;  // after it finished; -1 = none
};
// Mutable fields changed: parallelism, suspend, ttl, priority, and a suspended job's affinity.
struct JobChanged {
  JobId job;
  const JobSpec* spec;
  bool suspended;
  int32_t ttl_seconds;
  Epoch approved = {};  // an operator gives this epoch up if its cluster is lost; 0 = none
};
// Other labels of this job are asked about by policies now (PlacementRules::scope and labels of
// `spec`; the rest of it is not looked at). What runs goes on as it is.
struct JobRelabeled {
  JobId job;
  const JobSpec* spec;
};
// The client deleted the Job. Its copy is withdrawn, then ReleaseJob is commanded.
struct JobDeleted {
  JobId job;
  bool orphan;  // propagationPolicy Orphan: leave the member's copy alone
};

struct ClusterChanged {  // joined, or labels, taints, cordon changed
  ClusterId cluster;
  const ClusterSpec* spec;
};
struct ClusterRemoved {
  ClusterId cluster;
};
// The operator's switch (FreezeRecord). `reason` is only read during the step.
struct FreezeChanged {
  bool frozen;
  bool all;
  const std::string* reason;
};
// A live drill is to begin; or, without a wish, the one with this id is to end. What WhyNoDrill
// objects to is not begun.
struct DrillAsked {
  uint64_t id;
  const DrillWish* wish;
};
// Jobs are to be moved to better places until none is left or so many have moved (0 = no limit);
// or, without `begins`, the run that is under way is to end. One that is under way goes on as it
// is.
struct RebalanceAsked {
  bool begins;
  int64_t moves_max;
};
struct CapacityObserved {
  ClusterId cluster;
  const Capacity* capacity;
  // Copies of which another number is counted now than in the report before; all of them in the
  // first. Null: this member does not say, and what runs is taken to be counted.
  const std::vector<CountedPods>* counted = nullptr;
};
// The member's link as its prober and reflectors see it: reachable and in sync, or not.
struct LinkObserved {
  ClusterId cluster;
  bool ready;
  bool answering = false;  // its API answers, although it is not ready: no reason to call it lost
  Instant seen = {};       // the last sign of life, when it is not ready; 0 = not known
};
// The member's clock less ours, and how wrong that may be.
struct ClockObserved {
  ClusterId cluster;
  Duration offset, error;
};
// The answer to TakeInventory: every copy on the member has been reported, and CopyGone for each
// that is missing.
struct InventoryTaken {
  ClusterId cluster;
};

// kLeaseEnded: the member ended the copy because we did not renew its lease.
enum class RunPhase : uint8_t { kPending, kRunning, kSuspended, kSucceeded, kFailed, kLeaseEnded };

struct DispatchAcked {
  JobId job;
  ClusterId cluster;
  Epoch epoch;
};
struct DispatchFailed {
  JobId job;
  ClusterId cluster;
  Epoch epoch;
  bool retryable;  // false: the member refused the object itself; another cluster may take it
};
// What a member says of the copy of epoch `epoch`.
struct RunObserved {
  JobId job;
  ClusterId cluster;
  Epoch epoch;
  RunPhase phase;
  Instant finished;  // for kSucceeded and kFailed
  // When the member will end the copy by itself, by our clock; kNoDeadline when it will not, 0 when
  // it has not started it. As of this JobRecord::lease_generation.
  Instant ends = {};
  uint16_t lease_generation = 0;
  bool leased = false;  // that end is a lease of ours, not the Job's own deadline
  // What its cluster is to blame for: that it failed (kFailed), or that none of its pods runs.
  Trouble trouble = Trouble::kNone;
  int32_t failures = 0;  // pods of the copy that have failed
};
// The same of a live copy of which no pod runs, learnt from its pods; kNone: it is over.
struct CopyTroubled {
  JobId job;
  ClusterId cluster;
  Epoch epoch;
  Trouble trouble = Trouble::kNone;
};
inline constexpr Instant kNoDeadline = {INT64_MAX};
// The copy is not on the member: withdrawn by us, deleted by somebody, or lost with the member's
// state.
struct CopyGone {
  JobId job;
  ClusterId cluster;
  Epoch epoch;
  // True: the answer to a Withdraw; the copy cannot come back. False: the copy was only seen to be
  // missing (a watch event, a list without it), and a Dispatch under way might still make it again.
  bool confirmed = true;
};
struct WithdrawFailed {
  JobId job;
  ClusterId cluster;
  Epoch epoch;
};

// Quota: an object was made or changed, or is gone. A queue or flavor that still holds quota may go
// (the bridge's finalizers see to it that none does); its charges stay until their jobs end.
struct FlavorChanged {
  FlavorId id;
  const FlavorSpec* spec;
};
struct FlavorRemoved {
  FlavorId id;
};
struct CohortChanged {
  CohortId id;
  const CohortSpec* spec;
};
struct CohortRemoved {
  CohortId id;
};
struct ClusterQueueChanged {
  ClusterQueueId id;
  const ClusterQueueSpec* spec;
};
struct ClusterQueueRemoved {
  ClusterQueueId id;
};
struct LocalQueueChanged {
  LocalQueueId id;
  const LocalQueueSpec* spec;
};
struct LocalQueueRemoved {
  LocalQueueId id;
};
// The gateway's configuration; after each start, before the first job.
struct QuotaConfigured {
  QuotaSettings settings;
};
// A bare Workload (JobSpec.queueing.workload_only) reports its end in its status.
struct WorkloadFinished {
  JobId job;
  bool succeeded;
  Instant finished;
};

using Event =
    std::variant<Recovered, TimerFired, JobSubmitted, JobChanged, JobDeleted, ClusterChanged,
                 ClusterRemoved, CapacityObserved, LinkObserved, DispatchAcked, DispatchFailed,
                 RunObserved, CopyGone, WithdrawFailed, FlavorChanged, FlavorRemoved, CohortChanged,
                 CohortRemoved, ClusterQueueChanged, ClusterQueueRemoved, LocalQueueChanged,
                 LocalQueueRemoved, QuotaConfigured, WorkloadFinished, ClockObserved,
                 InventoryTaken, JobRelabeled, FreezeChanged, DrillAsked, CopyTroubled,
                 RebalanceAsked>;
static_assert(std::is_trivially_copyable_v<Event> && sizeof(Event) <= 64);

}  // namespace fairway::scheduler
