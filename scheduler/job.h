// What the core knows of a job: its wishes (JobSpec) and where it stands (JobRecord).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "scheduler/failover/config.h"
#include "scheduler/ids.h"
#include "scheduler/instant.h"
#include "scheduler/job_terms.h"
#include "scheduler/policy/rules.h"
#include "scheduler/quota/queueing.h"
#include "scheduler/resources.h"
#include "scheduler/split/split.h"

namespace fairway::scheduler {

// A job's wishes. Interned: a thousand jobs made from one template share one.
struct JobSpec {
  Resources request;                   // of one pod
  int32_t parallelism = 1;             // pods that run at once
  std::vector<SelectorTerm> required;  // ORed; empty = any cluster
  std::vector<PreferredTerm> preferred;
  std::vector<Toleration> tolerations;
  int32_t priority = 0;  // higher goes first
  // All pods must fit on one cluster at once. False (annotation fairway.flext.sh/gang: "false"):
  // one pod must fit, the others wait on the member.
  bool gang = true;
  Queueing queueing;
  FailoverPolicy failover = FailoverPolicy::kFenced;
  bool failback = false;   // it may be stopped to go back to the cluster that it was moved off
  bool rebalance = false;  // it may be stopped to go where it is better off
  int32_t grace_seconds = kDefaultGraceSeconds;  // terminationGracePeriodSeconds of its pods
  std::vector<PlacementRules> rules;             // none or one: what few jobs ask for
  std::vector<SplitWish> split;                  // none or one
  bool operator==(const JobSpec&) const = default;
};

// design.md 4.2. The numbers are in stored records: do not change them.
enum class JobState : uint8_t {
  kQueued,      // no cluster yet
  kPlacing,     // a cluster is chosen; its copy is on the way
  kDispatched,  // the cluster has acknowledged the copy
  kRunning,     // the copy has started
  kUncertain,   // its cluster is out of reach
  kFenced,      // and its copy there has certainly ended: it may move
  kRequeued,    // its epoch is given up: the copy is being withdrawn, then it queues again
  kCommitting,  // terminal result of an earlier epoch saved; this epoch's copy is being withdrawn
  kDone,        // terminal result saved: Complete
  kFailed,      // terminal result saved: Failed
  kDeleting,    // deleted here; the copy is being withdrawn
  kAdmitted,    // a Workload without a Job of ours: it holds quota, and no cluster
  kSplit,       // its parts are jobs of their own (split/split.h)
};
inline constexpr JobState kLastJobState = JobState::kSplit;

}  // namespace fairway::scheduler
