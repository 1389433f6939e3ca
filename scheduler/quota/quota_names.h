// The resources of a pod set that quota speaks of, in a fixed order.
#pragma once

#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include "scheduler/quota/queueing.h"

namespace fairway::scheduler {

// What one pod of the set asks for, by resource: cpu, memory and ephemeral-storage where they are
// not zero, then pods (always; one), then extended resources by name. PodSetAdmission.flavors is
// parallel to it. The names live as long as `pod_set`.
std::vector<std::pair<std::string_view, int64_t>> ChargedResources(const PodSet& pod_set);

}  // namespace fairway::scheduler
