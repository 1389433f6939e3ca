// World: everything the core believes, as a plain value in key order. It changes through
// Apply(Edit) alone; what is measured anew after each start (capacity, link) is beside the records
// and is not saved.
#pragma once

#include <absl/container/btree_map.h>
#include <absl/container/btree_set.h>

#include <cstdint>

#include "scheduler/edit.h"
#include "scheduler/records.h"

namespace fairway::scheduler {

// One cluster as decided upon: its record, what was measured, and what is promised but not yet
// seen.
struct ClusterState {
  ClusterRecord record;
  Capacity capacity;
  bool measured = false;  // capacity was seen since start
  bool ready = false;     // link
  Resources reserved;     // by our own live placements, whether or not the member shows them yet
  int64_t jobs = 0;       // live placements
};

struct WorldStats {
  uint64_t stale_reports = 0;    // old epoch
  uint64_t unknown_reports = 0;  // no such job or cluster
  uint64_t placements = 0;
  uint64_t finished = 0;
};

class World {
 public:
  // The one way to change durable state. Keeps every derived index (queue order, reservations,
  // timers).
  void Apply(const Edit& edit);

  const JobRecord* FindJob(JobId job) const;
  const ClusterState* FindCluster(ClusterId cluster) const;
  const JobSpec* FindSpec(SpecId spec) const;

  const absl::btree_map<ClusterId, ClusterState>& clusters() const { return clusters_; }
  const WorldStats& stats() const { return stats_; }

  // Aborts when a derived index disagrees with the records. O(n); the simulation calls it often.
  void CheckInvariants() const;

 private:
  friend class Core;
  absl::btree_map<ClusterId, ClusterState> clusters_;
  WorldStats stats_;
};

}  // namespace fairway::scheduler
