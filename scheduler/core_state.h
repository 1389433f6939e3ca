// CoreState: what the core remembers between steps beside World. All of it can be lost in a crash:
// it is rebuilt by Recovered, or merely costs an early retry.
#pragma once

#include <absl/container/btree_map.h>
#include <absl/container/btree_set.h>

#include <cstdint>
#include <utility>

#include "scheduler/decision.h"
#include "scheduler/drill/drill.h"
#include "scheduler/failover/drain.h"
#include "scheduler/failover/failover_state.h"
#include "scheduler/failover/rebalance_state.h"
#include "scheduler/ids.h"
#include "scheduler/instant.h"
#include "scheduler/pending_queue.h"
#include "scheduler/quota/quota_spec.h"

namespace fairway::scheduler {

// Jobs whose Dispatch or Withdraw failed and is to be asked for again. One entry per job.
class RetryTable {
 public:
  struct Entry {
    int32_t attempts = 0;
    Instant due;
  };
  // Counts one more failure; the next try is due after `delay`.
  void Add(JobId job, Instant due);
  void Erase(JobId job);
  // Makes an entry due now; the attempts stay counted. False when there is none.
  bool Hurry(JobId job, Instant now);
  int32_t Attempts(JobId job) const;
  Instant NextDue() const { return due_.empty() ? Instant{} : due_.begin()->first; }
  // Takes the first due job off the due list; its attempts stay counted until Erase. Id 0 = none is
  // due.
  JobId TakeDue(Instant now);
  const absl::btree_map<JobId, Entry>& entries() const { return entries_; }

 private:
  absl::btree_map<JobId, Entry> entries_;
  absl::btree_set<std::pair<Instant, JobId>> due_;
};

// The quota pass (quota/quota_pass.cc).
struct QuotaPassState {
  bool fresh = true;             // nothing was looked at yet since start
  bool drain = false;            // some queue's jobs have to go, and not all were told
  uint64_t room_generation = 0;  // world.generation() that the last pass knew
  Instant due;                   // when the pass goes on, or a pause ends
  // When a queue is to be looked at again: its head has waited long enough for others to end.
  absl::btree_set<std::pair<Instant, ClusterQueueId>> pauses;
  // Since when those who pause, or have paused, might have preempted. Bounded (quota_pass.cc).
  absl::btree_map<JobId, Instant> paused;
};

struct CoreState {
  RetryTable retries;
  // When the next job has to leave a cluster because of a taint (handlers/evict.h).
  absl::btree_map<ClusterId, Instant> evictions;
  Instant armed;  // the timer that was last wished for

  QuotaPassState quota;

  // The placement pass (pass.cc).
  bool pass_wanted = false;      // a job came back to the queue
  uint64_t pass_generation = 0;  // world.generation() that the last pass started from
  bool sweep_active = false;     // a sweep over the whole queue goes on in the next steps
  bool sweep_again = false;      // room was gained since the sweep began
  QueueHead sweep_at;
  Instant sweep_due;

  // After a start (handlers/settle.h): who has yet to be heard, and until when that is waited for.
  absl::btree_set<ClusterId> awaited;
  Instant settle_end;

  FailoverState failover;
  DrainState drains;
  FailbackState failback;
  RebalanceState rebalance;
  DrillWatch drill;

  // The last waiting decision, which the next job of the same spec shares.
  GroupId explained_group;
  uint64_t explained_generation = 0;
  Decision explained;
};

}  // namespace fairway::scheduler
