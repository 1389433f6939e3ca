#include "gateway/whatif/replay.h"

#include <utility>

#include "gateway/whatif/answer.h"

namespace fairway::gateway {

Result<kube::Value> ReplayTrace(Trace trace, const WhatIfRequest& request) {
  auto changes = ResolveChanges(request, trace.world);
  if (!changes) return Fail(changes.error());
  const WhatIfNames names = NamesOf(trace.world, *changes);
  scheduler::ForecastPlan plan;
  plan.now = trace.begin;
  plan.horizon = request.horizon;
  plan.jobs = std::move(trace.jobs);
  plan.run_times = std::move(trace.run_times);
  plan.run_times.assumed = request.run_time;
  plan.to_the_end = true;
  const scheduler::Forecast before = scheduler::Foresee(trace.world, plan);
  plan.changes = std::move(*changes);
  const scheduler::Forecast after = scheduler::Foresee(std::move(trace.world), plan);
  return WhatIfAnswer(before, after, names);
}

}  // namespace fairway::gateway
