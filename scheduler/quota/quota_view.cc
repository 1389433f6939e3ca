#include "scheduler/quota/quota_view.h"

#include <algorithm>

#include "scheduler/quota/admit.h"

namespace fairway::scheduler {
namespace {

int64_t Rounded(int64_t share) {
  if (share == QuotaTree::kShareMax) return share;
  constexpr int64_t kOne = int64_t{1} << QuotaTree::kShareFractionBits;
  return share / kOne + (share % kOne != 0 ? 1 : 0);
}

}  // namespace

QueueView ViewClusterQueue(const World& world, ClusterQueueId id) {
  QueueView view;
  view.message = QueueInactive(world, id, &view.reason);
  view.active = view.message.empty();
  if (view.active) {
    view.reason = "Ready";
    view.message = "Can admit new workloads";
  }
  const QuotaLedger& ledger = world.ledger();
  if (const QueueState* queue = ledger.FindQueue(id)) {
    view.pending = static_cast<int64_t>(queue->pending.jobs());
    view.admitted = static_cast<int64_t>(queue->admitted.size());
    view.reserving = view.admitted;
  }
  const int32_t index = ledger.tree.FindNode(id);
  if (index == QuotaTree::kNone) return view;
  for (const QuotaTree::Group& group : ledger.tree.node(index).groups) {
    for (const QuotaTree::GroupFlavor& flavor : group.flavors) {
      for (size_t i = 0; i < group.covered.size(); ++i) {
        ResourceUsageView& usage = view.usage.emplace_back();
        usage.flavor = flavor.name;
        usage.resource = group.covered[i];
        if (flavor.slots[i] == QuotaTree::kNone) continue;
        const QuotaTree::Cell& cell = ledger.tree.cell(index, flavor.slots[i]);
        usage.total = cell.usage[static_cast<size_t>(Usage::kHeld)];
        usage.borrowed = std::max<int64_t>(0, usage.total - cell.nominal);
      }
    }
  }
  view.weighted_share = Rounded(ledger.tree.Share(index, Usage::kHeld));
  return view;
}

QueueView ViewLocalQueue(const World& world, LocalQueueId id) {
  QueueView view;
  const LocalQueueSpec* spec = world.quota().local_queues.Find(id);
  if (spec == nullptr) {
    view.reason = "NotFound";
    return view;
  }
  const ClusterQueueId home = world.quota().cluster_queues.FindByName(spec->cluster_queue);
  std::string why;
  if (spec->stop_policy != StopPolicy::kNone) {
    view.reason = "Stopped";
    view.message = "LocalQueue is stopped";
  } else if (!home) {
    view.reason = "ClusterQueueDoesNotExist";
    view.message = "Can't submit new workloads to clusterQueue";
  } else if (!QueueInactive(world, home, &why).empty()) {
    view.reason = "ClusterQueueIsInactive";
    view.message = "Can't submit new workloads to clusterQueue";
  } else {
    view.active = true;
    view.reason = "Ready";
    view.message = "Can submit new workloads to localQueue";
  }
  const auto local = world.ledger().local_queues().find(spec->name);
  if (local != world.ledger().local_queues().end()) {
    view.pending = local->second.pending;
    view.admitted = local->second.admitted;
    view.reserving = view.admitted;
  }
  if (!home) return view;
  view.usage = ViewClusterQueue(world, home).usage;
  for (ResourceUsageView& usage : view.usage) usage.total = usage.borrowed = 0;
  const QueueState* queue = world.ledger().FindQueue(home);
  if (view.admitted == 0 || queue == nullptr) return view;
  for (const JobId job : queue->admitted) {
    const JobRecord& record = *world.FindJob(job);
    const JobSpec& wishes = *world.FindSpec(record.spec);
    if (wishes.queueing.local_queue != spec->name) continue;
    for (const QuotaCharge& charge : ChargesOf(*record.quota, wishes)) {
      const FlavorSpec* flavor = world.quota().flavors.Find(charge.flavor);
      for (ResourceUsageView& usage : view.usage) {
        if (flavor != nullptr && usage.flavor == flavor->name &&
            usage.resource == charge.resource) {
          usage.total += charge.amount;
        }
      }
    }
  }
  return view;
}

int64_t ViewCohortShare(const World& world, const std::string& cohort) {
  const QuotaTree& tree = world.ledger().tree;
  for (size_t i = 0; i < tree.nodes().size(); ++i) {
    const QuotaTree::Node& node = tree.nodes()[i];
    if (node.queue || node.name != cohort) continue;
    return Rounded(tree.Share(static_cast<int32_t>(i), Usage::kHeld));
  }
  return 0;
}

bool HoldsQuota(const World& world, ClusterQueueId queue) {
  const QueueState* state = world.ledger().FindQueue(queue);
  return state != nullptr && !state->admitted.empty();
}

bool HoldsQuota(const World& world, FlavorId flavor) {
  const QuotaTree& tree = world.ledger().tree;
  for (const ClusterQueueId queue : tree.Holders()) {
    for (const QuotaCharge& charge : tree.Holdings(queue, Usage::kHeld)) {
      if (charge.flavor == flavor) return true;
    }
  }
  return false;
}

}  // namespace fairway::scheduler
