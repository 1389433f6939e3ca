// What queues and cohorts say of themselves, out of the world. Pure.
#pragma once

#include <map>
#include <string>

#include "gateway/driver/queue_status.h"
#include "scheduler/world.h"

namespace fairway::gateway {

// Reads one state of the world; made anew for each round of reads.
class QueueReader {
 public:
  explicit QueueReader(const scheduler::World& world);

  // Empty facts for a name that the core does not know.
  QueueFacts ClusterQueue(const std::string& name) const;
  QueueFacts LocalQueue(const std::string& full_name) const;
  QueueFacts Cohort(const std::string& name) const;

 private:
  const scheduler::World& world_;
  std::map<std::string, int64_t> pending_;  // by ClusterQueue
};

}  // namespace fairway::gateway
