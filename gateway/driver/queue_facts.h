// What queues and cohorts say of themselves: the core's view, as documents show it. Pure.
#pragma once

#include <string>

#include "gateway/driver/queue_status.h"
#include "scheduler/world.h"

namespace fairway::gateway {

// The world between two steps of the core.
class QueueReader {
 public:
  explicit QueueReader(const scheduler::World& world) : world_(world) {}

  // Empty facts for a name that the core does not know.
  QueueFacts ClusterQueue(const std::string& name) const;
  QueueFacts LocalQueue(const std::string& full_name) const;
  QueueFacts Cohort(const std::string& name) const;

 private:
  const scheduler::World& world_;
};

}  // namespace fairway::gateway
