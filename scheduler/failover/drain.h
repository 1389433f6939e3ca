// Drain: a cluster is emptied on an operator's word. What he asks for, what comes of it, and what
// the switch that stops all of that looks like. Values only.
#pragma once

#include <absl/container/btree_map.h>
#include <absl/container/btree_set.h>

#include <cstdint>
#include <string>
#include <utility>

#include "scheduler/ids.h"
#include "scheduler/instant.h"

namespace fairway::scheduler {

// The numbers are in stored records: do not change them.
enum class DrainMode : uint8_t {
  kNone,
  kGraceful,  // what has not started leaves when another cluster has room; what runs may end
  kNow,       // everything leaves
};
inline constexpr int32_t kDrainMovingDefault = 10;
inline constexpr int32_t kDrainMovingMax = 10'000;

struct DrainWish {
  DrainMode mode = DrainMode::kNone;
  Duration deadline;  // graceful: what still runs after so long leaves too; 0 = it never has to
  int32_t moving_max = 0;  // jobs on the move at a time; 0 = kDrainMovingDefault
  Instant since;           // the core's: when it began
  bool operator==(const DrainWish&) const = default;
};

inline int32_t MovingMax(const DrainWish& wish) {
  return wish.moving_max > 0 ? wish.moving_max : kDrainMovingDefault;
}

// How far a drain is. Recounted about every second.
struct DrainProgress {
  int64_t left = 0;       // jobs that are still there
  int64_t stays = 0;      // of them: running, and may end there
  int64_t stuck = 0;      // of them: to leave, but no other cluster takes them now
  int64_t moving = 0;     // withdrawn and not confirmed gone; graceful: or not placed again
  int64_t moved = 0;      // since it began, or the gateway was started
  std::string stuck_why;  // of the first that is stuck
  bool operator==(const DrainProgress&) const = default;
};

struct DrainWatch {
  DrainProgress shown;  // as of the last round over the cluster's jobs
  DrainProgress round;  // being counted
  bool scanning = false;
  JobId scanned;
  Instant round_at;
  Instant due;                                       // when to look again; 0 = not by time
  absl::btree_set<std::pair<int64_t, JobId>> ready;  // to leave: highest priority first
  absl::btree_set<JobId> moving;
};

struct DrainState {
  absl::btree_map<ClusterId, DrainWatch> clusters;
};

// Jobs that were moved off their clusters and may return (failback.cc).
struct FailbackState {
  absl::btree_set<JobId> away;
  absl::btree_set<JobId> moving;
  JobId looked_at;
  Instant due;
};

// The operator's switch: while it is on, no job is moved unless somebody asks for that very move.
struct FreezeRecord {
  bool frozen = false;
  bool all = false;  // and nothing is placed
  Instant since;
  std::string reason;
  bool operator==(const FreezeRecord&) const = default;
};

}  // namespace fairway::scheduler
