#include "scheduler/failover/failover.h"
#include "scheduler/handlers/step.h"

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
    if (lies_still && IsLost(cluster.record.link.state) &&
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

}  // namespace

void On(StepContext& step, const JobChanged& event) {
  const JobRecord* known = step.world().FindJob(event.job);
  if (known == nullptr) {
    ++step.stats().unknown_reports;
    return;
  }
  JobRecord record = *known;
  record.ttl_seconds = event.ttl_seconds;
  if (record.state == JobState::kDeleting) return;
  if (IsFinished(record)) {
    if (record != *known) step.PutRecord(std::move(record));
    return;
  }
  record.suspended = event.suspended;
  record.spec = step.Intern(*event.spec);
  if (record.cluster && event.approved) record.approved = event.approved == record.epoch;
  if (record.state == JobState::kQueued) {
    ChangeQueued(step, std::move(record), *known);
  } else if (record.state == JobState::kRequeued) {
    step.PutRecord(record);
    ConsiderMove(step, record);
  } else {
    ChangePlaced(step, std::move(record), *known);
  }
}

}  // namespace fairway::scheduler
