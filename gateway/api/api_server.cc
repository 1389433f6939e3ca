#include "gateway/api/api_server.h"

#include <algorithm>
#include <utility>

#include "clusters/kube/errors.h"
#include "gateway/api/commit_waiter.h"
#include "gateway/api/created_forms.h"
#include "gateway/api/event_expiry.h"
#include "gateway/api/event_recorder.h"
#include "gateway/api/flow_gate.h"
#include "gateway/api/garbage_collector.h"
#include "gateway/api/namespace_controller.h"
#include "gateway/api/nonresource.h"
#include "gateway/api/random_names.h"
#include "gateway/api/reply.h"
#include "gateway/api/reviews.h"
#include "gateway/api/router.h"
#include "gateway/api/static_access.h"
#include "gateway/api/watch_hub.h"

namespace fairway::gateway::api {

namespace {

// Above it clients' writes wait their turn; the store refuses everybody's at a multiple of it.
constexpr size_t kBacklogBytes = 8u << 20;
constexpr std::string_view kFlowDumpPath = "/debug/api_priority_and_fairness/dump_priority_levels";

}  // namespace

struct ApiServer::Impl {
  Impl(Loop& l, store::ObjectStore& s, ApiServerOptions o)
      : loop(l),
        store(s),
        options(std::move(o)),
        registry(kube::Schema::Builtin(), kube::Strategies::Builtin(), options.served),
        writer(store, registry, [this] { return loop.Now(); }),
        static_access(options.static_token),
        access(options.access != nullptr ? *options.access : static_access),
        commits(loop, store, options.limits.request_timeout_ms),
        watches(loop),
        reviews(access),
        nonresource(registry, options),
        flows(loop, GateOptions(),
              [this](const ContextPtr& context) { RouteResource(services, reviews, context); }) {}

  FlowGate::Options GateOptions() const;

  void Handle(const ExchangePtr& exchange);
  void ReplyFlowDump(const ExchangePtr& exchange) const;
  bool Authorize(const ContextPtr& context);

  Loop& loop;
  store::ObjectStore& store;
  const ApiServerOptions options;
  const Registry registry;
  ObjectWriter writer;
  StaticAccess static_access;
  Access& access;
  CommitWaiter commits;
  CreatedForms forms;
  WatchHub watches;
  Reviews reviews;
  NonResource nonresource;
  EventRecorder events{writer, options.component};
  std::unique_ptr<NamespaceController> namespaces;
  std::unique_ptr<GarbageCollector> collector;
  std::unique_ptr<EventExpiry> expiry;
  FlowGate flows;
  Services services{loop, store, registry, writer, watches, commits, forms, options.limits};
};

ApiServer::ApiServer(Loop& loop, store::ObjectStore& store, ApiServerOptions options)
    : impl_(std::make_unique<Impl>(loop, store, std::move(options))) {}

ApiServer::~ApiServer() = default;

void ApiServer::Handle(ExchangePtr exchange) { impl_->Handle(exchange); }

void ApiServer::Impl::Handle(const ExchangePtr& exchange) {
  const Request& request = exchange->request();
  auto context = std::make_shared<Context>();
  context->exchange = exchange;
  context->now = loop.Now();
  context->schema = &registry.schema();
  context->info = ParseRequestInfo(request);
  if (!context->info.is_resource && NonResource::IsPublic(request.path)) {
    return nonresource.Handle(exchange);
  }
  context->audit_id = NewUid();
  auto user = access.Authenticate(request);
  if (!user) return ReplyError(*context, user.error());
  context->user = std::move(*user);
  context->access = &access;
  if (!Authorize(context)) return;
  if (!context->info.is_resource) {
    if (request.path == kFlowDumpPath) return ReplyFlowDump(exchange);
    return nonresource.Handle(exchange);
  }
  if (options.admit_submission) context->admit_submission = &options.admit_submission;
  flows.Admit(context);
}

FlowGate::Options ApiServer::Impl::GateOptions() const {
  const ApiLimits& limits = options.limits;
  FlowGate::Options gate;
  gate.limits.seats_max = limits.in_flight_max;
  gate.limits.user_seats_max = std::min(limits.in_flight_per_user_max, limits.in_flight_max);
  gate.limits.queued_max = limits.queued_max;
  gate.limits.flow_queued_max = limits.queued_per_flow_max;
  gate.may_write = [this] { return store.journal().pending_bytes() < kBacklogBytes; };
  return gate;
}

void ApiServer::Impl::ReplyFlowDump(const ExchangePtr& exchange) const {
  exchange->Reply(200, {{"content-type", "text/plain; charset=utf-8"}}, flows.DumpLevels());
}

bool ApiServer::Impl::Authorize(const ContextPtr& context) {
  const RequestInfo& info = context->info;
  AccessQuery query{info.verb,        info.group, info.version,         info.resource,
                    info.subresource, info.ns,    info.authorized_name, ""};
  if (!info.is_resource) query.path = info.path;
  AccessDecision decision = access.Authorize(context->user, query);
  if (decision.allowed) return true;
  ReplyError(*context, kube::AccessDenied({.user = context->user.name,
                                           .verb = query.verb,
                                           .group = query.group,
                                           .resource = query.resource,
                                           .subresource = query.subresource,
                                           .ns = query.ns,
                                           .name = query.name,
                                           .path = query.path,
                                           .detail = decision.reason}));
  return false;
}

Status ApiServer::Start() {
  Impl& impl = *impl_;
  if (!impl.options.controllers) return {};
  if (impl.registry.FindStorage("namespaces") != nullptr) {
    impl.namespaces =
        std::make_unique<NamespaceController>(impl.loop, impl.writer, impl.options.root_ca_pem);
    if (Status started = impl.namespaces->Start(); !started) return started;
  }
  if (impl.registry.FindStorage("events") != nullptr) {
    impl.expiry =
        std::make_unique<EventExpiry>(impl.loop, impl.writer, impl.options.limits.event_ttl_ms);
    if (Status started = impl.expiry->Start(); !started) return started;
  }
  impl.collector =
      std::make_unique<GarbageCollector>(impl.loop, impl.writer, impl.options.uncollected);
  impl.collector->Start();
  return {};
}

EventRecorder& ApiServer::events() { return impl_->events; }
ObjectWriter& ApiServer::writer() { return impl_->writer; }
const Registry& ApiServer::registry() const { return impl_->registry; }
Health& ApiServer::health() { return impl_->nonresource.health(); }
size_t ApiServer::watches() const { return impl_->watches.size(); }
size_t ApiServer::in_flight() const { return impl_->flows.seats(); }

}  // namespace fairway::gateway::api
