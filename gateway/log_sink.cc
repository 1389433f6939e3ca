#include "gateway/log_sink.h"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include "clusters/log.h"

namespace fairway::gateway {

namespace {

spdlog::level::level_enum Level(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return spdlog::level::debug;
    case LogLevel::kInfo:
      return spdlog::level::info;
    case LogLevel::kWarning:
      return spdlog::level::warn;
    case LogLevel::kError:
      return spdlog::level::err;
  }
  return spdlog::level::info;
}

}  // namespace

void InstallLogSink(const std::string& least) {
  LogLevel level = least == "debug"     ? LogLevel::kDebug
                   : least == "warning" ? LogLevel::kWarning
                   : least == "error"   ? LogLevel::kError
                                        : LogLevel::kInfo;
  static auto logger = [] {
    auto made = spdlog::stderr_logger_mt("fairway");
    made->set_pattern("%Y-%m-%dT%H:%M:%S.%eZ %L %v", spdlog::pattern_time_type::utc);
    return made;
  }();
  logger->set_level(Level(level));
  SetLogSink([](LogLevel at, std::string_view line) { logger->log(Level(at), "{}", line); }, level);
}

}  // namespace fairway::gateway
