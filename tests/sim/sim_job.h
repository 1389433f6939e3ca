// What the simulation itself knows of each job: the truth that checkers hold the core against.
#pragma once

#include <absl/container/btree_map.h>

#include <cstdint>

#include "scheduler/failover/config.h"
#include "scheduler/ids.h"
#include "scheduler/instant.h"
#include "scheduler/rng.h"

namespace fairway::sim {

struct SimJob {
  int spec = 0;           // index of its template
  int64_t cpu_milli = 0;  // of all its pods
  int32_t pods = 1;
  Duration run_time;
  bool fails = false;
  bool never_fits = false;
  bool acknowledged = false;  // its client was told that it is saved
  bool suspended = false;     // as last asked for
  int32_t ttl_seconds = -1;
  bool delete_asked = false;  // by its client or its TTL
  bool orphaned = false;
  bool finished = false;  // its result is committed
  bool released = false;  // its removal is committed
  scheduler::FailoverPolicy failover = scheduler::FailoverPolicy::kFenced;
  int32_t grace_seconds = 0;
  bool approved_move = false;  // an operator took responsibility for a second copy
  int result = 0;              // as first committed: 1 succeeded, 2 failed
};

using SimJobs = absl::btree_map<JobId, SimJob>;

// Whether a member refuses a job: a fixed trait of the pair, so that retries agree.
inline bool Refuses(ClusterId cluster, JobId job, Ratio rejects) {
  return Rng(cluster.value * 0x10001 + job.value).Chance(rejects);
}

}  // namespace fairway::sim
