// A trace played through the forecast, without and with changes. Pure: the same trace and question
// give the same bytes on every run.
#pragma once

#include "gateway/whatif/request.h"
#include "gateway/whatif/trace.h"

namespace fairway::gateway {

// 422 for changes that do not fit the trace's world.
Result<kube::Value> ReplayTrace(Trace trace, const WhatIfRequest& request);

}  // namespace fairway::gateway
