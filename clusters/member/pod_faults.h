// What a pod's words mean for the question whose fault it is: tables, and the reading of one pod.
// What no table names is the job's own. Pure.
#pragma once

#include <string>
#include <string_view>

#include "clusters/kube/json.h"
#include "scheduler/failover/trouble.h"

namespace fairway::clusters {

struct PodFacts {
  bool counted = false;  // it is on a node, or has ended
  bool live = false;     // it has not ended
  bool failed = false;
  scheduler::Trouble trouble = scheduler::Trouble::kNone;  // why it failed, or why it waits
  std::string message;                                     // of what it waits for; bounded
};
inline constexpr size_t kTroubleTextMax = 256;

PodFacts ReadPodFacts(const kube::Object& pod);

// Condition Failed of a Job with this reason says no more than that its pods have failed, so they
// have to be asked.
bool IsPodsFailure(std::string_view job_failed_reason);

// "an image cannot be pulled there".
std::string_view TroubleText(scheduler::Trouble trouble);

}  // namespace fairway::clusters
