#include <algorithm>

#include "scheduler/drill/conduct.h"
#include "scheduler/failover/drains.h"
#include "scheduler/failover/failover.h"
#include "scheduler/failover/rebalances.h"
#include "scheduler/handlers/evict.h"
#include "scheduler/handlers/step.h"
#include "scheduler/quota/quota_steps.h"

namespace fairway::scheduler {
namespace {

// What one step does at most; the rest follows at once with the next timer.
constexpr int kExpiriesPerStep = 256;
constexpr int kRetriesPerStep = 256;

// ttlSecondsAfterFinished is over. The record remembers that its deletion was asked for, so that it
// is asked for once, and again only after a crash.
void ExpireJobs(StepContext& step) {
  for (int i = 0; i < kExpiriesPerStep; ++i) {
    const World::Expiries& expiries = step.world().expiries();
    if (expiries.empty() || step.now() < expiries.begin()->first) return;
    JobRecord record = *step.world().FindJob(expiries.begin()->second);
    record.delete_requested = true;
    step.Emit(ExpireJob{record.job});
    step.PutRecord(std::move(record));
  }
}

void RetryJobs(StepContext& step) {
  for (int i = 0; i < kRetriesPerStep; ++i) {
    const JobId job = step.state().retries.TakeDue(step.now());
    if (!job) return;
    const JobRecord* record = step.world().FindJob(job);
    if (record == nullptr) continue;
    ++step.stats().retries;
    step.CommandWhatIsDue(*record);
  }
}

}  // namespace

void On(StepContext& step, const TimerFired&) {
  RunFailoverTimers(step);  // looks at when it was to fire
  step.state().armed = Instant{};
  ExpireJobs(step);
  RetryJobs(step);
  ReviewDueTaints(step);
  RunDrains(step);
  RunFailbacks(step);
  RunRebalance(step);
  RunDrill(step);
  RunTroubles(step);
  ExpireExecutions(step);
}

void ArmTimer(StepContext& step) {
  CoreState& state = step.state();
  Instant next = state.retries.NextDue();
  const auto consider = [&](Instant at) {
    if (at && (!next || at < next)) next = at;
  };
  const World::Expiries& expiries = step.world().expiries();
  if (!expiries.empty()) consider(expiries.begin()->first);
  for (const auto& [cluster, due] : state.evictions) consider(due);
  if (state.sweep_active && !step.world().HoldsPlacement()) consider(state.sweep_due);
  consider(state.settle_end);
  consider(NextFailover(step));
  consider(NextDrain(step));
  consider(NextFailback(step));
  consider(NextRebalance(step));
  consider(NextDrillLook(step));
  consider(NextTrouble(step));
  consider(state.quota.due);
  const auto& deadlines = step.world().ledger().deadlines();
  if (!deadlines.empty()) consider(deadlines.begin()->first);
  if (!next) return;
  // What was due long ago is due now: a timer asked for in the past would look like one that fired
  // late, which is how a stall of ours is noticed.
  next = std::max(next, step.now());
  if (state.armed && state.armed <= next) return;
  state.armed = next;
  step.Emit(SetTimer{next});
}

}  // namespace fairway::scheduler
