// The return of a gateway with an older memory than its members have.
#include <absl/container/btree_map.h>

#include <tuple>
#include <vector>

#include "scheduler/failover/failover.h"
#include "scheduler/found_copy.h"
#include "scheduler/handlers/step.h"

namespace fairway::scheduler {
namespace {

// The one that counts: the newest epoch; of two with one number (a store was restored twice) the
// one with a result, then the lower cluster.
bool Outranks(const FoundCopy& a, const FoundCopy& b) {
  return std::tuple(a.epoch, a.finished, b.cluster) > std::tuple(b.epoch, b.finished, a.cluster);
}

// What the member has is how far the job had come. Its state and result follow as reports.
void Adopt(StepContext& step, JobRecord record, const FoundCopy& copy) {
  if (record.cluster && record.epoch != copy.epoch) {
    StepContext::AddFormer(record.former, {record.epoch, record.cluster, record.since, step.now(),
                                           EndReason::kWithdrawn});
  }
  step.state().retries.Erase(record.job);
  record.cluster = copy.cluster;
  record.epoch = copy.epoch;
  record.since = step.now();
  record.ending = EndReason::kNone;
  record.dispatch_pending = false;
  VoidLease(record);  // what we knew was of another copy
  if (record.state != JobState::kDeleting) record.state = JobState::kDispatched;
  step.Emit(PublishPlacement{record.job});
  step.PutRecord(std::move(record));
}

// No member has it. It may never have run, or have run, ended and been deleted: nobody knows.
void Hold(StepContext& step, JobRecord record) {
  if (record.state == JobState::kDeleting) return;  // its withdrawal will find nothing
  const bool queued = record.state == JobState::kQueued;
  if (queued && record.suspended) return;
  record.suspended = true;
  const JobId job = record.job;
  if (queued) {
    step.PutRecord(std::move(record));
  } else {
    const EndReason reason =
        record.state == JobState::kRequeued ? record.ending : EndReason::kCopyLost;
    step.Requeue(std::move(record), reason);
  }
  step.Emit(HoldJob{job});
}

}  // namespace

void On(StepContext& step, const CopiesFound& event) {
  absl::btree_map<JobId, FoundCopy> newest;
  for (const FoundCopy& copy : *event.copies) {
    if (step.world().FindCluster(copy.cluster) == nullptr) continue;
    auto [at, added] = newest.emplace(copy.job, copy);
    if (!added && Outranks(copy, at->second)) at->second = copy;
  }
  std::vector<JobId> unfinished;
  for (const auto& [job, record] : step.world().jobs()) {
    if (!IsFinished(*record) && job <= event.last_restored) unfinished.push_back(job);
  }
  for (const JobId job : unfinished) {
    const JobRecord& record = *step.world().FindJob(job);
    const auto found = newest.find(job);
    if (found == newest.end() || found->second.epoch < record.epoch) {
      if (!event.run_missing) Hold(step, record);
      continue;
    }
    const FoundCopy& copy = found->second;
    const bool known = record.cluster == copy.cluster && record.epoch == copy.epoch;
    if (!known) Adopt(step, record, copy);
  }
}

}  // namespace fairway::scheduler
