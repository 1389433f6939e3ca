#include "scheduler/forecast/forecast.h"

#include "scheduler/forecast/forecast_run.h"

namespace fairway::scheduler {

std::string_view ForecastEndName(ForecastEnd end) {
  switch (end) {
    case ForecastEnd::kSettled:
      return "Settled";
    case ForecastEnd::kStuck:
      return "Stuck";
    case ForecastEnd::kHorizon:
      return "Horizon";
    case ForecastEnd::kGaveUp:
      return "GaveUp";
    case ForecastEnd::kCancelled:
      return "Cancelled";
  }
  return "Unknown";
}

Forecast Foresee(World world, const ForecastPlan& plan) {
  return ForecastRun(std::move(world), plan).Go();
}

}  // namespace fairway::scheduler
