// Split jobs: an Indexed Job whose indexes run on several clusters at once, each index on one.
// Values only; docs/decisions/0019-split-jobs.md has the why.
//
// The whole keeps its record (state kSplit, no cluster, no quota held). Each part is a job record
// of its own (ids.h: ShardOf) with its own epoch, lease, fence, room, charge and history, so that
// placement, failover and drains need not know of splits. Parts of one whole keep off each other's
// clusters: their copies have one name.
#pragma once

#include <cstdint>
#include <vector>

namespace fairway::scheduler {

enum class SplitMode : uint8_t {
  kWhenNeeded,  // no single cluster can take it now
  kAlways,
};

// Why a job that its policy would split is not. The numbers are in stored records.
enum class SplitBar : uint8_t {
  kNone,
  kNotIndexed,      // completionMode NonIndexed: its pods cannot be told apart
  kOptedOut,        // by annotation
  kPodFailures,     // podFailurePolicy counts over all pods
  kSuccess,         // successPolicy: which indexes decide is the member's to know
  kPerIndex,        // backoffLimitPerIndex: failed indexes of parts cannot be told from its end
  kExecutionLimit,  // maximumExecutionTimeSeconds of its Workload counts for the whole
};
inline constexpr SplitBar kLastSplitBar = SplitBar::kExecutionLimit;

// Part of JobSpec, on jobs whose policy asks for it alone.
struct SplitWish {
  SplitMode mode = SplitMode::kWhenNeeded;
  SplitBar bar = SplitBar::kNone;
  int32_t completions = 0;   // its indexes are 0 .. completions - 1
  int32_t min_indexes = 1;   // of a part
  int32_t max_clusters = 0;  // 0 = kShardsMax
  int32_t backoff_limit = 6;
  bool operator==(const SplitWish&) const = default;
};

// Both ends belong to it.
struct IndexRange {
  int32_t first = 0, last = 0;
  bool operator==(const IndexRange&) const = default;
};
inline int64_t CountOf(const IndexRange& range) { return int64_t{range.last} - range.first + 1; }

// What makes a record the record of a part.
struct ShardPart {
  IndexRange indexes;     // which are its own
  int32_t failures = 0;   // pods that failed, as its live copy counts them
  bool given_up = false;  // it ended because the whole had
  bool operator==(const ShardPart&) const = default;
};

}  // namespace fairway::scheduler
