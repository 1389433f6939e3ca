#include "gateway/serve/operator_service.h"

#include <optional>
#include <string>
#include <utility>

#include "clusters/kube/errors.h"
#include "clusters/kube/json.h"
#include "clusters/kube/kinds/job_spec.h"
#include "clusters/kube/time.h"
#include "gateway/api/reply.h"
#include "gateway/driver/cluster_name.h"
#include "gateway/driver/job_name.h"
#include "gateway/driver/placement_document.h"
#include "gateway/serve/reply_document.h"
#include "gateway/serve/request_parts.h"
#include "scheduler/failover/drain_plan.h"

namespace fairway::gateway {

using kube::Array;
using kube::Object;
using kube::Value;
using scheduler::DrainStep;

namespace {

constexpr size_t kReasonMax = 1'024;

std::string QueryText(const Request& request, std::string_view name) {
  return std::string(request.Query(name).value_or(std::string_view()));
}

std::string_view StepName(const scheduler::PlannedMove& move) {
  switch (move.step) {
    case DrainStep::kStays:
      return "Stays";
    case DrainStep::kMoving:
      return "Moving";
    case DrainStep::kLeaves:
      return move.stuck ? "Stuck" : move.to || move.why.empty() ? "Moves" : "Waits";
    case DrainStep::kNone:
      break;
  }
  return "Stays";
}

Object Shown(const scheduler::World& world, const scheduler::PlannedMove& move) {
  auto [ns, name] = SplitJobName(move.name);
  Object out{{"namespace", ns},           {"name", name},
             {"epoch", move.epoch.value}, {"state", StateName(move.state)},
             {"priority", move.priority}, {"action", StepName(move)}};
  if (move.to) out["to"] = NameOf(world, move.to);
  if (!move.why.empty()) out["message"] = move.why;
  if (move.may_run) out["mayStillRun"] = true;
  return out;
}

void Show(const scheduler::World& world, const scheduler::MovePlan& plan, size_t listed,
          Object& doc) {
  doc["moves"] = plan.leaves;
  doc["stays"] = plan.stays;
  doc["stuck"] = plan.stuck;
  doc["waits"] = plan.waits;
  doc["moving"] = plan.moving;
  Object arrivals;
  for (const auto& [cluster, jobs] : plan.arrivals) arrivals[NameOf(world, cluster)] = jobs;
  doc["arrivals"] = std::move(arrivals);
  Array jobs;
  for (const scheduler::PlannedMove& move : plan.jobs) {
    if (jobs.size() == listed) break;
    jobs.push_back(Shown(world, move));
  }
  doc["unlisted"] = static_cast<int64_t>(plan.jobs.size() - jobs.size());
  doc["jobs"] = std::move(jobs);
}

Result<scheduler::DrainWish> WishOf(const Request& request) {
  scheduler::DrainWish wish;
  const std::string mode = QueryText(request, "mode");
  const std::string deadline = QueryText(request, "deadline");
  if (mode != "" && mode != "Graceful" && mode != "Now") {
    return Fail(kube::BadRequest("mode must be Graceful or Now"));
  }
  wish.mode = mode == "Now" ? scheduler::DrainMode::kNow : scheduler::DrainMode::kGraceful;
  if (deadline.empty()) return wish;
  const std::optional<Duration> span = kube::ParseSpan(deadline);
  if (!span || mode == "Now") {
    return Fail(kube::BadRequest(
        "deadline must be a span of time such as 30s or 10m, and goes with mode Graceful only"));
  }
  wish.deadline = *span;
  return wish;
}

Object ShowRemoval(const scheduler::World& world, const scheduler::RemovalPlan& plan,
                   size_t listed) {
  Object doc{{"kind", "RemovalPlan"}, {"reachable", plan.reachable}};
  Show(world, plan.moves, listed, doc);
  int64_t may_run = 0;
  for (const scheduler::PlannedMove& move : plan.moves.jobs) may_run += move.may_run ? 1 : 0;
  doc["mayStillRun"] = may_run;
  doc["finishedCopies"] = plan.finished;
  doc["deletingCopies"] = plan.deleting;
  Array residue;
  for (const scheduler::ResidueRecord& record : plan.residue) {
    if (residue.size() == listed) break;
    auto [ns, name] = SplitJobName(record.name);
    Array epochs;
    for (const scheduler::Residue& copy : record.copies) epochs.push_back(copy.epoch.value);
    residue.push_back(Object{{"namespace", ns}, {"name", name}, {"epochs", std::move(epochs)}});
  }
  doc["residueCopies"] = static_cast<int64_t>(plan.residue.size());
  doc["residue"] = std::move(residue);
  return doc;
}

}  // namespace

void OperatorService::HandlePlans(ExchangePtr exchange) {
  const Request& request = exchange->request();
  if (request.method != "GET") return api::ReplyError(exchange, kube::MethodNotAllowed());
  const Driver* driver = driver_();
  if (driver == nullptr) return api::ReplyPageNotFound(exchange);
  const scheduler::World& world = driver->world();
  const std::optional<int64_t> limit = QueryNumber(request, "limit", kListedDefault, kListedMax);
  if (!limit) return api::ReplyError(exchange, kube::BadRequest("limit must be 0 to 10000"));
  const size_t listed = static_cast<size_t>(*limit);
  const std::string name = QueryText(request, "cluster");
  const ClusterId cluster = ClusterNamed(world, name);
  if (!cluster) {
    return api::ReplyError(
        exchange, Error{.code = 404,
                        .reason = "NotFound",
                        .message = "clusters.fairway.flext.sh \"" + name + "\" not found"});
  }
  if (request.path == std::string(kPlansPath) + "/removal") {
    Object doc = ShowRemoval(
        world, scheduler::PlanRemoval(world, driver->failover(), cluster, loop_.Now()), listed);
    doc["cluster"] = name;
    return ReplyDocument(exchange, doc);
  }
  if (request.path != std::string(kPlansPath) + "/drain") return api::ReplyPageNotFound(exchange);
  const Result<scheduler::DrainWish> wish = WishOf(request);
  if (!wish) return api::ReplyError(exchange, wish.error());
  Object doc{{"kind", "DrainPlan"}, {"cluster", name}};
  Show(world, scheduler::PlanDrain(world, cluster, *wish, loop_.Now()), listed, doc);
  if (world.freeze().frozen) doc["held"] = scheduler::FreezeText(world.freeze());
  ReplyDocument(exchange, doc);
}

void OperatorService::TellFreeze(const ExchangePtr& exchange, const scheduler::World& world) const {
  const scheduler::FreezeRecord& freeze = world.freeze();
  Object doc{{"kind", "Freeze"}, {"frozen", freeze.frozen}};
  if (freeze.frozen) {
    doc["all"] = freeze.all;
    doc["since"] = kube::FormatTime(freeze.since);
    doc["reason"] = freeze.reason;
  }
  ReplyDocument(exchange, doc);
}

void OperatorService::HandleFreeze(ExchangePtr exchange) {
  const Request& request = exchange->request();
  Driver* driver = driver_();
  if (driver == nullptr || request.path != kFreezePath) return api::ReplyPageNotFound(exchange);
  if (request.method == "GET") return TellFreeze(exchange, driver->world());
  scheduler::FreezeRecord wish;
  if (request.method == "PUT") {
    wish.frozen = true;
    const Result<kube::Value> doc = BodyObject(request);
    if (!doc) return api::ReplyError(exchange, doc.error());
    wish.reason = std::string(kube::GetString(*doc, {"reason"}));
    wish.all = kube::Get<bool>(*doc, {"all"}).value_or(false);
    if (wish.reason.size() > kReasonMax) {
      return api::ReplyError(exchange,
                             kube::BadRequest("reason must have no more than 1024 bytes"));
    }
  } else if (request.method != "DELETE") {
    return api::ReplyError(exchange, kube::MethodNotAllowed());
  }
  // Answered when it is saved: an operator may rely on it from then on.
  Status taken = driver->Freeze(wish, [this, exchange] {
    Driver* there = driver_();
    if (there != nullptr && !exchange->closed()) TellFreeze(exchange, there->world());
  });
  if (!taken) api::ReplyError(exchange, taken.error());
}

}  // namespace fairway::gateway
