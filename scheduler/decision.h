// Decision: why a job went where it went, or why it waits, in words for people.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "scheduler/ids.h"
#include "scheduler/maybe_box.h"
#include "scheduler/quota/quota_decision.h"

namespace fairway::scheduler {

// One group of clusters that got the same answer, for Placement.status and `explain`.
struct VerdictGroup {
  std::string reason;   // names.h: "Fits", "Cordoned", "InsufficientResources", ...
  std::string message;  // "needs 4 cpu, 1500m is free on the roomiest"
  int32_t count = 0;
  std::vector<std::string> clusters;  // at most kVerdictNamesMax names, in ClusterId order
};
inline constexpr int kVerdictNamesMax = 10;

struct Decision {
  JobId job;
  ClusterId cluster;  // 0 = waits
  Epoch epoch;
  std::string outcome;  // names.h: "Placed", "Infeasible", "Waiting", "QuotaExceeded", "PolicyHeld"
  std::string message;  // one sentence
  // While it waits: the least change that would let it go, "fits if cluster b is uncordoned"; ""
  // when no single one would.
  std::string nearest_change;
  int64_t score = 0;
  ClusterId runner_up;
  int64_t runner_up_score = 0;
  std::vector<VerdictGroup> verdicts;  // every cluster is in exactly one
  MaybeBox<QuotaDecision> quota;       // of a job with a LocalQueue
};

}  // namespace fairway::scheduler
