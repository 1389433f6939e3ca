// The quota part of `fairway explain`: what the Workload of a Job says.
#pragma once

#include <string>

#include "clusters/kube/json.h"

namespace fairway::gateway {

// "Queue:" and "Quota:" lines about a Workload, with a newline each. Pure.
std::string ExplainWorkload(const kube::Object& workload);
// "Place:" and what would admit it, of a Placement's status.quota. Pure.
std::string ExplainPlace(const kube::Object& quota);

}  // namespace fairway::gateway
