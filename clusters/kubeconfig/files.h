// Reading the small files that a kubeconfig names. Thread: any; blocks for one small local read.
#pragma once

#include <cstddef>
#include <string>

#include "scheduler/result.h"

namespace fairway::clusters {

// The whole file. 422 with the system's reason when it cannot be read, is no regular file, or is
// larger than `bytes_max`.
Result<std::string> ReadSmallFile(const std::string& path, size_t bytes_max);

}  // namespace fairway::clusters
