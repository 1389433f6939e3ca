// Suppose: for as long as it lives, World counts some jobs otherwise than their records say. For
// questions such as "where would this job go if it were not there?" that have to be asked of the
// very world that decides. Room, pods on their way and company (JobIndex) follow; records, queues
// and quota stay. May be nested; ends in reverse order. Nothing else may change the world
// meanwhile. Afterwards the world is as before, but for caches.
#pragma once

#include <absl/container/btree_map.h>

#include <cstdint>
#include <deque>
#include <utility>
#include <vector>

#include "scheduler/world.h"

namespace fairway::scheduler {

class Suppose {
 public:
  explicit Suppose(World& world) : world_(world), generation_(world.generation()) {}
  Suppose(const Suppose&) = delete;
  Suppose& operator=(const Suppose&) = delete;
  ~Suppose();

  // A live job of this world holds nothing on its cluster.
  void Gone(const JobRecord& record);
  // As if this job had just been placed there, in full. The cluster must be known.
  void Placed(const JobRecord& record, ClusterId cluster);

 private:
  void Count(const JobRecord& record, int sign);

  World& world_;
  const uint64_t generation_;
  std::deque<JobRecord> made_;
  std::vector<std::pair<const JobRecord*, int>> counted_;
  absl::btree_map<ClusterId, bool> flight_awaited_;  // as it was
};

}  // namespace fairway::scheduler
