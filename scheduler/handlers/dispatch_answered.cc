// The member's answer to a Dispatch: DispatchAcked, DispatchFailed.
#include "scheduler/failover/failover.h"
#include "scheduler/handlers/step.h"

namespace fairway::scheduler {
namespace {

bool AwaitsAnswer(const JobRecord& record) {
  return record.dispatch_pending && record.state != JobState::kRequeued &&
         record.state != JobState::kDeleting;
}

}  // namespace

void On(StepContext& step, const DispatchAcked& event) {
  const JobRecord* known = step.FindCopy(event.job, event.cluster, event.epoch);
  if (known == nullptr) return;
  if (!AwaitsAnswer(*known)) {
    ++step.stats().stale_reports;
    return;
  }
  JobRecord record = *known;
  step.state().retries.Erase(record.job);
  record.dispatch_pending = false;
  if (record.state == JobState::kPlacing) {
    record.state = JobState::kDispatched;
    step.Emit(PublishPlacement{record.job});
  }
  step.PutRecord(record);
  ConsiderMove(step, record);
}

void On(StepContext& step, const DispatchFailed& event) {
  const JobRecord* known = step.FindCopy(event.job, event.cluster, event.epoch);
  if (known == nullptr) return;
  if (!AwaitsAnswer(*known)) {
    ++step.stats().stale_reports;
    return;
  }
  const bool reachable = step.world().FindCluster(event.cluster)->ready;
  const bool tried_enough =
      reachable && step.state().retries.Attempts(event.job) + 1 >= kDispatchAttemptsMax;
  if (event.retryable && !(tried_enough && known->state == JobState::kPlacing)) {
    step.RetryLater(event.job);
    return;
  }
  if (known->state == JobState::kPlacing) {
    // An earlier try may have made the copy before its answer was lost, so it is withdrawn before
    // the job goes anywhere else.
    step.GiveUpEpoch(*known, event.retryable ? EndReason::kWithdrawn : EndReason::kRejected);
    return;
  }
  // The copy runs on as it is; only the update was refused.
  ++step.stats().updates_refused;
  JobRecord record = *known;
  step.state().retries.Erase(record.job);
  record.dispatch_pending = false;
  step.PutRecord(std::move(record));
}

}  // namespace fairway::scheduler
