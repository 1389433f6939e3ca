// Spans of time as people write run times: "90s", "15m", "2h30m", "1h0m5s", "250ms". Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "scheduler/instant.h"

namespace fairway::kube {

// Go's form of a duration, units from large to small; nothing for any other text, for 0 and beyond
// a year.
std::optional<Duration> ParseRunTime(std::string_view text);
// The shortest such text, to the millisecond below a second and to the second above: "2h30m".
std::string RunTimeText(Duration span);

}  // namespace fairway::kube
