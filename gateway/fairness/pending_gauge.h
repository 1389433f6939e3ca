// PendingGauge: how many jobs wait for a cluster, in all and per namespace. Fed by the Driver with
// what the core says of each job; saying it twice changes nothing. Thread: the loop. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>

#include "scheduler/ids.h"

namespace fairway::gateway {

class PendingGauge {
 public:
  void Set(JobId job, std::string_view ns, bool pending) {
    if (pending) {
      if (!jobs_.insert(job.value).second) return;
      auto found = per_namespace_.find(ns);
      if (found == per_namespace_.end()) found = per_namespace_.emplace(ns, 0).first;
      ++found->second;
    } else if (jobs_.erase(job.value) != 0) {
      auto found = per_namespace_.find(ns);
      if (--found->second == 0) per_namespace_.erase(found);
    }
  }
  size_t total() const { return jobs_.size(); }
  size_t of(std::string_view ns) const {
    auto found = per_namespace_.find(ns);
    return found == per_namespace_.end() ? 0 : found->second;
  }

 private:
  struct Hash {
    using is_transparent = void;
    size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
  };
  std::unordered_set<uint64_t> jobs_;
  std::unordered_map<std::string, size_t, Hash, std::equal_to<>> per_namespace_;
};

}  // namespace fairway::gateway
