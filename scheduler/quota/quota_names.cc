#include "scheduler/quota/quota_names.h"

namespace fairway::scheduler {

std::vector<std::pair<std::string_view, int64_t>> ChargedResources(const PodSet& pod_set) {
  const Resources& request = pod_set.request;
  std::vector<std::pair<std::string_view, int64_t>> charged;
  charged.reserve(4 + request.extended.size());
  if (request.cpu_milli > 0) charged.emplace_back("cpu", request.cpu_milli);
  if (request.memory_bytes > 0) charged.emplace_back("memory", request.memory_bytes);
  if (request.ephemeral_storage_bytes > 0) {
    charged.emplace_back("ephemeral-storage", request.ephemeral_storage_bytes);
  }
  charged.emplace_back("pods", 1);
  for (const auto& [name, amount] : request.extended) {
    if (amount > 0) charged.emplace_back(name, amount);
  }
  return charged;
}

}  // namespace fairway::scheduler
