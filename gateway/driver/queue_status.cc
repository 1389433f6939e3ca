#include "gateway/driver/queue_status.h"

#include "gateway/driver/conditions.h"
#include "gateway/driver/quantity_text.h"

namespace fairway::gateway {

using kube::Array;
using kube::Object;

namespace {

Array UsageList(const QueueFacts& facts, bool borrowed, const kube::StoragePtr& sp) {
  Array flavors(sp);
  for (const FlavorUse& flavor : facts.usage) {
    Array resources(sp);
    for (const ResourceUse& use : flavor.resources) {
      Object each(sp);
      each.emplace("name", use.resource);
      each.emplace("total", QuantityText(use.resource, use.total));
      if (borrowed) each.emplace("borrowed", QuantityText(use.resource, use.borrowed));
      resources.push_back(std::move(each));
    }
    Object each(sp);
    each.emplace("name", flavor.flavor);
    each.emplace("resources", std::move(resources));
    flavors.push_back(std::move(each));
  }
  return flavors;
}

void FillShare(const QueueFacts& facts, Object& status) {
  kube::Erase(status, "fairSharing");
  if (!facts.fair_sharing) return;
  status["fairSharing"] = Object({{"weightedShare", facts.weighted_share}}, status.storage());
}

void FillCounts(const QueueFacts& facts, bool borrowed, Instant now, Object& doc) {
  Object& status = kube::EnsureObject(doc, {"status"});
  status["pendingWorkloads"] = facts.pending;
  status["reservingWorkloads"] = facts.reserving;
  status["admittedWorkloads"] = facts.admitted;
  // There are no admission checks: what has a reservation is admitted.
  status["flavorsReservation"] = UsageList(facts, borrowed, status.storage());
  status["flavorsUsage"] = UsageList(facts, borrowed, status.storage());
  SetCondition({"Active", facts.active ? "True" : "False", facts.reason, facts.message}, now, doc);
}

}  // namespace

void FillClusterQueueStatus(const QueueFacts& facts, Instant now, Object& doc) {
  FillCounts(facts, /*borrowed=*/true, now, doc);
  FillShare(facts, kube::EnsureObject(doc, {"status"}));
}

void FillLocalQueueStatus(const QueueFacts& facts, Instant now, Object& doc) {
  FillCounts(facts, /*borrowed=*/false, now, doc);
}

void FillCohortStatus(const QueueFacts& facts, Object& doc) {
  FillShare(facts, kube::EnsureObject(doc, {"status"}));
}

}  // namespace fairway::gateway
