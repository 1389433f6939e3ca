// The rows of World that survive a restart.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "scheduler/cluster_view.h"
#include "scheduler/ids.h"
#include "scheduler/instant.h"
#include "scheduler/job.h"

namespace fairway::scheduler {

// Why an epoch ended.
enum class EndReason : uint8_t {
  kNone,
  kRejected,
  kCopyLost,
  kClusterRemoved,
  kSuspended,
  kWithdrawn
};

struct FormerEpoch {
  Epoch epoch;
  ClusterId cluster;
  Instant since, until;
  EndReason reason = EndReason::kNone;
  bool operator==(const FormerEpoch&) const = default;
};

// One job. A finished one is kept small: spec 0, no history beyond what Placement already shows.
struct JobRecord {
  JobId job;
  std::string name;  // namespace/name
  SpecId spec;
  JobState state = JobState::kQueued;
  bool suspended = false;
  bool delete_requested = false;
  int64_t ttl_seconds = -1;
  ClusterId cluster;  // of the live epoch; 0 when queued
  Epoch epoch;        // of the last placement; 0 when never placed
  Instant submitted, since, finished;
  std::vector<FormerEpoch> former;  // oldest first, bounded by kFormerEpochsMax
  bool operator==(const JobRecord&) const = default;
};
inline constexpr int kFormerEpochsMax = 16;

struct ClusterRecord {
  ClusterId cluster;
  ClusterSpec spec;
  bool operator==(const ClusterRecord&) const = default;
};

}  // namespace fairway::scheduler
