// The status of ClusterQueues, LocalQueues and Cohorts from what the core counts. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "clusters/kube/json.h"
#include "scheduler/instant.h"

namespace fairway::gateway {

struct ResourceUse {
  std::string resource;
  int64_t total = 0;     // in the resource's own unit
  int64_t borrowed = 0;  // of it, above nominal
  bool operator==(const ResourceUse&) const = default;
};
struct FlavorUse {
  std::string flavor;
  std::vector<ResourceUse> resources;
  bool operator==(const FlavorUse&) const = default;
};

struct QueueFacts {
  bool active = true;
  std::string reason, message;  // of the condition Active
  int64_t pending = 0, reserving = 0, admitted = 0;
  std::vector<FlavorUse> usage;  // by flavor and resource of the queue, zeros included
  bool fair_sharing = false;
  int64_t weighted_share = 0;
  bool operator==(const QueueFacts&) const = default;
};

void FillClusterQueueStatus(const QueueFacts& facts, Instant now, kube::Object& doc);
void FillLocalQueueStatus(const QueueFacts& facts, Instant now, kube::Object& doc);
// Only the share.
void FillCohortStatus(const QueueFacts& facts, kube::Object& doc);

}  // namespace fairway::gateway
