// The placement pass: after room was gained, queued jobs are tried in order. Its work per step is
// bounded. The top of the queue is looked at after every gain, so that priority counts; the rest is
// swept in the steps after it, so that no head that finds no room keeps others from being tried.
#include "scheduler/handlers/step.h"

namespace fairway::scheduler {
namespace {

// A step's allowance, in units of about one hundred nanoseconds per hundred clusters.
constexpr int kPlacementBudget = 256;
constexpr int kCostOfSkip = 1;
constexpr int kCostOfPlacing = 1;
constexpr int kCostOfMiss = 4;
// A sweep that places jobs goes on at once; one that finds no room leaves the processor to others.
constexpr Duration kSweepPauseBusy = Milliseconds(1);
constexpr Duration kSweepPauseIdle = Milliseconds(10);

struct QueueScan {
  QueueHead at;
  bool ended = false;
  bool placed = false;
};

QueueScan ScanFrom(StepContext& step, QueueHead from, int budget) {
  QueueScan scan{from};
  World& world = step.world();
  while (budget > 0) {
    const QueueHead* head = world.queue().Next(scan.at);
    if (head == nullptr) {
      scan.ended = true;
      return scan;
    }
    scan.at = *head;
    if (world.queue().IsBlocked(scan.at.group, world.generation())) {
      budget -= kCostOfSkip;
      continue;
    }
    const bool placed = step.TryPlace(*world.FindJob(scan.at.job));
    scan.placed = scan.placed || placed;
    budget -= placed ? kCostOfPlacing : kCostOfMiss;
  }
  return scan;
}

}  // namespace

void RunPass(StepContext& step) {
  CoreState& state = step.state();
  if (step.world().HoldsPlacement()) return;  // its end is a gain
  const uint64_t generation = step.world().generation();
  const bool gained = state.pass_wanted || generation != state.pass_generation;
  const bool sweep_due = state.sweep_active && state.sweep_due <= step.now();
  if (!gained && !sweep_due) return;
  bool placed = false;
  if (gained) {
    state.pass_wanted = false;
    state.pass_generation = generation;
    const QueueScan top = ScanFrom(step, PendingQueue::kBeforeAll, kPlacementBudget);
    placed = top.placed;
    if (top.ended) {
      state.sweep_active = false;
      return;
    }
    if (state.sweep_active) {
      state.sweep_again = true;  // what lies between the top and the sweep may fit now
    } else {
      state.sweep_active = true;
      state.sweep_again = false;
      state.sweep_at = top.at;
    }
  } else {
    const QueueScan rest = ScanFrom(step, state.sweep_at, kPlacementBudget);
    placed = rest.placed;
    state.sweep_at = rest.at;
    if (rest.ended && !state.sweep_again) {
      state.sweep_active = false;
      return;
    }
    if (rest.ended) {
      state.sweep_again = false;
      state.sweep_at = PendingQueue::kBeforeAll;
    }
  }
  const Instant due = step.now() + (placed ? kSweepPauseBusy : kSweepPauseIdle);
  if (!gained || !state.sweep_due || state.sweep_due <= step.now()) state.sweep_due = due;
}

}  // namespace fairway::scheduler
