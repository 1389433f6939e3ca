// A live drill as the core knows it: which links are cut, for whom, until when. Values only.
// docs/operating/drills.md.
//
//   (none) -> Preparing -> Cut -> Returning -> (none)
//
// The record is saved before a link is cut, and says when the cut ends. A gateway that finds one
// when it starts cuts nothing again: it only waits for the clusters to return.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "scheduler/ids.h"
#include "scheduler/instant.h"

namespace fairway::scheduler {

inline constexpr size_t kDrillClustersMax = 8;
inline constexpr size_t kDrillNamespacesMax = 256;
inline constexpr size_t kDrillJobsMax = 10'000;
inline constexpr Duration kDrillMin = Seconds(1);
inline constexpr Duration kDrillMax = Seconds(86'400);

// The numbers are in stored records: do not change them.
enum class DrillPhase : uint8_t {
  kNone,
  kPreparing,  // leases of jobs outside the scope are taken away, so that the cut does not end them
  kCut,        // the gateway hears and says nothing there
  kReturning,  // the links are restored; the clusters are on their way back
};
// Why a drill's cut ended, or never began.
enum class DrillEnd : uint8_t {
  kNone,
  kCompleted,       // its time was over
  kAborted,         // an operator said so
  kUnhealthy,       // another cluster was not well, or one of its own before the cut
  kBacklog,         // too many jobs waited
  kUnprotected,     // jobs outside the scope would have been ended by their leases
  kInterrupted,     // the gateway was restarted
  kClusterRemoved,  // one of its clusters
};
inline constexpr DrillEnd kLastDrillEnd = DrillEnd::kClusterRemoved;
std::string_view DrillEndName(DrillEnd end);

// What is asked for.
struct DrillWish {
  uint64_t id = 0;                  // of the Drill object: the revision that made it
  std::string name;                 // for people
  std::vector<ClusterId> clusters;  // to lose; sorted
  // The jobs that may be moved: of these namespaces (none = all), and only these jobs when
  // `listed`. Both sorted.
  std::vector<std::string> namespaces;
  bool listed = false;
  std::vector<JobId> jobs;
  Duration cut_for;
  // Abort conditions.
  bool abort_unhealthy = true;  // another cluster is not well
  int64_t pending_max = -1;     // more jobs wait than this; -1 = any number may
  bool operator==(const DrillWish&) const = default;
};

struct DrillRecord {
  DrillPhase phase = DrillPhase::kNone;
  DrillEnd end = DrillEnd::kNone;  // from kReturning on
  bool overdue = false;            // the clusters did not return in time; said once, at the end
  Instant began, cut_at, until, restored_at;
  DrillWish wish;
  bool operator==(const DrillRecord&) const = default;
};

// How the conduct of a drill stands between steps. Lost in a crash, as the drill is.
struct DrillWatch {
  size_t scanned_cluster = 0;  // of the wish
  JobId scanned;               // there
  int64_t unprotected = 0;     // counted so far in this round; negative in the first
  Instant due;                 // when to look again; 0 = not by time
};

}  // namespace fairway::scheduler
