#include <algorithm>

#include "scheduler/handlers/step.h"

namespace fairway::scheduler {
namespace {

// The commit point: from here on the job is finished, whatever happens to its copy or its cluster.
void Finish(StepContext& step, JobRecord record, const RunObserved& event) {
  ++step.stats().finished;
  step.state().retries.Erase(record.job);
  record.state = event.phase == RunPhase::kSucceeded ? JobState::kDone : JobState::kFailed;
  // A member's clock may run ahead of ours; a result is never from the future.
  record.finished = event.finished ? std::min(event.finished, step.now()) : step.now();
  record.finished = std::max(record.finished, Instant{1});
  record.spec = SpecId{};
  record.dispatch_pending = false;
  step.Emit(PublishStatus{record.job, record.cluster, record.epoch});
  step.Emit(PublishPlacement{record.job});
  step.PutRecord(std::move(record));
}

// The copy does not do what the job says: the update was lost, or somebody changed the copy.
bool HasDrifted(const JobRecord& record, RunPhase phase) {
  return !record.dispatch_pending && record.suspended != (phase == RunPhase::kSuspended);
}

}  // namespace

void On(StepContext& step, const RunObserved& event) {
  const JobRecord* known = step.FindCopy(event.job, event.cluster, event.epoch);
  if (known == nullptr) {
    const JobRecord* other = step.world().FindJob(event.job);
    // A copy of an epoch that is over is in the way. (Of a job that we do not know, we know
    // nothing: it may have been left behind on purpose.)
    if (other != nullptr && step.world().FindCluster(event.cluster) != nullptr &&
        event.epoch <= other->epoch) {
      step.Emit(Withdraw{event.job, event.cluster, event.epoch});
    }
    return;
  }
  if (IsFinished(*known) || known->state == JobState::kDeleting ||
      known->state == JobState::kRequeued) {
    ++step.stats().stale_reports;
    return;
  }
  if (event.phase == RunPhase::kSucceeded || event.phase == RunPhase::kFailed) {
    Finish(step, *known, event);
    return;
  }
  JobRecord record = *known;
  // The copy shows itself, so its dispatch arrived, whatever became of the answer.
  if (record.state == JobState::kPlacing) {
    record.state = JobState::kDispatched;
    record.dispatch_pending = false;
    step.state().retries.Erase(record.job);
  }
  if (event.phase == RunPhase::kRunning) record.state = JobState::kRunning;
  if (event.phase == RunPhase::kSuspended) record.state = JobState::kDispatched;
  if (HasDrifted(record, event.phase)) {
    record.dispatch_pending = true;
    step.Emit(Dispatch{record.job, record.cluster, record.epoch});
  }
  step.Emit(PublishStatus{record.job, record.cluster, record.epoch});
  if (record.state != known->state) step.Emit(PublishPlacement{record.job});
  if (record != *known) step.PutRecord(std::move(record));
}

}  // namespace fairway::scheduler
