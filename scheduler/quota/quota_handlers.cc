// What the platform team writes: flavors, cohorts, queues; and the end of a bare Workload.
#include <algorithm>

#include "scheduler/handlers/step.h"

namespace fairway::scheduler {
namespace {

template <typename Table, typename Changed>
bool IsNews(const Table& table, const Changed& event) {
  const auto* known = table.Find(event.id);
  return known == nullptr || *known != *event.spec;
}

void QuotaWasWritten(StepContext& step, Edit edit) {
  step.Persist(std::move(edit));
  step.Emit(PublishQueues{});
}

}  // namespace

void On(StepContext& step, const FlavorChanged& event) {
  if (!IsNews(step.world().quota().flavors, event)) return;
  QuotaWasWritten(step, PutFlavor{{event.id, *event.spec}});
}

void On(StepContext& step, const FlavorRemoved& event) {
  if (step.world().quota().flavors.Find(event.id) == nullptr) return;
  QuotaWasWritten(step, EraseFlavor{event.id});
}

void On(StepContext& step, const CohortChanged& event) {
  if (!IsNews(step.world().quota().cohorts, event)) return;
  QuotaWasWritten(step, PutCohort{{event.id, *event.spec}});
}

void On(StepContext& step, const CohortRemoved& event) {
  if (step.world().quota().cohorts.Find(event.id) == nullptr) return;
  QuotaWasWritten(step, EraseCohort{event.id});
}

void On(StepContext& step, const ClusterQueueChanged& event) {
  if (!IsNews(step.world().quota().cluster_queues, event)) return;
  QuotaWasWritten(step, PutClusterQueue{{event.id, *event.spec}});
}

void On(StepContext& step, const ClusterQueueRemoved& event) {
  if (step.world().quota().cluster_queues.Find(event.id) == nullptr) return;
  QuotaWasWritten(step, EraseClusterQueue{event.id});
}

void On(StepContext& step, const LocalQueueChanged& event) {
  if (!IsNews(step.world().quota().local_queues, event)) return;
  QuotaWasWritten(step, PutLocalQueue{{event.id, *event.spec}});
}

void On(StepContext& step, const LocalQueueRemoved& event) {
  if (step.world().quota().local_queues.Find(event.id) == nullptr) return;
  QuotaWasWritten(step, EraseLocalQueue{event.id});
}

void On(StepContext& step, const QuotaConfigured& event) {
  step.world().ConfigureQuota(event.settings);
}

void On(StepContext& step, const WorkloadFinished& event) {
  const JobRecord* known = step.world().FindJob(event.job);
  if (known == nullptr) {
    ++step.stats().unknown_reports;
    return;
  }
  if (IsFinished(*known) || known->cluster || !known->spec ||
      !step.world().FindSpec(known->spec)->queueing.workload_only) {
    ++step.stats().stale_reports;
    return;
  }
  ++step.stats().finished;
  if (known->quota && known->quota->IsAdmitted()) {
    step.world().mutable_ledger().ObserveRun(
        step.world().FindSpec(known->spec)->queueing.local_queue,
        (step.now() - known->quota->admitted_at).ms);
  }
  step.world().DropClaim(event.job);
  JobRecord record = *known;
  record.state = event.succeeded ? JobState::kDone : JobState::kFailed;
  record.ending = EndReason::kNone;
  record.finished = event.finished ? std::min(event.finished, step.now()) : step.now();
  record.finished = std::max(record.finished, Instant{1});
  record.epoch = std::max(record.epoch, Epoch{1});
  record.spec = SpecId{};
  record.quota.Reset();
  step.Emit(PublishPlacement{record.job});
  step.PutRecord(std::move(record));
}

}  // namespace fairway::scheduler
