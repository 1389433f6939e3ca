// Rehearsal: what a drill does to each job, as it was seen to happen: from the core's edits, and
// from what members say of copies. Never from what should have happened. Live drills and simulated
// ones are measured by the same code.
//
// One thread; pure but for its own state. Bounded by kRehearsedMax jobs in detail; the rest is
// counted.
#pragma once

#include <absl/container/btree_map.h>

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "scheduler/drill/scope.h"
#include "scheduler/edit.h"
#include "scheduler/event.h"
#include "scheduler/world.h"

namespace fairway::scheduler {

inline constexpr size_t kRehearsedMax = 100'000;

// A copy as its member tells of it; times by our clock.
struct CopySeen {
  JobId job;
  ClusterId cluster;
  Epoch epoch;
  RunPhase phase = RunPhase::kPending;
  Instant started;  // 0 = it was not
  Instant ended;    // 0 = it has not, or the member does not say when
};

struct RehearsedJob {
  JobId job;
  std::string name;  // namespace/name
  FailoverPolicy policy = FailoverPolicy::kFenced;
  bool in_scope = false;
  ClusterId from;
  Epoch epoch;
  Instant since;  // it was there, running when `ran`
  bool ran = false;
  // What was seen since the cut; 0 = not.
  Instant uncertain;                    // its loss was noticed
  Instant fenced;                       // its copy had certainly ended
  Instant left;                         // the epoch was given up
  Instant placed;                       // somewhere else
  Instant running;                      // there
  Instant resumed;                      // the old epoch was heard of again
  Instant finished;                     // with a result, wherever
  EndReason reason = EndReason::kNone;  // why it left
  ClusterId to;
  Epoch to_epoch;
  bool failed = false;  // its result
  bool gone = false;    // its record is: deleted by its owner, or lost
  // Of the copies, by their members' own records.
  Instant old_started, old_ended, new_started;
  bool old_runs_on = false;  // when its cluster was back, it had not ended
  Duration overlap;          // both ran, for so long at least
};

struct RehearsedCluster {
  ClusterId cluster;
  std::string name;
  int64_t jobs = 0;
  Instant suspect, lost, fenced, rejoining, returned;
};

class Rehearsal {
 public:
  // The moment of the cut.
  Rehearsal(const World& world, const DrillWish& wish, Instant now);

  // After it was applied.
  void Saw(const Edit& edit, Instant now);
  void Saw(const CopySeen& copy, Instant now);

  Instant cut_at() const { return cut_at_; }
  const std::vector<RehearsedCluster>& clusters() const { return clusters_; }
  const absl::btree_map<JobId, RehearsedJob>& jobs() const { return jobs_; }
  int64_t not_followed() const { return not_followed_; }
  // Rises with every change.
  uint64_t generation() const { return generation_; }

 private:
  void Take(const JobRecord& record, Instant now, RehearsedJob& job);
  void Take(const ClusterRecord& record, Instant now);

  Instant cut_at_;
  std::vector<RehearsedCluster> clusters_;
  absl::btree_map<JobId, RehearsedJob> jobs_;
  int64_t not_followed_ = 0;
  uint64_t generation_ = 1;
};

}  // namespace fairway::scheduler
