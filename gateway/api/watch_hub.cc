#include "gateway/api/watch_hub.h"

#include <algorithm>
#include <limits>
#include <vector>

#include "clusters/kube/errors.h"
#include "gateway/api/random_names.h"
#include "gateway/api/reply.h"

namespace fairway::gateway::api {

namespace {

constexpr int64_t kTimeoutSecondsMax = 24 * 3600;

Error InvalidWatch(std::string_view text) {
  kube::FieldErrors errors;
  errors.Forbidden(kube::FieldPath("resourceVersionMatch"), text);
  return kube::InvalidOptions("ListOptions", std::move(errors));
}

// Where the watch begins.
Status ParseStart(const Request& request, WatchParameters& parameters) {
  auto revision = ParseRevisionQuery(request);
  // On a watch Kubernetes answers this mistake with 500 and no reason.
  if (!revision) return Fail(kube::ReasonlessError(revision.error().message));
  bool initial_given = request.Query("sendInitialEvents").has_value();
  bool initial = QueryBool(request, "sendInitialEvents");
  if (initial_given && revision->match != "NotOlderThan") {
    return Fail(
        InvalidWatch("sendInitialEvents requires setting resourceVersionMatch to NotOlderThan"));
  }
  if (!initial_given && !revision->match.empty()) {
    return Fail(InvalidWatch(
        "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided"));
  }
  bool from_now = revision->unset() || revision->zero();
  parameters.initial_events = initial || (from_now && !initial_given);
  parameters.after = revision->revision.value_or(Revision{});
  return {};
}

Result<WatchParameters> ParseParameters(const Services& services, const Context& context) {
  const Request& request = context.request();
  WatchParameters parameters;
  if (Status ok = ParseStart(request, parameters); !ok) return Fail(ok.error());
  if (!parameters.initial_events && !parameters.after) {
    // sendInitialEvents=false without a revision: from now on.
    parameters.after = services.store.committed();
  }
  auto selection = Selection::Parse(context);
  if (!selection) return Fail(selection.error());
  parameters.selection = std::move(*selection);
  parameters.scope.resource = context.kind->storage_resource;
  parameters.scope.ns = context.info.ns;
  if (parameters.scope.ns.empty()) parameters.scope.ns = parameters.selection.fields.ns();
  parameters.scope.name = parameters.selection.fields.name();
  parameters.bookmarks = QueryBool(request, "allowWatchBookmarks");

  auto include = kube::ParseIncludeObject(request.Query("includeObject").value_or(""));
  if (!include) return Fail(include.error());
  parameters.form = {context.kind, context.format.view, *include, context.format.view_version};

  auto timeout = ParseIntQuery(request, "timeoutSeconds");
  if (!timeout) return Fail(timeout.error());
  int64_t seconds = timeout->value_or(0);
  if (seconds <= 0) {
    // Spread, so that clients that came together do not come back together.
    int64_t least = services.limits.watch_timeout_min_s;
    seconds = least + static_cast<int64_t>(RandomNumber() % static_cast<uint64_t>(least + 1));
  }
  parameters.timeout_seconds = std::min(seconds, kTimeoutSecondsMax);
  return parameters;
}

}  // namespace

WatchHub::~WatchHub() = default;

void WatchHub::Handle(const Services& services, const ContextPtr& context) {
  auto parameters = ParseParameters(services, *context);
  if (!parameters) return ReplyError(*context, parameters.error());
  size_t& of_user = per_user_[context->user.name];
  if (sessions_.size() >= services.limits.watches_max ||
      of_user >= services.limits.watches_per_user_max) {
    return ReplyError(*context, kube::TooManyRequests("too many watches are open"));
  }
  Open(services, context, std::move(*parameters));
}

void WatchHub::Open(const Services& services, const ContextPtr& context,
                    WatchParameters parameters) {
  if (!bookmark_timer_) {
    bookmark_timer_ =
        loop_.StartRepeating(services.limits.bookmark_interval_ms, [this] { SendBookmarks(); });
  }
  context->in_flight.reset();
  // The session tells the hub of its end by its own address.
  auto slot = std::make_shared<WatchSession*>(nullptr);
  auto session = std::make_shared<WatchSession>(services, encoder_, context, std::move(parameters),
                                                [this, slot] { Remove(*slot); });
  *slot = session.get();
  sessions_.emplace(session.get(), session);
  ++per_user_[session->user()];
  session->Start();
}

void WatchHub::Remove(WatchSession* session) {
  auto found = sessions_.find(session);
  if (found == sessions_.end()) return;
  auto count = per_user_.find(session->user());
  if (count != per_user_.end() && --count->second == 0) per_user_.erase(count);
  // It may be running: keep it until the current callback has returned.
  loop_.Defer([keep = std::move(found->second)] {});
  sessions_.erase(found);
}

void WatchHub::SendBookmarks() {
  std::vector<std::shared_ptr<WatchSession>> all;
  all.reserve(sessions_.size());
  for (auto& [address, session] : sessions_) all.push_back(session);
  for (auto& session : all) session->SendBookmark();
}

}  // namespace fairway::gateway::api
