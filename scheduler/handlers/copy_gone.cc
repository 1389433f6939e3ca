// The end of a copy: CopyGone, and WithdrawFailed while it lasts.
#include "scheduler/failover/failover.h"
#include "scheduler/handlers/step.h"

namespace fairway::scheduler {
namespace {

// A bare Workload is on no cluster of ours: its owner has stopped what was evicted.
void BareWorkloadStopped(StepContext& step, const CopyGone& event) {
  const JobRecord* known = step.world().FindJob(event.job);
  if (known == nullptr) {
    ++step.stats().unknown_reports;
  } else if (known->cluster || known->state != JobState::kRequeued || known->epoch != event.epoch) {
    ++step.stats().stale_reports;
  } else if (event.confirmed) {
    step.Requeue(*known, known->ending);
  }
}

}  // namespace

void On(StepContext& step, const CopyGone& event) {
  if (event.confirmed && step.world().HasResidue(event.job, event.cluster, event.epoch)) {
    RemoveResidue(step, event.job, event.cluster, event.epoch);
    return;
  }
  if (!event.cluster) {
    BareWorkloadStopped(step, event);
    return;
  }
  const JobRecord* known = step.FindCopy(event.job, event.cluster, event.epoch);
  if (known == nullptr) return;
  switch (known->state) {
    case JobState::kDeleting:
      if (event.confirmed) step.Release(*known);
      return;
    case JobState::kRequeued:
      if (event.confirmed) step.Requeue(*known, known->ending);
      return;
    case JobState::kCommitting:
      if (event.confirmed) {
        JobRecord record = *known;
        record.state = JobState::kDone;
        record.cluster = ClusterId{};
        step.Emit(PublishPlacement{record.job});
        step.PutRecord(std::move(record));
      }
      return;
    case JobState::kDone:
    case JobState::kFailed: {
      JobRecord record = *known;
      record.cluster = ClusterId{};
      step.PutRecord(std::move(record));
      return;
    }
    default:
      // Lost with the member's state, or deleted there by somebody: it runs again. A Dispatch of
      // this epoch may still be on its way, so unless the member has ruled that out it is withdrawn
      // first.
      if (event.confirmed) {
        step.Requeue(*known, EndReason::kCopyLost);
      } else {
        step.GiveUpEpoch(*known, EndReason::kCopyLost);
      }
      return;
  }
}

void On(StepContext& step, const WithdrawFailed& event) {
  if (step.world().HasResidue(event.job, event.cluster, event.epoch)) {
    RetryResidueLater(step, event.job);
    return;
  }
  const JobRecord* known = step.FindCopy(event.job, event.cluster, event.epoch);
  if (known == nullptr) return;
  if (known->state == JobState::kDeleting || known->state == JobState::kRequeued ||
      known->state == JobState::kCommitting) {
    step.RetryLater(event.job);
  } else {
    ++step.stats().stale_reports;
  }
}

}  // namespace fairway::scheduler
