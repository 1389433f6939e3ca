// Names that only retries on a cluster's account use; the others are in names.h.
#pragma once

#include <string_view>

namespace fairway::names {

// A verdict of a Placement: the cluster could not run this job a while ago.
inline constexpr std::string_view kReasonAvoided = "AvoidedForNow";

}  // namespace fairway::names
