// What queues and cohorts show of themselves: counts, usage, shares. Cheap: counts are kept, usage
// is read off the tree. The world's ledger must be settled, as it is between two steps.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "scheduler/world.h"

namespace fairway::scheduler {

// One flavor and resource of a queue's own groups, in their order.
struct ResourceUsageView {
  std::string flavor;
  std::string resource;
  int64_t total = 0;
  int64_t borrowed = 0;
};

struct QueueView {
  bool active = false;
  std::string reason;   // Kueue's: Ready, Stopped, FlavorNotFound ...; ours: CohortCycle, NotFound
  std::string message;  // Kueue's words
  int64_t pending = 0;
  int64_t reserving = 0;
  int64_t admitted = 0;
  std::vector<ResourceUsageView> usage;
  // Rounded up as Kueue does; INT64_MAX for a queue of weight 0 that borrows.
  int64_t weighted_share = 0;
};

QueueView ViewClusterQueue(const World& world, ClusterQueueId queue);
// Usage is that of the LocalQueue's own jobs; O(jobs admitted in its ClusterQueue).
QueueView ViewLocalQueue(const World& world, LocalQueueId queue);
int64_t ViewCohortShare(const World& world, const std::string& cohort);
// Some live admission is charged to it: its object must not go yet.
bool HoldsQuota(const World& world, ClusterQueueId queue);
bool HoldsQuota(const World& world, FlavorId flavor);

}  // namespace fairway::scheduler
