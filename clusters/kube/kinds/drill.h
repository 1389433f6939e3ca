// Drill and DrillPlan documents as values. Pure; documents that the strategies have let in always
// parse.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "clusters/kube/json.h"
#include "clusters/kube/selector.h"
#include "scheduler/drill/plan.h"
#include "scheduler/instant.h"
#include "scheduler/result.h"

namespace fairway::kube {

struct DrillWords {
  bool live = false;
  std::vector<std::string> clusters;    // sorted
  std::vector<std::string> namespaces;  // sorted
  std::optional<LabelSelector> jobs;
  Duration duration;
  bool abort = false;
  bool abort_unhealthy = true;
  int64_t pending_max = -1;
  Duration run_time;
};

// `spec` of a Drill.
Result<DrillWords> DrillWordsFrom(const Object& spec);
// `spec` of a DrillPlan.
Result<scheduler::PlanWish> PlanWishFrom(const Object& spec);

}  // namespace fairway::kube
