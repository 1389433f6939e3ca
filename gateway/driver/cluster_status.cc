#include "gateway/driver/cluster_status.h"

#include <string_view>

#include "clusters/kube/time.h"
#include "scheduler/failover/rules.h"
#include "scheduler/names.h"
#include "scheduler/names_operator.h"
#include "scheduler/placement.h"

namespace fairway::gateway {

using kube::Array;
using kube::Object;
using kube::Value;

namespace {

// These alone are refreshed this seldom: each jitters.
constexpr int64_t kJitteryRefreshMs = 60'000;
constexpr std::string_view kJittery[] = {
    "lastSeen",         "roundTripMilliseconds", "dispatchInFlightMax",
    "dispatchBackoffs", "leaseHorizon",          "leaseRenewals"};

Object ClusterCondition(const Object* old_status, std::string_view type, bool holds,
                        std::string_view reason, std::string_view message, Instant now) {
  std::string_view status = holds ? "True" : "False";
  std::string since = kube::FormatTime(now);
  const Array* old = old_status == nullptr ? nullptr : kube::GetArray(*old_status, {"conditions"});
  if (old != nullptr) {
    for (const Value& condition : *old) {
      if (kube::GetString(condition, {"type"}) == type &&
          kube::GetString(condition, {"status"}) == status) {
        since = std::string(kube::GetString(condition, {"lastTransitionTime"}));
      }
    }
  }
  return Object{{"type", type},
                {"status", status},
                {"lastTransitionTime", since},
                {"reason", reason},
                {"message", message}};
}

std::string Cpu(int64_t milli) {
  return milli % 1000 == 0 ? std::to_string(milli / 1000) : std::to_string(milli) + "m";
}

// Whole binary units where they are exact, as kubectl shows memory.
std::string Bytes(int64_t bytes) {
  constexpr std::string_view kUnits[] = {"", "Ki", "Mi", "Gi", "Ti", "Pi"};
  size_t unit = 0;
  while (unit + 1 < std::size(kUnits) && bytes != 0 && bytes % 1024 == 0) {
    bytes /= 1024;
    ++unit;
  }
  return std::to_string(bytes) + std::string(kUnits[unit]);
}

Object ShownAmounts(const scheduler::Resources& resources) {
  Object amounts{{"cpu", Cpu(resources.cpu_milli)},
                 {"memory", Bytes(resources.memory_bytes)},
                 {"pods", std::to_string(resources.pods)}};
  if (resources.ephemeral_storage_bytes != 0) {
    amounts["ephemeral-storage"] = Bytes(resources.ephemeral_storage_bytes);
  }
  for (const auto& [name, amount] : resources.extended) amounts[name] = std::to_string(amount);
  return amounts;
}

Array Conditions(const ClusterStatusInput& input, const Object* old) {
  const clusters::LinkInfo* link = input.link;
  bool ready = link != nullptr && link->ready;
  bool reachable = link != nullptr && link->reachable;
  bool synced = link != nullptr && link->synced;
  std::string reason = link != nullptr ? link->reason : "InvalidAccess";
  std::string message = link != nullptr ? link->message : input.access_error;
  if (link == nullptr && input.access_error.empty()) reason = "Connecting";
  auto why = [&](bool holds, std::string_view good) { return holds ? std::string(good) : reason; };
  auto text = [&](bool holds) { return holds ? std::string() : message; };
  Array conditions{ClusterCondition(old, names::kConditionReady, ready, why(ready, "Ready"),
                                    text(ready), input.now),
                   ClusterCondition(old, names::kConditionReachable, reachable,
                                    why(reachable, "Answering"), text(reachable), input.now),
                   ClusterCondition(old, names::kConditionSynced, synced, why(synced, "Synced"),
                                    text(synced), input.now)};
  if (input.state == nullptr || input.world == nullptr) return conditions;
  const bool isolated = scheduler::IsIsolated(*input.world, input.failover);
  if (isolated) {
    conditions.push_back(ClusterCondition(
        old, names::kConditionGatewayIsolated, true, "ClustersLostTogether",
        "several clusters, or all, were lost within a short time: nothing moves off them "
        "unless the "
        "annotation fairway.flext.sh/confirm-lost says that this one is lost",
        input.now));
  }
  if (const scheduler::FreezeRecord& freeze = input.world->freeze(); freeze.frozen) {
    conditions.push_back(ClusterCondition(old, names::kConditionFrozen, true,
                                          freeze.all ? "NothingIsPlaced" : "NothingMoves",
                                          scheduler::FreezeText(freeze), input.now));
  }
  if (input.state->record.link.stalled) {
    conditions.push_back(ClusterCondition(
        old, names::kConditionFenceTrusted, false, "JobControllerStalled",
        "Jobs were accepted and not started for long: no new ones, and none is given up by time",
        input.now));
  }
  return conditions;
}

void PutLink(const ClusterStatusInput& input, Object& status) {
  if (input.state == nullptr) {
    status["linkState"] = "Joining";
    return;
  }
  const scheduler::LinkRecord& link = input.state->record.link;
  status["linkState"] = scheduler::LinkStateName(link.state);
  if (link.state == scheduler::LinkState::kProbation) {
    status["probationUntil"] = kube::FormatTime(link.probation_until);
  }
}

std::string DrainMessage(const ClusterStatusInput& input) {
  const scheduler::DrainProgress& at = input.drain->shown;
  const std::string rest = at.stuck_why.empty() ? "" : "; " + at.stuck_why;
  if (at.left == 0 && at.moving == 0) return "drained";
  if (input.world != nullptr && input.world->freeze().frozen) {
    return scheduler::FreezeText(input.world->freeze());
  }
  if (!scheduler::IsWritable(input.state->record.link.state)) return "the cluster is out of reach";
  if (at.stuck > 0)
    return "no other cluster takes " + std::to_string(at.stuck) + " jobs now" + rest;
  if (at.moving == 0 && at.stays == at.left) return "waiting for what runs to end";
  return "moving";
}

void PutDrain(const ClusterStatusInput& input, Object& status) {
  if (input.drain == nullptr || input.state == nullptr) return;
  const scheduler::DrainWish& wish = input.state->record.spec.drain;
  const scheduler::DrainProgress& at = input.drain->shown;
  status["drain"] = Object{{"mode", wish.mode == scheduler::DrainMode::kNow ? "Now" : "Graceful"},
                           {"since", kube::FormatTime(wish.since)},
                           {"left", at.left},
                           {"stays", at.stays},
                           {"stuck", at.stuck},
                           {"moving", at.moving},
                           {"moved", at.moved},
                           {"message", DrainMessage(input)}};
}

// Figures that change all the time: written when something else is.
void PutLeases(const ClusterStatusInput& input, Object& status) {
  if (input.state == nullptr || !input.state->record.link.horizon) return;
  status["leaseHorizon"] = kube::FormatTime(input.state->record.link.horizon);
  status["leaseRenewals"] = input.renewals.done;
}

}  // namespace

void FillClusterStatus(const ClusterStatusInput& input, Object& doc) {
  const Object* old = kube::GetObject(doc, {"status"});
  Object status;
  status["conditions"] = Conditions(input, old);
  PutLink(input, status);
  PutDrain(input, status);
  if (input.link != nullptr && !input.link->version.empty()) {
    status["kubernetesVersion"] = input.link->version;
  }
  if (input.capacity != nullptr) {
    status["nodes"] = input.capacity->nodes;
    status["allocatable"] = ShownAmounts(input.capacity->allocatable);
    scheduler::Resources requested = input.capacity->requested;
    if (input.state != nullptr) requested.Add(input.state->reserved);
    status["requested"] = ShownAmounts(requested);
  }
  if (input.state != nullptr) status["runningJobs"] = input.state->jobs;
  if (input.link != nullptr && input.link->last_seen) {
    Object fresh = status;
    Object before = old != nullptr ? *old : Object();
    for (std::string_view each : kJittery) kube::Erase(before, each);
    std::string_view old_seen = old != nullptr ? kube::GetString(*old, {"lastSeen"}) : "";
    bool due =
        old_seen < std::string_view(kube::FormatTime(Instant{input.now.ms - kJitteryRefreshMs}));
    if (kube::Equal(Value(fresh), Value(before)) && !due) {
      for (std::string_view each : kJittery) {
        if (const Value* value = kube::Find(*old, each)) status[each] = *value;
      }
    } else {
      PutLeases(input, status);
      status["lastSeen"] = kube::FormatTime(input.link->last_seen);
      status["roundTripMilliseconds"] = input.link->rtt_ms;
      status["dispatchInFlightMax"] = input.link->dispatch_in_flight;
      status["dispatchBackoffs"] = input.link->dispatch_backoffs;
    }
  }
  doc.insert_or_assign("status", std::move(status));
}

std::string LinkMessage(const scheduler::ClusterState& cluster, const scheduler::World& world,
                        const scheduler::FailoverConfig& config) {
  const scheduler::LinkRecord& link = cluster.record.link;
  const std::string jobs = std::to_string(cluster.jobs) + " jobs are placed there";
  switch (link.state) {
    case scheduler::LinkState::kJoining:
      return "the cluster was not heard of yet";
    case scheduler::LinkState::kReady:
      return link.stalled ? "the cluster answers, but its Job controller starts nothing"
                          : "the cluster answers and its copies are known";
    case scheduler::LinkState::kSuspect:
      return "the cluster is silent: no new jobs go there, and none moves yet; " + jobs;
    case scheduler::LinkState::kUnreachable:
      return "the cluster is lost, last seen at " + kube::FormatTime(link.lost_at) + "; " + jobs +
             (scheduler::IsIsolated(world, config)
                  ? "; other clusters were lost with it, so nothing moves (GatewayIsolated)"
                  : "; its leases end by " + kube::FormatTime(link.horizon));
    case scheduler::LinkState::kFenced:
      return "the cluster is lost, and every lease there is over";
    case scheduler::LinkState::kRejoining:
      return "the cluster answers again; its copies are being listed";
    case scheduler::LinkState::kProbation:
      return "the cluster is back; no new jobs go there before " +
             kube::FormatTime(link.probation_until);
  }
  return "";
}

}  // namespace fairway::gateway
