// What a job wishes of the quota machinery; part of JobSpec, so interned with it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "scheduler/job_terms.h"
#include "scheduler/resources.h"

namespace fairway::scheduler {

// Pods that are alike. A Job has one ("main"), a Workload that a client made has up to eight.
struct PodSet {
  std::string name;
  int32_t count = 1;
  int32_t min_count = 0;  // > 0: partial admission down to so many pods
  Resources request;      // of one pod; `pods` is ignored
  // The pod template's nodeSelector and required node affinity, ORed terms; empty = any node. Asked
  // of a flavor's node labels, for those keys only that flavors of the same group carry.
  std::vector<SelectorTerm> node_terms;
  std::vector<Toleration> tolerations;
  bool operator==(const PodSet&) const = default;
};

struct Queueing {
  // The LocalQueue, "namespace/name". Empty: bound by capacity alone, and the rest is ignored.
  std::string local_queue;
  // At least one when there is a queue. A Job has exactly one, whose count is its parallelism.
  std::vector<PodSet> pod_sets;
  int32_t max_execution_seconds = 0;  // 0 = none
  // A Workload that a client made: admitted by quota, never dispatched.
  bool workload_only = false;
  bool operator==(const Queueing&) const = default;
};

}  // namespace fairway::scheduler
