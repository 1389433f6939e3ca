#include "scheduler/core.h"

#include "scheduler/handlers/settle.h"
#include "scheduler/handlers/step.h"
#include "scheduler/quota/quota_explain.h"
#include "scheduler/quota/quota_steps.h"

namespace fairway::scheduler {

Core::Core(World world, const FailoverConfig& failover) : world_(std::move(world)) {
  state_.failover.config = failover;
  world_.SetSettling(false);  // of another core's; ours begins with Recovered
  world_.mutable_ledger().Settle();
}

Core::Core(const Core& other) = default;
Core::Core(Core&& other) noexcept = default;
Core& Core::operator=(const Core& other) = default;
Core& Core::operator=(Core&& other) noexcept = default;
Core::~Core() = default;

Decision Core::Explain(const JobRecord& record, Instant now) {
  return ExplainQueued(world_, record, now);
}

RebalancePlan Core::PlanRebalance(int64_t moves_max, Instant now) {
  return scheduler::PlanRebalance(world_, state_.failover.config.rebalance, state_.rebalance,
                                  moves_max, now);
}

void Core::Step(Instant now, const Event& event, CommandSink& sink) {
  StepContext step(now, world_, state_, sink);
  std::visit([&](const auto& happened) { On(step, happened); }, event);
  ReviewSettling(step);
  RunPass(step);
  RunQuotaPass(step);
  ArmTimer(step);
}

}  // namespace fairway::scheduler
