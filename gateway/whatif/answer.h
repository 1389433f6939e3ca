// The answer to a what-if question as a document (docs/formats/whatif.md). Pure; any thread. The
// same forecasts make the same bytes.
#pragma once

#include <map>
#include <string>

#include "clusters/kube/json.h"
#include "scheduler/forecast/forecast.h"

namespace fairway::gateway {

inline constexpr size_t kWhatIfRowsMax = 10'000;

// `names` has the clusters of both.
struct WhatIfNames {
  std::map<ClusterId, std::string> clusters;
};
WhatIfNames NamesOf(const scheduler::World& world, const scheduler::ForecastChanges& changes);

kube::Value WhatIfAnswer(const scheduler::Forecast& before, const scheduler::Forecast& after,
                         const WhatIfNames& names);

}  // namespace fairway::gateway
