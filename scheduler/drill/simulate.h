// A drill in thought: the real core on a copy of its world, with a live drill that cuts clusters
// off. Pure; belongs on a thread of its own.
#pragma once

#include <memory>

#include "scheduler/drill/report.h"
#include "scheduler/forecast/forecast.h"

namespace fairway::scheduler {

struct SimulatedDrill {
  Forecast forecast;
  DrillEnd end = DrillEnd::kNone;        // why there was no cut
  std::unique_ptr<Rehearsal> rehearsal;  // null: there was none
  DrillReport report;                    // points into it
};

// The wish's abort conditions are not asked, so that the whole of it is seen. `plan` has now, run
// times, failover, steps_max and cancelled. What WhyNoDrill objects to otherwise has no cut.
SimulatedDrill SimulateDrill(World world, ForecastPlan plan, DrillWish wish);

}  // namespace fairway::scheduler
