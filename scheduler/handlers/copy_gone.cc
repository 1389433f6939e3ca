// The end of a copy: CopyGone, and WithdrawFailed while it lasts.
#include "scheduler/handlers/step.h"

namespace fairway::scheduler {

void On(StepContext& step, const CopyGone& event) {
  const JobRecord* known = step.FindCopy(event.job, event.cluster, event.epoch);
  if (known == nullptr) return;
  switch (known->state) {
    case JobState::kDeleting:
      step.Release(*known);
      return;
    case JobState::kRequeued:
      step.Requeue(*known, EndReason::kRejected);
      return;
    case JobState::kPlacing:
      // Its Dispatch may still be on the way; the same epoch again is harmless, another one is not.
      step.state().retries.Erase(event.job);
      step.Emit(Dispatch{event.job, event.cluster, event.epoch});
      return;
    case JobState::kDone:
    case JobState::kFailed: {
      JobRecord record = *known;
      record.cluster = ClusterId{};
      step.PutRecord(std::move(record));
      return;
    }
    default:
      // Lost with the member's state, or deleted there by somebody: it runs again.
      step.Requeue(*known, EndReason::kCopyLost);
      return;
  }
}

void On(StepContext& step, const WithdrawFailed& event) {
  const JobRecord* known = step.FindCopy(event.job, event.cluster, event.epoch);
  if (known == nullptr) return;
  if (known->state == JobState::kDeleting || known->state == JobState::kRequeued) {
    step.RetryLater(event.job);
  } else {
    ++step.stats().stale_reports;
  }
}

}  // namespace fairway::scheduler
