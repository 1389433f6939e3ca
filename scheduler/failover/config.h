// How failover is tuned: the gateway's defaults, and what one cluster overrides. Values only.
#pragma once

#include <algorithm>
#include <cstdint>

#include "scheduler/failover/rebalance.h"
#include "scheduler/instant.h"

namespace fairway::scheduler {

// What happens to a job whose cluster is lost. The numbers are in stored records: do not change
// them.
enum class FailoverPolicy : uint8_t {
  kFenced,  // it moves once its old copy has certainly ended: at most one copy runs, ever
  kNever,   // it waits for its cluster
  kFast,    // it moves at once; two copies may overlap: for idempotent work
  kManual,  // it moves when an operator approves
};

// Set on a Cluster; zero = the gateway's default.
struct FailoverThresholds {
  Duration suspect_after;
  Duration unreachable_after;
  Duration lease;
  bool operator==(const FailoverThresholds&) const = default;
};

// What a pod gets to end in when its author did not say.
inline constexpr int32_t kDefaultGraceSeconds = 30;

struct FailoverConfig {
  // Without a sign of life for so long: no new jobs, then lost.
  Duration suspect_after = Seconds(5);
  Duration unreachable_after = Seconds(30);
  // How long a copy under `fenced` runs on without being renewed. Renewed every third of it.
  Duration lease = Seconds(120);
  // What is added to the end of a lease before the copy counts as ended: how far a member's clock
  // may move between two measurements, and time for its controller to act.
  Duration clock_skew_max = Seconds(5);
  Duration guard = Seconds(10);
  // A cluster that came back gets no new jobs for so long; doubles each time, up to the maximum.
  Duration probation = Seconds(60);
  Duration probation_max = Seconds(1800);
  // Clusters lost within so long of each other are lost together: then it is us.
  Duration isolation_window = Seconds(60);
  // After a start of ours no job is placed before every cluster that took jobs has been heard, or
  // so long has passed.
  Duration settle_max = Seconds(3);
  // A copy that its member has not started for so long: its Job controller stands still.
  Duration stalled_after = Seconds(60);
  // Moves off lost clusters: a token bucket.
  int64_t moves_per_second = 500;
  int64_t moves_burst = 500;
  // Moves back: a cluster must have been well, and the job where it is, for so long; so no job goes
  // back twice within that time.
  Duration failback_after = Seconds(600);
  int64_t failbacks_per_minute = 10;
  int64_t failbacks_moving_max = 5;  // given up and not running again
  // A copy that its cluster keeps from running for so long leaves it, and that cluster is avoided
  // for this job for a while. So many such moves per job, then it stays where it is.
  Duration trouble_after = Seconds(120);
  Duration trouble_avoid = Seconds(600);
  int64_t trouble_moves_max = 3;
  RebalanceConfig rebalance;
};

inline Duration OrDefault(Duration own, Duration otherwise) { return own.ms > 0 ? own : otherwise; }

// The bound thresholds of one cluster.
inline FailoverThresholds Effective(const FailoverThresholds& own, const FailoverConfig& config) {
  FailoverThresholds out;
  out.suspect_after = OrDefault(own.suspect_after, config.suspect_after);
  out.unreachable_after =
      std::max(OrDefault(own.unreachable_after, config.unreachable_after), out.suspect_after);
  out.lease = OrDefault(own.lease, config.lease);
  return out;
}

}  // namespace fairway::scheduler
