#include "gateway/driver/queue_facts.h"

#include <utility>

#include "scheduler/quota/quota_view.h"

namespace fairway::gateway {

namespace {

QueueFacts QueueFactsOf(scheduler::QueueView view) {
  QueueFacts facts;
  facts.active = view.active;
  facts.reason = std::move(view.reason);
  facts.message = std::move(view.message);
  facts.pending = view.pending;
  facts.reserving = view.reserving;
  facts.admitted = view.admitted;
  // One line per flavor and resource there, in the order of the queue's groups.
  for (scheduler::ResourceUsageView& use : view.usage) {
    if (facts.usage.empty() || facts.usage.back().flavor != use.flavor) {
      facts.usage.push_back({std::move(use.flavor), {}});
    }
    facts.usage.back().resources.push_back({std::move(use.resource), use.total, use.borrowed});
  }
  facts.weighted_share = view.weighted_share;
  return facts;
}

}  // namespace

QueueFacts QueueReader::ClusterQueue(const std::string& name) const {
  const auto id = world_.quota().cluster_queues.FindByName(name);
  if (!id) return {};
  QueueFacts facts = QueueFactsOf(scheduler::ViewClusterQueue(world_, id));
  facts.fair_sharing = world_.quota_settings().fair_sharing;
  if (!facts.fair_sharing) facts.weighted_share = 0;
  return facts;
}

QueueFacts QueueReader::LocalQueue(const std::string& full_name) const {
  const auto id = world_.quota().local_queues.FindByName(full_name);
  if (!id) return {};
  QueueFacts facts = QueueFactsOf(scheduler::ViewLocalQueue(world_, id));
  facts.weighted_share = 0;  // LocalQueues do not share among each other
  return facts;
}

QueueFacts QueueReader::Cohort(const std::string& name) const {
  QueueFacts facts;
  facts.fair_sharing = world_.quota_settings().fair_sharing;
  if (facts.fair_sharing) facts.weighted_share = scheduler::ViewCohortShare(world_, name);
  return facts;
}

}  // namespace fairway::gateway
