// A job's name in the core, "namespace/name", and its stored object.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "store/object_key.h"

namespace fairway::gateway {

inline std::pair<std::string_view, std::string_view> SplitJobName(std::string_view job) {
  size_t slash = job.find('/');
  return {job.substr(0, slash), job.substr(slash + 1)};
}

inline store::ObjectKey JobKey(std::string_view job) {
  auto [ns, name] = SplitJobName(job);
  return {"jobs.batch", std::string(ns), std::string(name)};
}

}  // namespace fairway::gateway
