// Times as texts, for tests of schedules: by the C library, so that cron.cc's own arithmetic is
// held against another.
#pragma once

#include <cstdio>
#include <ctime>
#include <string>
#include <string_view>

#include "scheduler/instant.h"

namespace fairway::scheduler {

inline std::string FormatUtc(Instant at) {
  const std::time_t seconds = at.ms / 1000;
  std::tm tm{};
  gmtime_r(&seconds, &tm);
  char text[64];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &tm);
  return text;
}

inline Instant ParseUtc(std::string_view text) {
  std::tm tm{};
  strptime(std::string(text).c_str(), "%Y-%m-%dT%H:%M:%SZ", &tm);
  return {static_cast<int64_t>(timegm(&tm)) * 1000};
}

}  // namespace fairway::scheduler
