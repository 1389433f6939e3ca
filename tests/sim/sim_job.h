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
  // Of Indexed jobs: 0 = it is none; a bit for each index.
  int32_t completions = 0;
  bool flaky = false;
  int32_t backoff_limit = 0;
  uint64_t done = 0;   // as its stored status says
  uint64_t truth = 0;  // that have ended well on some member
};

inline uint64_t IndexesBetween(int32_t first, int32_t last) {
  return ((uint64_t{2} << last) - 1) & ~((uint64_t{1} << first) - 1);
}
inline uint64_t AllIndexes(const SimJob& job) {
  return job.completions == 0 ? 0 : IndexesBetween(0, job.completions - 1);
}
// How long an index of a job runs, and whether its first pod in a copy fails: fixed traits.
inline Duration IndexTime(const SimJob& job, JobId id, int32_t index) {
  Rng trait(WholeOf(id).value * 0x10001 + static_cast<uint64_t>(index));
  return Milliseconds(job.run_time.ms / 4 + trait.Between(1, job.run_time.ms / 2 + 2));
}
inline bool IsFlaky(const SimJob& job, JobId id, int32_t index) {
  return job.flaky &&
         Rng(WholeOf(id).value * 0x20003 + static_cast<uint64_t>(index)).Chance({1, 4});
}

using SimJobs = absl::btree_map<JobId, SimJob>;

// Whether a member refuses a job: a fixed trait of the pair, so that retries agree.
inline bool Refuses(ClusterId cluster, JobId job, Ratio rejects) {
  return Rng(cluster.value * 0x10001 + WholeOf(job).value).Chance(rejects);
}

}  // namespace fairway::sim
