#include "clusters/log.h"

#include <cstdio>

namespace fairway {

namespace {

LogLevel g_least = LogLevel::kWarning;
LogSink& Sink() {
  static LogSink sink;
  return sink;
}

}  // namespace

void SetLogSink(LogSink sink, LogLevel least) {
  Sink() = std::move(sink);
  g_least = least;
}

bool LogEnabled(LogLevel level) { return level >= g_least; }

void LogLine(LogLevel level, std::string_view line) {
  if (Sink()) {
    Sink()(level, line);
  } else {
    std::fprintf(stderr, "%.*s\n", static_cast<int>(line.size()), line.data());
  }
}

}  // namespace fairway
