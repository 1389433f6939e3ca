// Names of what operators and authors say about moves of jobs (docs/operating/draining.md).
#pragma once

#include <string_view>

namespace fairway::names {

// On a Job: "allowed": it may be stopped to go back to the cluster that a failover or a drain has
// moved it off; "never" by default.
inline constexpr std::string_view kAnnotationFailback = "fairway.flext.sh/failback";
// On a Job: "allowed": it may be stopped to go to a cluster that suits it better by much; "never"
// by default.
inline constexpr std::string_view kAnnotationRebalance = "fairway.flext.sh/rebalance";
// Condition of Clusters while the operator's switch is on.
inline constexpr std::string_view kConditionFrozen = "Frozen";

}  // namespace fairway::names
