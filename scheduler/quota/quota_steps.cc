#include "scheduler/quota/quota_steps.h"

#include <algorithm>
#include <utility>

#include "scheduler/quota/backfill.h"
#include "scheduler/quota/quota_estimate.h"
#include "scheduler/split/split_steps.h"

namespace fairway::scheduler {
namespace {

// The charges that this admission will have.
std::vector<QuotaCharge> PlannedCharges(const AdmitPlan& plan, const SpecEntry& spec) {
  JobQuota quota;
  quota.pod_sets = plan.assignment.pod_sets;
  return ChargesOf(quota, spec.spec);
}

void Admit(StepContext& step, JobRecord record, AdmitPlan plan) {
  ++step.stats().placements;
  const SpecEntry& spec = step.world().specs().Get(record.spec);
  const bool bare = spec.spec.queueing.workload_only;
  JobQuota& quota = *record.quota;
  quota.cluster_queue = step.world().ledger().HomeOf(spec.spec.queueing.local_queue);
  quota.pod_sets = std::move(plan.assignment.pod_sets);
  quota.admitted_at = step.now();
  if (!plan.parts.empty()) {
    // The charge is divided with the job: the whole holds none.
    const JobQuota admission = std::exchange(quota, JobQuota{});
    BeginSplit(step, std::move(record), plan.parts, &admission);
    return;
  }
  if (!bare) step.EmitDecision(record, plan.pick);
  if (!bare) {
    step.Launch(std::move(record), plan.pick.cluster);
    return;
  }
  record.state = JobState::kAdmitted;
  record.epoch = Epoch{record.epoch.value + 1};
  record.since = step.now();
  step.Emit(PublishPlacement{record.job});
  step.PutRecord(std::move(record));
}

void PreemptFor(StepContext& step, const JobRecord& record, AdmitPlan plan) {
  World& world = step.world();
  const SpecEntry& spec = world.specs().Get(record.spec);
  QuotaClaim claim;
  claim.queue = world.ledger().HomeOf(spec.spec.queueing.local_queue);
  claim.charges = PlannedCharges(plan, spec);
  claim.cluster = plan.pick.cluster;
  claim.since = step.now();
  if (claim.cluster) claim.room = TotalOf(spec, plan.assignment.pod_sets.front().count);
  for (const Victim& victim : plan.victims) claim.victims.push_back(victim.job);
  for (const Victim& victim : plan.victims) {
    JobRecord loser = *world.FindJob(victim.job);
    loser.quota->preempted = victim.cause;
    loser.quota->preemptor = record.job;
    EvictJob(step, std::move(loser), EndReason::kPreempted);
  }
  world.SetClaim(record.job, std::move(claim));
}

}  // namespace

void EndAdmission(JobRecord& record, Instant now) {
  JobQuota& quota = *record.quota;
  if (quota.next_spec) record.spec = quota.next_spec;
  quota.next_spec = {};
  if (!quota.IsAdmitted()) return;
  quota.past_execution_ms += std::max<int64_t>(0, (now - quota.admitted_at).ms);
  quota.cluster_queue = {};
  quota.pod_sets.clear();
  quota.admitted_at = {};
}

void EvictJob(StepContext& step, JobRecord record, EndReason reason) {
  ++record.quota->evictions;
  step.GiveUpEpoch(std::move(record), reason);
}

bool ActOnPlan(StepContext& step, const JobRecord& record, AdmitPlan plan) {
  World& world = step.world();
  ++step.stats().attempts;
  const GroupId group = GroupOf(record);
  const JobId job = record.job;
  const ClusterQueueId home =
      world.ledger().HomeOf(world.specs().Get(record.spec).spec.queueing.local_queue);
  QueueState* queue = world.mutable_ledger().FindQueue(home);
  if (plan.outcome == AdmitOutcome::kAdmit) {
    world.DropClaim(job);
    Admit(step, record, std::move(plan));
    return true;
  }
  if (plan.outcome == AdmitOutcome::kNoRoom && record.part) MakeWayFor(step, job);
  if (queue != nullptr && queue->pending.HasGroup(group)) {
    queue->pending.MarkBlocked(group, queue->wakes);
    if (plan.assignment.lacks_known &&
        (plan.outcome == AdmitOutcome::kNoQuota || plan.outcome == AdmitOutcome::kNever)) {
      queue->pending.RememberLacks(group, std::move(plan.assignment.lacks), world.ledger().era());
    }
    if (plan.outcome == AdmitOutcome::kNoRoom || plan.outcome == AdmitOutcome::kPreempt) {
      world.mutable_ledger().WaitForRoom(home);
    }
  }
  if (plan.outcome == AdmitOutcome::kPreempt) {
    PreemptFor(step, record, std::move(plan));
    return false;
  }
  world.DropClaim(job);
  return false;
}

// A new job that fits at once is never put among those who wait: half the work of its admission
// would be to enter it there and to take it out again.
void SubmitToQueue(StepContext& step, const JobRecord& submitted) {
  World& world = step.world();
  QuotaLedger& ledger = world.mutable_ledger();
  const JobRecord record = submitted;
  ledger.Settle();
  bool entered = false;
  const auto enter = [&] {
    if (!std::exchange(entered, true)) step.PutRecord(record);
  };
  const auto wait = [&] {
    enter();
    step.EmitWaiting(record);
  };
  if (world.FindJob(record.job) != nullptr) enter();
  const JobSpec& spec = world.specs().Get(record.spec).spec;
  const ClusterQueueId home = ledger.HomeOf(spec.queueing.local_queue);
  QueueState* queue = home ? ledger.FindQueue(home) : nullptr;
  const GroupId group = GroupOf(record);
  if (queue == nullptr || queue->pending.IsBlocked(group, queue->wakes)) return wait();
  const QueueHead here{-static_cast<int64_t>(spec.priority), record.job, group};
  if (queue->awake && queue->after < here) return wait();  // its turn comes
  const QueueHead* first = queue->pending.Next(PendingQueue::kBeforeAll);
  const bool strict =
      world.quota().cluster_queues.Find(home)->strategy == QueueingStrategy::kStrictFifo;
  if (strict && first != nullptr && *first < here) return wait();
  if (!ledger.agenda().empty()) {
    enter();
    // Others are being looked at: it takes its place among them. What is before it in its own
    // queue has found nothing since the last gain.
    if (!queue->awake) {
      queue->after = {here.minus_priority, JobId{record.job.value - 1}, {}};
      ledger.Enlist(home, {0, here.minus_priority, {}, record.job});
    }
    return wait();
  }
  AdmitPlan plan = PlanAdmission(world, record, false);
  if (plan.outcome != AdmitOutcome::kAdmit) enter();
  const bool has_to_go = !plan.victims.empty() && (!ledger.reservations().empty() ||
                                                   AreAboutToEnd(world, plan.victims, step.now()));
  if (has_to_go ||
      (plan.outcome != AdmitOutcome::kAdmit && MayBackfill(world, record, step.now()))) {
    // Whether anybody has to go is a question of the pass, which looks behind reservations and
    // waits for those who are about to end.
    ledger.Wake(home);
    return wait();
  }
  if (!ActOnPlan(step, record, std::move(plan))) wait();
}

void ChangeInQueue(StepContext& step, JobRecord record, const JobRecord& known) {
  World& world = step.world();
  if (record == known) return;
  world.DropClaim(record.job);
  const bool same_wish = record.spec == known.spec;
  if (known.state == JobState::kQueued) {
    if (record.suspended) {
      step.Emit(PublishPlacement{record.job});
      step.PutRecord(std::move(record));
    } else {
      SubmitToQueue(step, record);
    }
    return;
  }
  const auto keep_charges = [&] {
    record.quota->next_spec = record.spec == known.spec ? SpecId{} : record.spec;
    record.spec = known.spec;
  };
  if (known.state == JobState::kRequeued) {
    if (known.quota) keep_charges();
    step.PutRecord(std::move(record));
    return;
  }
  const JobSpec& before = world.specs().Get(known.spec).spec;
  const JobSpec& after = world.specs().Get(record.spec).spec;
  const bool same_quota = same_wish || before.queueing == after.queueing;
  if (record.suspended && !known.suspended) {
    keep_charges();
    EvictJob(step, std::move(record), EndReason::kDeactivated);
  } else if (!same_quota) {
    // Kueue's way with a job that no longer matches its Workload: it stops, and queues anew.
    keep_charges();
    EvictJob(step, std::move(record), EndReason::kQuotaChanged);
  } else if (known.state == JobState::kAdmitted) {
    step.PutRecord(std::move(record));
  } else {
    ChangePlaced(step, std::move(record), known);
  }
}

void ExpireExecutions(StepContext& step) {
  constexpr int kPerStep = 256;
  for (int i = 0; i < kPerStep; ++i) {
    const auto& deadlines = step.world().ledger().deadlines();
    if (deadlines.empty() || step.now() < deadlines.begin()->first) return;
    JobRecord record = *step.world().FindJob(deadlines.begin()->second);
    record.suspended = true;  // as Kueue does: spec.active becomes false
    EvictJob(step, std::move(record), EndReason::kMaxExecutionTime);
  }
}

}  // namespace fairway::scheduler
