// The quota part of a decision, in words for people.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "scheduler/instant.h"

namespace fairway::scheduler {

// One node of the tree, from the queue up to the root, for one flavor and resource that is short.
struct QuotaLevel {
  std::string kind;  // "ClusterQueue" or "Cohort"
  std::string name;
  std::string flavor;
  std::string resource;
  int64_t nominal = 0;    // of this node alone
  int64_t quota = 0;      // of its subtree
  int64_t used = 0;       // what of it is used, promised amounts included
  int64_t available = 0;  // what the job's queue could still get up to here
};

struct QuotaDecision {
  std::string cluster_queue;
  // Kueue's words for condition QuotaReserved=False: Pending, NoMatchingFlavor, WaitingForQuota,
  // ExceedsMaxQuota, WaitingForPreemptedWorkloads, Misconfigured, Suspended; ours: WaitingForRoom.
  std::string reason;
  std::string message;  // as Kueue says it
  std::vector<QuotaLevel> levels;
  std::string nearest_change;  // the least that would admit it; empty = not known
  int64_t place = 0;           // 1 = the head; at most kPlaceMax
  int64_t waiting = 0;         // jobs in its queue
  // When it may start, as far as ends of running jobs are known: by maximumExecutionTimeSeconds, or
  // by how long jobs of their LocalQueue took before. 0 = not known.
  Instant start;
  Duration start_error;
};
inline constexpr int64_t kPlaceMax = 100'000;

}  // namespace fairway::scheduler
