#include "gateway/serve/rebalance_service.h"

#include <map>
#include <optional>
#include <string>

#include "clusters/kube/errors.h"
#include "clusters/kube/json.h"
#include "clusters/kube/time.h"
#include "gateway/api/reply.h"
#include "gateway/driver/cluster_name.h"
#include "gateway/driver/job_name.h"
#include "gateway/driver/placement_document.h"
#include "gateway/serve/reply_document.h"
#include "gateway/serve/request_parts.h"
#include "scheduler/placement.h"

namespace fairway::gateway {

using kube::Array;
using kube::Object;
using scheduler::RebalanceEnd;
using scheduler::RebalanceRecord;
using scheduler::RebalanceStay;

namespace {

constexpr int64_t kMovesMax = 1'000'000'000;

// Why nothing moves now; "" when nothing holds it.
std::string HeldBy(const scheduler::World& world) {
  if (world.freeze().frozen) return scheduler::FreezeText(world.freeze());
  return scheduler::IsRebalanceHeld(world) ? "a drill is under way" : "";
}

std::string_view StateOf(const RebalanceRecord& run) {
  if (run.run == 0) return "Never";
  switch (run.end) {
    case RebalanceEnd::kNone:
      return "Running";
    case RebalanceEnd::kDone:
      return "Done";
    case RebalanceEnd::kMost:
      return "LimitReached";
    case RebalanceEnd::kStopped:
      return "Stopped";
  }
  return "Never";
}

Object Progress(Driver& driver) {
  const scheduler::World& world = driver.world();
  const RebalanceRecord& run = world.rebalance();
  Object doc{{"kind", "Rebalance"},
             {"automatic", driver.failover().rebalance.enabled},
             {"state", StateOf(run)}};
  if (run.run > 0) {
    doc["run"] = run.run;
    doc["since"] = kube::FormatTime(run.since);
    if (run.ended) doc["ended"] = kube::FormatTime(run.ended);
    if (run.moves_max > 0) doc["max"] = run.moves_max;
    doc["moved"] = run.moved;
  }
  if (const std::string held = HeldBy(world); !held.empty()) doc["held"] = held;
  Array moving;
  for (const auto& [job, to] : driver.rebalance().moving) {
    const scheduler::JobRecord* record = world.FindJob(job);
    if (record == nullptr) continue;
    auto [ns, name] = SplitJobName(record->name);
    Object move{{"namespace", ns}, {"name", name}, {"state", StateName(record->state)}};
    const ClusterId cluster =
        record->state == scheduler::JobState::kRequeued || !record->cluster ? to : record->cluster;
    if (std::string target = NameOf(world, cluster); !target.empty()) move["to"] = target;
    moving.push_back(std::move(move));
  }
  doc["moving"] = std::move(moving);
  return doc;
}

Object Shown(const scheduler::World& world, const scheduler::PlannedRebalance& planned) {
  const bool moves = planned.offer.stay == RebalanceStay::kNo;
  auto [ns, name] = SplitJobName(planned.name);
  Object out{{"namespace", ns},
             {"name", name},
             {"epoch", planned.epoch.value},
             {"state", StateName(planned.state)},
             {"action", planned.later ? "Later"
                        : moves       ? "Moves"
                                      : "Stays"},
             {"from", NameOf(world, planned.from)}};
  if (planned.offer.to) {
    out["to"] = NameOf(world, planned.offer.to);
    out["gain"] = planned.offer.gain;
    if (planned.offer.group) out["preferredGroup"] = true;
  }
  if (moves) out["podSecondsLost"] = planned.lost;
  if (!moves) out["message"] = scheduler::StayText(planned.offer.stay);
  return out;
}

Object Counts(const scheduler::World& world, const std::map<ClusterId, int64_t>& counts) {
  Object out;
  for (const auto& [cluster, jobs] : counts) out[NameOf(world, cluster)] = jobs;
  return out;
}

}  // namespace

void RebalanceService::HandlePlan(ExchangePtr exchange) {
  const Request& request = exchange->request();
  Driver* driver = driver_();
  if (driver == nullptr || request.path != kRebalancePlanPath) {
    return api::ReplyPageNotFound(exchange);
  }
  if (request.method != "GET") return api::ReplyError(exchange, kube::MethodNotAllowed());
  const std::optional<int64_t> most = QueryNumber(request, "max", 0, kMovesMax);
  const std::optional<int64_t> listed = QueryNumber(request, "limit", kListedDefault, kListedMax);
  if (!most || !listed) {
    return api::ReplyError(exchange,
                           kube::BadRequest("max must be a number of jobs, and limit 0 to 10000"));
  }
  const scheduler::RebalancePlan plan = driver->PlanRebalance(*most);
  const scheduler::World& world = driver->world();
  Object doc{{"kind", "RebalancePlan"},
             {"moves", plan.moves},
             {"later", plan.later},
             {"stays", plan.stays},
             {"moving", plan.moving},
             {"notAllowed", plan.not_allowed},
             {"minGain", driver->failover().rebalance.gain_min}};
  doc["departures"] = Counts(world, plan.departures);
  doc["arrivals"] = Counts(world, plan.arrivals);
  Array jobs;
  for (const scheduler::PlannedRebalance& planned : plan.jobs) {
    if (static_cast<int64_t>(jobs.size()) == *listed) break;
    jobs.push_back(Shown(world, planned));
  }
  doc["unlisted"] = static_cast<int64_t>(plan.jobs.size() - jobs.size());
  doc["jobs"] = std::move(jobs);
  if (const std::string held = HeldBy(world); !held.empty()) doc["held"] = held;
  ReplyDocument(exchange, doc);
}

// Answered when it is saved: an operator may rely on it from then on.
void RebalanceService::Ask(Driver& driver, const ExchangePtr& exchange, bool begins,
                           int64_t moves_max) {
  Status taken = driver.Rebalance(begins, moves_max, [this, exchange] {
    Driver* there = driver_();
    if (there != nullptr && !exchange->closed()) ReplyDocument(exchange, Progress(*there));
  });
  if (!taken) api::ReplyError(exchange, taken.error());
}

void RebalanceService::Begin(Driver& driver, const ExchangePtr& exchange) {
  const Result<kube::Value> doc = BodyObject(exchange->request());
  if (!doc) return api::ReplyError(exchange, doc.error());
  int64_t moves_max = 0;
  if (const kube::Value* most = kube::FindPath(*doc, {"max"})) {
    if (!most->is_int64() || most->get_int64() < 0 || most->get_int64() > kMovesMax) {
      return api::ReplyError(exchange,
                             kube::BadRequest("max must be a number of jobs; 0 is no limit"));
    }
    moves_max = most->get_int64();
  }
  if (scheduler::IsUnderWay(driver.world().rebalance())) {
    return api::ReplyError(
        exchange, Error{.code = 409,
                        .reason = "Conflict",
                        .message = "a rebalance is under way: fairway rebalance --stop ends it"});
  }
  Ask(driver, exchange, true, moves_max);
}

void RebalanceService::Handle(ExchangePtr exchange) {
  const Request& request = exchange->request();
  Driver* driver = driver_();
  if (driver == nullptr || request.path != kRebalancePath) return api::ReplyPageNotFound(exchange);
  if (request.method == "GET") return ReplyDocument(exchange, Progress(*driver));
  if (request.method == "PUT") return Begin(*driver, exchange);
  if (request.method == "DELETE") return Ask(*driver, exchange, false, 0);
  api::ReplyError(exchange, kube::MethodNotAllowed());
}

}  // namespace fairway::gateway
