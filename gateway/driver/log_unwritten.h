// What the Driver says when the object of a job could not be written.
#pragma once

#include <string>
#include <string_view>

#include "clusters/log.h"
#include "scheduler/result.h"

namespace fairway::gateway {

inline void LogUnwritten(std::string_view what, const std::string& job, const Error& error) {
  if (error.code == 404) return;  // deleted meanwhile
  Log(LogLevel::kError, "job {}: {} not written: {}", job, what, error.message);
}

}  // namespace fairway::gateway
