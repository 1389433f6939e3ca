// Going back: a job that a failover or a drain has moved off its cluster may return, when its
// author allows it, once that cluster has been well for a while; few at a time, and none twice in a
// row.
#include <algorithm>
#include <vector>

#include "scheduler/failover/drains.h"

namespace fairway::scheduler {
namespace {

constexpr int kFailbackLooksPerStep = 64;

Duration Gap(const FailoverConfig& config) {
  return Milliseconds(60'000 / std::max<int64_t>(config.failbacks_per_minute, 1));
}

bool WouldGoHome(StepContext& step, const JobRecord& record) {
  const JobRecord waiting = AsQueued(record, step.now(), EndReason::kFailback);
  return PlaceJob(step.world(), waiting).cluster == HomeOf(record);
}

// Given up, and not running again yet.
bool IsMoving(const World& world, JobId job) {
  const JobRecord* record = world.FindJob(job);
  if (record == nullptr || IsFinished(*record)) return false;
  if (record->state == JobState::kRequeued) return record->ending == EndReason::kFailback;
  const bool last = !record->former.empty() && record->former.back().reason == EndReason::kFailback;
  return last && record->state != JobState::kRunning;
}

}  // namespace

void NoteAway(StepContext& step, const JobRecord& record) {
  const JobSpec* spec = step.world().FindSpec(record.spec);
  if (spec == nullptr || !spec->failback || IsFinished(record) || !HomeOf(record)) return;
  FailbackState& failback = step.state().failback;
  failback.away.insert(record.job);
  if (!failback.due) failback.due = step.now() + Gap(step.failover().config);
}

void RunFailbacks(StepContext& step) {
  FailbackState& failback = step.state().failback;
  if (!failback.due || step.now() < failback.due) return;
  const FailoverConfig& config = step.failover().config;
  std::vector<JobId> over;
  for (const JobId job : failback.moving) {
    if (!IsMoving(step.world(), job)) over.push_back(job);
  }
  for (const JobId job : over) failback.moving.erase(job);
  const bool held = step.world().freeze().frozen ||
                    static_cast<int64_t>(failback.moving.size()) >= config.failbacks_moving_max;
  auto at = failback.away.upper_bound(failback.looked_at);
  for (int i = 0; i < kFailbackLooksPerStep && !held; ++i) {
    if (at == failback.away.end()) {
      failback.looked_at = JobId{};
      break;
    }
    const JobId job = *at;
    failback.looked_at = job;
    const JobRecord* record = step.world().FindJob(job);
    const JobSpec* spec = record == nullptr ? nullptr : step.world().FindSpec(record->spec);
    if (spec == nullptr || !spec->failback || IsFinished(*record) || !HomeOf(*record)) {
      at = failback.away.erase(at);
      continue;
    }
    ++at;
    if (!MayGoHome(step.world(), config, *record, step.now()) || !WouldGoHome(step, *record)) {
      continue;
    }
    failback.moving.insert(job);
    step.GiveUpEpoch(*record, EndReason::kFailback);
    break;
  }
  failback.due =
      failback.away.empty() && failback.moving.empty() ? Instant{} : step.now() + Gap(config);
}

Instant NextFailback(const StepContext& step) {
  return const_cast<StepContext&>(step).state().failback.due;
}

}  // namespace fairway::scheduler
