#include "gateway/driver/queue_facts.h"

#include <algorithm>
#include <limits>

namespace fairway::gateway {

using scheduler::ClusterQueueId;
using scheduler::ClusterQueueSpec;
using scheduler::QuotaTree;
using scheduler::Usage;

namespace {

// Active, or why not, in Kueue's words.
void FillActive(const scheduler::World& world, const ClusterQueueSpec& spec, QueueFacts& facts) {
  std::string missing, why;
  for (const scheduler::ResourceGroup& group : spec.groups) {
    for (const scheduler::FlavorQuotas& flavor : group.flavors) {
      if (world.quota().flavors.FindByName(flavor.flavor)) continue;
      missing += (missing.empty() ? "" : ",") + flavor.flavor;
    }
  }
  facts.reason = "Ready";
  facts.message = "Can admit new workloads";
  if (spec.stop_policy != scheduler::StopPolicy::kNone) {
    facts.reason = "Stopped";
    why = "is stopped";
  }
  if (!missing.empty()) {
    if (why.empty()) facts.reason = "FlavorNotFound";
    why += (why.empty() ? "" : ", ") + ("references missing ResourceFlavor(s): " + missing);
  }
  if (why.empty()) return;
  facts.active = false;
  facts.message = "Can't admit new workloads: " + why + ".";
}

int64_t ShareOf(const scheduler::World& world, int32_t node) {
  const QuotaTree& tree = world.ledger().tree;
  if (node == QuotaTree::kNone) return 0;
  const int64_t share = tree.Share(node, Usage::kHeld);
  if (share == QuotaTree::kShareMax) return std::numeric_limits<int64_t>::max();
  // Rounded up, so that what borrows never shows nothing.
  constexpr int64_t kOne = int64_t{1} << QuotaTree::kShareFractionBits;
  return share / kOne + (share % kOne != 0 ? 1 : 0);
}

// A line per flavor and resource of the queue, whatever is used.
std::vector<FlavorUse> EmptyUsage(const ClusterQueueSpec& spec) {
  std::vector<FlavorUse> out;
  for (const scheduler::ResourceGroup& group : spec.groups) {
    for (const scheduler::FlavorQuotas& flavor : group.flavors) {
      FlavorUse& use = out.emplace_back();
      use.flavor = flavor.flavor;
      for (const scheduler::ResourceQuota& quota : flavor.resources) {
        use.resources.push_back({quota.resource, 0, 0});
      }
    }
  }
  return out;
}

ResourceUse* Find(std::vector<FlavorUse>& usage, const std::string& flavor,
                  const std::string& resource) {
  for (FlavorUse& use : usage) {
    if (use.flavor != flavor) continue;
    for (ResourceUse& each : use.resources) {
      if (each.resource == resource) return &each;
    }
  }
  return nullptr;
}

}  // namespace

QueueReader::QueueReader(const scheduler::World& world) : world_(world) {
  for (const auto& [id, spec] : world.quota().local_queues.objects()) {
    auto state = world.ledger().local_queues().find(spec.name);
    if (state != world.ledger().local_queues().end()) {
      pending_[spec.cluster_queue] += state->second.pending;
    }
  }
}

QueueFacts QueueReader::ClusterQueue(const std::string& name) const {
  QueueFacts facts;
  const auto& book = world_.quota();
  const ClusterQueueId id = book.cluster_queues.FindByName(name);
  const ClusterQueueSpec* spec = book.cluster_queues.Find(id);
  if (spec == nullptr) return facts;
  FillActive(world_, *spec, facts);
  if (auto pending = pending_.find(name); pending != pending_.end()) {
    facts.pending = pending->second;
  }
  if (const scheduler::QueueState* queue = world_.ledger().FindQueue(id)) {
    facts.reserving = facts.admitted = static_cast<int64_t>(queue->admitted.size());
  }
  facts.usage = EmptyUsage(*spec);
  const QuotaTree& tree = world_.ledger().tree;
  for (const scheduler::QuotaCharge& charge : tree.Holdings(id, Usage::kHeld)) {
    const scheduler::FlavorSpec* flavor = book.flavors.Find(charge.flavor);
    if (flavor == nullptr) continue;
    if (ResourceUse* use = Find(facts.usage, flavor->name, charge.resource)) {
      use->total = charge.amount;
    }
  }
  for (const scheduler::ResourceGroup& group : spec->groups) {
    for (const scheduler::FlavorQuotas& flavor : group.flavors) {
      for (const scheduler::ResourceQuota& quota : flavor.resources) {
        ResourceUse* use = Find(facts.usage, flavor.flavor, quota.resource);
        if (!spec->cohort.empty()) use->borrowed = std::max<int64_t>(0, use->total - quota.nominal);
      }
    }
  }
  facts.fair_sharing = world_.quota_settings().fair_sharing;
  facts.weighted_share = facts.fair_sharing ? ShareOf(world_, tree.FindNode(id)) : 0;
  return facts;
}

QueueFacts QueueReader::LocalQueue(const std::string& full_name) const {
  QueueFacts facts;
  const auto& book = world_.quota();
  const auto* local = book.local_queues.Find(book.local_queues.FindByName(full_name));
  if (local == nullptr) return facts;
  const ClusterQueueId id = book.cluster_queues.FindByName(local->cluster_queue);
  const ClusterQueueSpec* spec = book.cluster_queues.Find(id);
  facts.reason = "Ready";
  facts.message = "Can submit new workloads to localQueue";
  if (local->stop_policy != scheduler::StopPolicy::kNone) {
    facts.active = false;
    facts.reason = "Stopped";
    facts.message = "LocalQueue is stopped";
  } else if (spec == nullptr || !ClusterQueue(local->cluster_queue).active) {
    facts.active = false;
    facts.reason = spec == nullptr ? "ClusterQueueDoesNotExist" : "ClusterQueueIsInactive";
    facts.message = "Can't submit new workloads to clusterQueue";
  }
  auto state = world_.ledger().local_queues().find(full_name);
  if (state != world_.ledger().local_queues().end()) {
    facts.pending = state->second.pending;
    facts.reserving = facts.admitted = state->second.admitted;
  }
  if (spec == nullptr) return facts;
  facts.usage = EmptyUsage(*spec);
  const scheduler::QueueState* queue = world_.ledger().FindQueue(id);
  if (queue == nullptr || facts.admitted == 0) return facts;
  for (const JobId job : queue->admitted) {
    const scheduler::JobRecord* record = world_.FindJob(job);
    const scheduler::JobSpec* wish = record == nullptr ? nullptr : world_.FindSpec(record->spec);
    if (wish == nullptr || !record->quota || wish->queueing.local_queue != full_name) continue;
    for (const scheduler::QuotaCharge& charge : scheduler::ChargesOf(*record->quota, *wish)) {
      const scheduler::FlavorSpec* flavor = book.flavors.Find(charge.flavor);
      if (flavor == nullptr) continue;
      if (ResourceUse* use = Find(facts.usage, flavor->name, charge.resource)) {
        use->total += charge.amount;
      }
    }
  }
  return facts;
}

QueueFacts QueueReader::Cohort(const std::string& name) const {
  QueueFacts facts;
  facts.fair_sharing = world_.quota_settings().fair_sharing;
  if (!facts.fair_sharing) return facts;
  const auto& nodes = world_.ledger().tree.nodes();
  for (size_t i = 0; i < nodes.size(); ++i) {
    if (!nodes[i].queue && nodes[i].name == name) {
      facts.weighted_share = ShareOf(world_, static_cast<int32_t>(i));
    }
  }
  return facts;
}

}  // namespace fairway::gateway
