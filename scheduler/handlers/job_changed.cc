#include "scheduler/drill/scope.h"
#include "scheduler/failover/failover.h"
#include "scheduler/failover/rebalances.h"
#include "scheduler/handlers/step.h"
#include "scheduler/quota/quota_steps.h"
#include "scheduler/split/split_steps.h"

namespace fairway::scheduler {
namespace {

void ChangeQueued(StepContext& step, JobRecord record, const JobRecord& before) {
  if (record == before) return;  // said again: what made it wait still does
  const World& world = step.world();
  if (record.suspended) {
    step.Emit(PublishPlacement{record.job});
    step.PutRecord(std::move(record));
  } else if (world.queue().IsBlocked(GroupOf(record), world.generation())) {
    step.PutRecord(record);
    step.EmitWaiting(record);
  } else if (!step.TryPlace(record)) {
    step.EmitWaiting(record);
  }
}

// A job that comes into a queue or leaves all of them while it is placed stops first, as one whose
// wishes changed.
void ChangeQueue(StepContext& step, JobRecord record, const JobRecord& known, bool queued) {
  if (queued && known.quota) {
    ChangeInQueue(step, std::move(record), known);
    return;
  }
  if (queued) {
    record.quota.Make();
  } else {
    record.quota.Reset();
  }
  const bool bare = !known.cluster && known.state != JobState::kQueued;
  if (bare && !queued) {
    step.Requeue(std::move(record), EndReason::kQuotaChanged);  // nothing of ours runs
  } else if (known.state != JobState::kQueued && known.state != JobState::kRequeued) {
    step.GiveUpEpoch(std::move(record), EndReason::kQuotaChanged);
  } else if (queued) {
    ChangeInQueue(step, std::move(record), known);
  } else if (known.state == JobState::kQueued) {
    step.world().DropClaim(record.job);
    ChangeQueued(step, std::move(record), known);
  } else {
    step.PutRecord(std::move(record));
  }
}

}  // namespace

// The same epoch goes to the same cluster again, as an update. A suspended copy gives its room back
// at once; a resumed one takes it again even if others came in between: its pods then wait on the
// member.
void ChangePlaced(StepContext& step, JobRecord record, const JobRecord& before) {
  const JobSpec* old_spec = step.world().FindSpec(before.spec);
  const FailoverPolicy policy = step.world().FindSpec(record.spec)->failover;
  const bool other_policy = old_spec == nullptr || old_spec->failover != policy;
  const bool resumed = before.suspended && !record.suspended;
  const ClusterState& cluster = *step.world().FindCluster(record.cluster);
  if (!IsWritable(cluster.record.link.state)) {
    // Nothing leaves now. A copy that lies suspended there will not run: the job need not wait.
    const bool lies_still = resumed && !before.dispatch_pending && !before.update_due;
    record.update_due = true;
    if (lies_still && !step.world().freeze().frozen && IsLost(cluster.record.link.state) &&
        !IsSpared(step.world(), record) &&
        (policy == FailoverPolicy::kFenced || policy == FailoverPolicy::kFast)) {
      AddResidue(step, record, record.cluster, record.epoch);
      step.Requeue(std::move(record), EndReason::kClusterLost);
      return;
    }
    step.PutRecord(record);
    ConsiderMove(step, record);
    return;
  }
  if (resumed || other_policy) VoidLease(record);
  record.dispatch_pending = true;
  step.state().retries.Erase(record.job);
  step.EmitDispatch(record);
  step.PutRecord(std::move(record));
}

void On(StepContext& step, const JobChanged& event) {
  const JobRecord* known = step.world().FindJob(event.job);
  if (known == nullptr) {
    ++step.stats().unknown_reports;
    return;
  }
  JobRecord record = *known;
  record.ttl_seconds = event.ttl_seconds;
  if (record.split) {
    ChangeSplit(step, *known, event);
    return;
  }
  if (record.state == JobState::kDeleting) return;
  if (IsFinished(record)) {
    if (record != *known) step.PutRecord(std::move(record));
    return;
  }
  record.suspended = event.suspended;
  record.spec = step.Intern(*event.spec);
  if (record.cluster && event.approved) record.approved = event.approved == record.epoch;
  const bool queued = !event.spec->queueing.local_queue.empty();
  if (queued || record.quota) {
    ChangeQueue(step, std::move(record), *known, queued);
  } else if (record.state == JobState::kQueued) {
    ChangeQueued(step, std::move(record), *known);
  } else if (record.state == JobState::kRequeued) {
    step.PutRecord(record);
    ConsiderMove(step, record);
  } else {
    ChangePlaced(step, std::move(record), *known);
  }
  const JobRecord* changed = step.world().FindJob(event.job);
  if (changed != nullptr) NoteWilling(step, *changed);
}

}  // namespace fairway::scheduler
