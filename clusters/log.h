// Log lines, without the logging library in any header. The gateway installs the sink (spdlog);
// until then lines go to standard error. Thread: any, once the sink is installed.
#pragma once

#include <fmt/core.h>

#include <functional>
#include <string_view>
#include <utility>

namespace fairway {

enum class LogLevel { kDebug, kInfo, kWarning, kError };

using LogSink = std::function<void(LogLevel, std::string_view line)>;
void SetLogSink(LogSink sink, LogLevel least);
bool LogEnabled(LogLevel level);
void LogLine(LogLevel level, std::string_view line);

// Log(LogLevel::kInfo, "cluster {} joined", name). Never log tokens or Secret contents.
template <typename... Args>
void Log(LogLevel level, fmt::format_string<Args...> format, Args&&... args) {
  if (LogEnabled(level)) LogLine(level, fmt::format(format, std::forward<Args>(args)...));
}

}  // namespace fairway
