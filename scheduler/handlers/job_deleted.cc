#include "scheduler/handlers/step.h"
#include "scheduler/split/split_steps.h"

namespace fairway::scheduler {

void On(StepContext& step, const JobDeleted& event) {
  const JobRecord* known = step.world().FindJob(event.job);
  if (known == nullptr) {
    // Nothing to let go of: the object need not wait.
    ++step.stats().unknown_reports;
    step.Emit(ReleaseJob{event.job});
    return;
  }
  if (known->split) {
    DeleteSplit(step, *known, event.orphan);
    return;
  }
  // Without a copy, or when the copy is to stay behind, the job goes at once. A finished job's copy
  // is withdrawn as well: it still holds its pods and logs on the member.
  if (!known->cluster || event.orphan) {
    step.Release(*known);
    return;
  }
  if (known->state == JobState::kDeleting) return;
  JobRecord record = *known;
  step.state().retries.Erase(record.job);
  record.state = JobState::kDeleting;
  record.delete_requested = true;
  record.ending = EndReason::kNone;
  record.dispatch_pending = false;
  step.Emit(Withdraw{record.job, record.cluster, record.epoch});
  step.Emit(PublishPlacement{record.job});
  step.PutRecord(std::move(record));
}

}  // namespace fairway::scheduler
