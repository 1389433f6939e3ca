// RebalanceState: what rebalancing remembers between steps beside World. All of it can be lost in a
// crash: Recovered finds it in the records.
#pragma once

#include <absl/container/btree_map.h>
#include <absl/container/btree_set.h>

#include <compare>
#include <cstdint>

#include "scheduler/ids.h"
#include "scheduler/instant.h"

namespace fairway::scheduler {

// A job that would run better elsewhere. In order: the least work lost per point gained.
struct BetterPlace {
  JobId job;
  ClusterId to;
  int64_t gain = 0;  // 1..kGainCap
  int64_t lost = 0;  // pod seconds, 0..kLostCap
  static constexpr int64_t kGainCap = int64_t{1} << 20;
  static constexpr int64_t kLostCap = int64_t{1} << 40;
  // lost / gain without a division; then what gains more, then the older job.
  std::strong_ordering operator<=>(const BetterPlace& other) const {
    const auto price = lost * other.gain <=> other.lost * gain;
    if (price != std::strong_ordering::equal) return price;
    if (gain != other.gain) return other.gain <=> gain;
    return job <=> other.job;
  }
  bool operator==(const BetterPlace& other) const {
    return (*this <=> other) == std::strong_ordering::equal;
  }
};

struct RebalanceState {
  absl::btree_set<JobId> willing;            // placed, and their authors allow it
  absl::btree_map<JobId, ClusterId> moving;  // given up; where they were to go
  // A round: every willing job is looked at, the best of what is found then leave.
  bool scanning = false;
  JobId scanned;
  absl::btree_set<BetterPlace> found;
  absl::btree_set<BetterPlace> leaving;
  Instant round_at;
  Instant move_at;  // not before, for the budget's sake
  Instant due;      // when to go on; 0 = not by time
};

}  // namespace fairway::scheduler
