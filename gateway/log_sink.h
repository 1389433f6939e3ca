// The process's log: lines to standard error, through the logging library.
#pragma once

#include <string>

namespace fairway::gateway {

// `least` is debug, info, warning or error.
void InstallLogSink(const std::string& least);

}  // namespace fairway::gateway
