#include "gateway/whatif/service.h"

#include <utility>

#include "clusters/kube/errors.h"
#include "clusters/kube/schema/decode.h"
#include "gateway/api/reply.h"
#include "gateway/whatif/answer.h"
#include "gateway/whatif/record.h"

namespace fairway::gateway {

namespace {

constexpr int kBusyRetrySeconds = 2;

Error Unavailable(std::string message) {
  Error error;
  error.code = 503;
  error.reason = "ServiceUnavailable";
  error.message = std::move(message);
  error.retry_after_seconds = kBusyRetrySeconds;
  return error;
}

// Runs on the worker: the world as it is, and as it would be.
Result<std::string> Answer(store::RocksJournal& journal, const store::Snapshot& snapshot,
                           const LiveFacts& facts, const WhatIfRequest& request,
                           std::vector<scheduler::ForecastJob> jobs,
                           const scheduler::RunTimeModel& declared, scheduler::ForecastPlan plan) {
  auto live = ReadWorld(journal, snapshot, facts);
  if (!live) return Fail(live.error());
  auto changes = ResolveChanges(request, live->world);
  if (!changes) return Fail(changes.error());
  const WhatIfNames names = NamesOf(live->world, *changes);
  plan.run_times = std::move(live->run_times);
  plan.run_times.assumed = request.run_time;
  const scheduler::Forecast before = scheduler::Foresee(live->world, plan);
  plan.changes = std::move(*changes);
  // Their ids follow the last one's: the order of submission decides between equals.
  for (scheduler::ForecastJob& job : jobs) {
    const JobId id{live->last.value + job.job.value};
    if (const auto at = declared.declared.find(job.job); at != declared.declared.end()) {
      plan.run_times.declared[id] = at->second;
    }
    if (const auto at = declared.deadlines.find(job.job); at != declared.deadlines.end()) {
      plan.run_times.deadlines[id] = at->second;
    }
    job.job = id;
  }
  plan.jobs = std::move(jobs);
  const scheduler::Forecast after = scheduler::Foresee(std::move(live->world), plan);
  kube::Value answer = WhatIfAnswer(before, after, names);
  answer.get_object()["revision"] = std::to_string(snapshot.revision().value);
  return kube::Serialize(answer) + "\n";
}

}  // namespace

WhatIfService::WhatIfService(Loop& loop, store::RocksJournal& journal,
                             scheduler::FailoverConfig failover)
    : loop_(loop), journal_(journal), failover_(failover) {}

WhatIfService::~WhatIfService() {
  if (cancelled_ != nullptr) *cancelled_ = true;
  if (worker_.joinable()) worker_.join();
}

void WhatIfService::Handle(ExchangePtr exchange) {
  const Request& request = exchange->request();
  if (request.path == kWhatIfTracePath && request.method == "GET") return Record(exchange);
  if (request.path != kWhatIfPath) return api::ReplyPageNotFound(exchange);
  if (request.method != "POST") return api::ReplyError(exchange, kube::MethodNotAllowed());
  Ask(exchange);
}

bool WhatIfService::MayStart(const ExchangePtr& exchange) const {
  if (driver_ == nullptr) {
    api::ReplyError(exchange, Unavailable("the gateway is still starting"));
    return false;
  }
  if (running_) {
    api::ReplyError(exchange, kube::TooManyRequests("another what-if question is under way",
                                                    kBusyRetrySeconds));
    return false;
  }
  return true;
}

void WhatIfService::Ask(const ExchangePtr& exchange) {
  auto doc = kube::ParseJson(exchange->request().body);
  if (!doc) return api::ReplyError(exchange, doc.error());
  auto request = ReadWhatIf(*doc);
  if (!request) return api::ReplyError(exchange, request.error());
  if (!MayStart(exchange)) return;
  scheduler::RunTimeModel declared;
  auto jobs = JobsOf(*request, declared);
  if (!jobs) return api::ReplyError(exchange, jobs.error());
  std::shared_ptr<const store::Snapshot> snapshot = journal_.TakeSnapshot();
  if (snapshot == nullptr) return api::ReplyError(exchange, Unavailable("the store is not read"));
  scheduler::ForecastPlan plan;
  plan.now = loop_.Now();
  plan.horizon = request->horizon;
  plan.failover = failover_;
  Start(exchange, "application/json",
        [this, snapshot, facts = FactsOf(driver_->world()), request = std::move(*request),
         jobs = std::move(*jobs), declared = std::move(declared),
         plan = std::move(plan)](const std::atomic<bool>& cancelled) mutable {
          plan.cancelled = [&cancelled] { return cancelled.load(); };
          return Answer(journal_, *snapshot, facts, request, std::move(jobs), declared,
                        std::move(plan));
        });
}

void WhatIfService::Record(const ExchangePtr& exchange) {
  if (!MayStart(exchange)) return;
  std::shared_ptr<const store::Snapshot> snapshot = journal_.TakeSnapshot();
  if (snapshot == nullptr) return api::ReplyError(exchange, Unavailable("the store is not read"));
  Start(exchange, "application/x-ndjson",
        [this, snapshot, facts = FactsOf(driver_->world()),
         now = loop_.Now()](const std::atomic<bool>& cancelled) {
          return RecordTrace(journal_, *snapshot, facts, now, cancelled);
        });
}

Result<std::vector<scheduler::ForecastJob>> WhatIfService::JobsOf(
    const WhatIfRequest& request, scheduler::RunTimeModel& declared) const {
  const api::ServedKind& kind = *writer_->registry().FindStorage("jobs.batch");
  std::vector<scheduler::ForecastJob> out;
  for (const kube::Value& sent : request.jobs) {
    const std::string_view api_version = kube::GetString(sent, {"apiVersion"});
    if (kube::GetString(sent, {"kind"}) != "Job" || api_version != "batch/v1") {
      return Fail(kube::BadRequest("only Jobs of batch/v1 can be tried, not " +
                                   std::string(kube::GetString(sent, {"kind"})) + " of " +
                                   std::string(api_version)));
    }
    auto decoded =
        kube::DecodeObject(writer_->registry().schema(), *kind.info, kube::Serialize(sent));
    if (!decoded) return Fail(decoded.error());
    const std::string ns(kube::GetString(decoded->document, {"metadata", "namespace"}));
    if (ns.empty()) return Fail(kube::BadRequest("a Job to be tried needs metadata.namespace"));
    api::WriteOptions options;
    options.dry_run = true;
    auto made = writer_->CreateObject(kind, ns, std::move(decoded->document), options);
    if (!made) return Fail(made.error());
    auto doc = kube::ParseJson(*made->body);
    if (!doc) return Fail(doc.error());
    auto wish = driver_->WishOf(doc->get_object(), ns);
    if (!wish) return Fail(wish.error());
    const JobId id{out.size() + 1};
    NoteRunTime(id, doc->get_object(), declared);
    out.push_back({id, ns + "/" + made->name, std::move(wish->spec), wish->suspended, {}});
  }
  return out;
}

void WhatIfService::Start(const ExchangePtr& exchange, std::string content_type, Work work) {
  if (worker_.joinable()) worker_.join();  // it has ended
  running_ = true;
  cancelled_ = std::make_shared<std::atomic<bool>>(false);
  exchange->OnClose([cancelled = cancelled_] { *cancelled = true; });
  worker_ =
      std::thread([this, exchange, content_type = std::move(content_type), cancelled = cancelled_,
                   work = std::move(work), alive = std::weak_ptr<int>(life_)]() mutable {
        auto result = std::make_shared<Result<std::string>>(work(*cancelled));
        loop_.Post([this, exchange = std::move(exchange), content_type = std::move(content_type),
                    alive, result] {
          if (alive.expired()) return;
          running_ = false;
          if (!*result) return api::ReplyError(exchange, result->error());
          exchange->Reply(200, {{"content-type", content_type}}, std::move(**result));
        });
      });
}

}  // namespace fairway::gateway
