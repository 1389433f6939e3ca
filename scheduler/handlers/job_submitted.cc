#include "scheduler/handlers/step.h"
#include "scheduler/quota/quota_steps.h"

namespace fairway::scheduler {
namespace {

// While a sweep works through the queue, a job that comes behind the sweep's place waits its turn.
bool QueuesBehindSweep(StepContext& step, const JobRecord& record, int32_t priority) {
  const CoreState& state = step.state();
  if (!state.sweep_active) return false;
  return state.sweep_at < QueueHead{-static_cast<int64_t>(priority), record.job, GroupOf(record)};
}

}  // namespace

void On(StepContext& step, const JobSubmitted& event) {
  if (step.world().FindJob(event.job) != nullptr) {
    ++step.stats().stale_reports;  // said twice; the first word counts
    return;
  }
  JobRecord record;
  record.job = event.job;
  record.name = *event.name;
  record.spec = step.Intern(*event.spec);
  if (!event.spec->queueing.local_queue.empty()) record.quota.Make();
  record.suspended = event.suspended;
  record.ttl_seconds = event.ttl_seconds;
  record.submitted = step.now();
  record.since = step.now();
  if (record.suspended) {
    step.Emit(PublishPlacement{record.job});
    step.PutRecord(std::move(record));
    return;
  }
  if (record.quota) {
    SubmitToQueue(step, record);
    return;
  }
  const World& world = step.world();
  if (world.queue().IsBlocked(GroupOf(record), world.generation()) ||
      QueuesBehindSweep(step, record, event.spec->priority)) {
    step.PutRecord(record);
    step.EmitWaiting(record);
    return;
  }
  if (!step.TryPlace(record)) step.EmitWaiting(record);
}

}  // namespace fairway::scheduler
