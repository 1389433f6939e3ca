#include "scheduler/failover/failover.h"
#include "scheduler/handlers/step.h"
#include "scheduler/split/split_steps.h"

namespace fairway::scheduler {
namespace {

// The commit point: from here on the job is finished, whatever happens to its copy or its cluster.
void Finish(StepContext& step, JobRecord record, const RunObserved& event) {
  record.state = event.phase == RunPhase::kSucceeded ? JobState::kDone : JobState::kFailed;
  step.Conclude(record, event);
  step.Emit(PublishStatus{record.job, record.cluster, record.epoch});
  step.Emit(PublishPlacement{record.job});
  const JobId job = record.job;
  step.PutRecord(std::move(record));
  if (IsShard(job)) NotePartEnded(step, job);
}

// A copy of an earlier epoch on a cluster that cannot be told now: remembered until it can.
void AddResidueIfClosed(StepContext& step, const JobRecord& record, const RunObserved& event) {
  const LinkState link = step.world().FindCluster(event.cluster)->record.link.state;
  if (!IsWritable(link)) AddResidue(step, record, event.cluster, event.epoch);
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
      if (TryRescue(step, *other, event)) return;
      AddResidueIfClosed(step, *other, event);
      step.Emit(Withdraw{event.job, event.cluster, event.epoch});
    }
    return;
  }
  // What is given up and has succeeded before its withdrawal need not run again.
  const bool late = known->state == JobState::kRequeued && event.phase != RunPhase::kSucceeded;
  if (IsFinished(*known) || known->state == JobState::kDeleting || late) {
    ++step.stats().stale_reports;
    return;
  }
  const bool goes_on = event.phase == RunPhase::kPending || event.phase == RunPhase::kRunning;
  if (known->part && goes_on && ExceedsBackoff(step, event.job, event.failures, event.finished)) {
    step.Emit(PublishStatus{event.job, event.cluster, event.epoch});
    return;
  }
  if (event.phase == RunPhase::kFailed && RetriesElsewhere(step, *known, event.trouble)) return;
  if (event.phase == RunPhase::kSucceeded || event.phase == RunPhase::kFailed) {
    Finish(step, *known, event);
    return;
  }
  if (event.phase == RunPhase::kLeaseEnded) {
    ++step.stats().leases_ended;
    step.GiveUpEpoch(*known, EndReason::kFenced);
    return;
  }
  JobRecord record = *known;
  const bool was_lost = record.state == JobState::kUncertain || record.state == JobState::kFenced;
  TakeLeaseReport(step, record, event);
  // A late word from a cluster that is lost does not make it any less so.
  if (was_lost && IsLost(step.world().FindCluster(event.cluster)->record.link.state)) {
    if (record != *known) step.PutRecord(std::move(record));
    return;
  }
  // The copy shows itself, so its dispatch arrived, whatever became of the answer.
  if (record.state == JobState::kPlacing || was_lost) {
    record.state = JobState::kDispatched;
    record.dispatch_pending = record.dispatch_pending && was_lost;
    step.state().retries.Erase(record.job);
  }
  if (event.phase == RunPhase::kRunning) record.state = JobState::kRunning;
  if (event.phase == RunPhase::kSuspended) record.state = JobState::kDispatched;
  NoteTrouble(step, record, event.trouble);
  if (HasDrifted(record, event.phase)) {
    if (!record.suspended) VoidLease(record);
    record.dispatch_pending = true;
    step.EmitDispatch(record);
  } else if (event.leased && !record.leased && !WantsLease(step.world(), record)) {
    // Its policy has changed, or a cluster has gone: nobody renews it any more.
    step.Emit(RenewLease{record.job, record.cluster, record.epoch, {}});
  }
  step.Emit(PublishStatus{record.job, record.cluster, record.epoch});
  if (record.state != known->state) step.Emit(PublishPlacement{record.job});
  if (record != *known) step.PutRecord(std::move(record));
}

}  // namespace fairway::scheduler
