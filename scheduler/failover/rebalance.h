// Rebalance: a job that runs well enough is moved to where it would run better by much. How that is
// tuned, and what an operator has asked for. Values only.
#pragma once

#include <cstdint>

#include "scheduler/instant.h"

namespace fairway::scheduler {

struct RebalanceConfig {
  bool enabled = false;  // by itself, over and over; an operator may ask for one run without it
  // Hysteresis: so many points of score (score.h) better, after so long, and not again before so
  // long.
  int64_t gain_min = 300;
  Duration run_min = Seconds(300);
  Duration cooldown = Seconds(3600);
  // By itself: from one look at all jobs to the next.
  Duration every = Seconds(60);
  // The disruption budget.
  int64_t moves_per_minute = 6;
  int64_t moving_max = 2;  // given up and not running again
};

// The numbers are in stored records: do not change them.
enum class RebalanceEnd : uint8_t {
  kNone,     // under way
  kDone,     // nothing is better by enough any more
  kMost,     // as many moves as were asked for
  kStopped,  // by an operator
};

// The last run that an operator has asked for.
struct RebalanceRecord {
  uint64_t run = 0;  // counts; 0 = there was none
  Instant since, ended;
  int64_t moves_max = 0;  // 0 = as many as there are
  int64_t moved = 0;      // given up so far
  RebalanceEnd end = RebalanceEnd::kNone;
  bool operator==(const RebalanceRecord&) const = default;
};

inline bool IsUnderWay(const RebalanceRecord& record) {
  return record.run > 0 && record.end == RebalanceEnd::kNone;
}

}  // namespace fairway::scheduler
