// Kubernetes' texts for points in time and spans, both ways. UTC; no clock: the caller hands `now`
// in.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "scheduler/instant.h"

namespace fairway::kube {

// Of the Gregorian calendar; `month` from 1 to 12.
int DaysInMonth(int64_t year, int month);

// "2026-11-23T07:30:49Z", as metav1.Time is written; the fraction is cut off.
std::string FormatTime(Instant time);
// "2026-11-23T07:30:49.120000Z", as metav1.MicroTime is written.
std::string FormatMicroTime(Instant time);
// RFC 3339 with any fraction and offset; the fraction is cut to milliseconds. Nothing when
// malformed.
std::optional<Instant> ParseTime(std::string_view text);

// "5s", "3m20s", "2d4h", as kubectl shows ages and durations. A time that lies more than two
// seconds ahead is "<invalid>".
std::string HumanDuration(Duration span);
// The age of something made at `time` (RFC 3339); "<unknown>" when the text is empty or malformed.
std::string HumanAge(std::string_view time, Instant now);

}  // namespace fairway::kube
