#include "scheduler/handlers/settle.h"

namespace fairway::scheduler {
namespace {

// It was well when we stopped, and would take jobs if only it were heard.
bool IsAwaited(const ClusterState* cluster) {
  return cluster != nullptr && !(cluster->ready && cluster->measured) &&
         !cluster->record.spec.IsClosed() && !cluster->drilled &&
         cluster->record.link.state == LinkState::kReady;
}

}  // namespace

void BeginSettling(StepContext& step) {
  CoreState& state = step.state();
  for (const auto& [id, cluster] : step.world().clusters()) {
    if (IsAwaited(&cluster)) state.awaited.insert(id);
  }
  const Duration most = step.failover().config.settle_max;
  if (most.ms > 0 && !state.awaited.empty()) state.settle_end = step.now() + most;
  step.world().SetSettling(static_cast<bool>(state.settle_end));
}

void ReviewSettling(StepContext& step) {
  CoreState& state = step.state();
  if (!state.settle_end) return;
  // Each is looked at until it was heard, and never again: this costs little in any one step.
  while (!state.awaited.empty() && !IsAwaited(step.world().FindCluster(*state.awaited.begin()))) {
    state.awaited.erase(state.awaited.begin());
  }
  if (!state.awaited.empty() && step.now() < state.settle_end) return;
  state.awaited.clear();
  state.settle_end = Instant{};
  step.world().SetSettling(false);
}

}  // namespace fairway::scheduler
