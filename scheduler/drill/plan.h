// What a DrillPlan does now: as a CronJob does with its Jobs. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "scheduler/drill/cron.h"
#include "scheduler/instant.h"

namespace fairway::scheduler {

enum class Concurrency : uint8_t { kForbid, kReplace, kAllow };
// More ended drills than this a plan never keeps.
inline constexpr int32_t kPlanHistoryMax = 100;

struct PlanWish {
  Cron schedule;
  bool suspended = false;
  Duration starting_deadline{-1};  // later than that, a start is missed; -1 = never too late
  Concurrency concurrency = Concurrency::kForbid;
  int32_t successes_kept = 3, failures_kept = 1;
};

// One drill of the plan.
struct PlanDrill {
  std::string name;
  bool finished = false, succeeded = false;
  Instant at;          // when it ended, or began; to the second
  uint64_t order = 0;  // rises with every drill that is made
};

struct PlanStep {
  Instant start;                    // create the drill of this time; 0 = none
  std::vector<std::string> abort;   // drills that have to make way first
  std::vector<std::string> remove;  // of the history
  std::string missed;               // why a start that was due is left out; "" = none was
  Instant missed_at;                // of that start
  Instant wake;                     // when to look again at the latest; 0 = when something changes
};

// `last` is when a drill was last started, or when the plan was made.
PlanStep StepPlan(const PlanWish& wish, const std::vector<PlanDrill>& drills, Instant last,
                  Instant now);

}  // namespace fairway::scheduler
