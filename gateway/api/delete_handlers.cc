// DELETE of one object and of a collection.
#include <algorithm>
#include <limits>
#include <vector>

#include "clusters/kube/errors.h"
#include "gateway/api/commit_waiter.h"
#include "gateway/api/reply.h"
#include "gateway/api/selection.h"
#include "gateway/api/write_handlers.h"
#include "gateway/api/write_request.h"

namespace fairway::gateway::api {

namespace {

struct DeleteParameters {
  DeleteRequest request;
  bool dry_run = false;
  std::string uid, resource_version;  // preconditions
};

Error InvalidDelete(kube::FieldErrors errors) {
  return kube::InvalidOptions("DeleteOptions", std::move(errors));
}

Status SetPropagation(std::string_view policy, std::optional<bool> orphan,
                      DeleteParameters& parameters) {
  kube::FieldPath path("propagationPolicy");
  kube::FieldErrors errors;
  if (!policy.empty() && orphan) {
    errors.Invalid(path, policy, "orphanDependents and deletionPropagation cannot be both set");
    return Fail(InvalidDelete(std::move(errors)));
  }
  Propagation& out = parameters.request.propagation;
  if (orphan) {
    out = *orphan ? Propagation::kOrphan : Propagation::kBackground;
  } else if (policy == "Background") {
    out = Propagation::kBackground;
  } else if (policy == "Foreground") {
    out = Propagation::kForeground;
  } else if (policy == "Orphan") {
    out = Propagation::kOrphan;
  } else if (!policy.empty()) {
    errors.Unsupported(path, policy, {"Foreground", "Background", "Orphan"});
    return Fail(InvalidDelete(std::move(errors)));
  }
  return {};
}

Status SetDryRun(std::string_view value, DeleteParameters& parameters) {
  if (value == "All") {
    parameters.dry_run = true;
    return {};
  }
  kube::FieldErrors errors;
  errors.Unsupported(kube::FieldPath("dryRun"), value, {"All"});
  return Fail(InvalidDelete(std::move(errors)));
}

Result<DeleteParameters> FromQuery(const Request& request) {
  DeleteParameters parameters;
  std::optional<bool> orphan;
  if (request.Query("orphanDependents")) orphan = QueryBool(request, "orphanDependents");
  Status ok = SetPropagation(request.Query("propagationPolicy").value_or(""), orphan, parameters);
  if (!ok) return Fail(ok.error());
  auto grace = ParseIntQuery(request, "gracePeriodSeconds");
  if (!grace) return Fail(grace.error());
  parameters.request.grace_period_seconds = *grace;
  for (auto& [name, value] : request.query) {
    if (name != "dryRun") continue;
    if (Status dry = SetDryRun(value, parameters); !dry) return Fail(dry.error());
  }
  return parameters;
}

Result<DeleteParameters> FromBody(const kube::Object& body) {
  DeleteParameters parameters;
  std::string_view kind = kube::GetString(body, {"kind"});
  if (!kind.empty() && kind != "DeleteOptions") {
    return Fail(
        kube::BadRequest("the object provided is unrecognized (must be of type "
                         "DeleteOptions): " +
                         kube::GoQuote(kind)));
  }
  Status ok = SetPropagation(kube::GetString(body, {"propagationPolicy"}),
                             kube::Get<bool>(body, {"orphanDependents"}), parameters);
  if (!ok) return Fail(ok.error());
  parameters.request.grace_period_seconds = kube::Get<int64_t>(body, {"gracePeriodSeconds"});
  parameters.uid = kube::GetString(body, {"preconditions", "uid"});
  parameters.resource_version = kube::GetString(body, {"preconditions", "resourceVersion"});
  if (const kube::Array* dry_run = kube::GetArray(body, {"dryRun"})) {
    for (const kube::Value& value : *dry_run) {
      std::string_view text = value.is_string() ? std::string_view(value.get_string()) : "";
      if (Status dry = SetDryRun(text, parameters); !dry) return Fail(dry.error());
    }
  }
  return parameters;
}

// A body makes the server ignore the same options in the query.
Result<DeleteParameters> ParseDelete(const Context& context) {
  const Request& request = context.request();
  if (request.body.empty()) return FromQuery(request);
  auto body = ParseBodyLoosely(context);
  if (!body) return Fail(body.error());
  return FromBody(body->get_object());
}

WriteOptions DeleteOptionsOf(Context& context, const DeleteParameters& parameters,
                             const kube::StoragePtr& storage) {
  WriteOptions options;
  options.dry_run = parameters.dry_run;
  options.uid_precondition = parameters.uid;
  options.revision_precondition = parameters.resource_version;
  options.warnings = &context.warnings;
  options.storage = storage;
  return options;
}

}  // namespace

void HandleDelete(const Services& services, const ContextPtr& context) {
  auto parameters = ParseDelete(*context);
  if (!parameters) return ReplyError(*context, parameters.error());
  kube::MonotonicResource arena;
  const RequestInfo& info = context->info;
  auto outcome =
      services.writer.DeleteObject(*context->kind, info.ns, info.name, parameters->request,
                                   DeleteOptionsOf(*context, *parameters, &arena));
  if (!outcome) return ReplyError(*context, outcome.error());
  bool gone = outcome->effect == WriteOutcome::Effect::kDeleted;
  if (!gone || context->kind->info->delete_returns_object) {
    return AnswerWrite(services, context, *outcome);
  }
  services.commits.Answer(context, outcome->revision, [context, uid = outcome->uid] {
    context->format.view = View::kObject;
    ReplyDocument(*context, 200,
                  kube::DeletedStatus(*context->kind->info, context->info.name, uid));
  });
}

void HandleDeleteCollection(const Services& services, const ContextPtr& context) {
  auto parameters = ParseDelete(*context);
  if (!parameters) return ReplyError(*context, parameters.error());
  auto selection = Selection::Parse(*context);
  if (!selection) return ReplyError(*context, selection.error());
  auto limit = ParseIntQuery(context->request(), "limit");
  if (!limit) return ReplyError(*context, limit.error());
  int64_t left = limit->value_or(0) > 0 ? **limit : std::numeric_limits<int64_t>::max();

  const ServedKind& kind = *context->kind;
  std::vector<store::ObjectKey> keys;
  store::Journal::Range range{kind.storage_resource, context->info.ns, {}};
  Status scanned = services.store.ScanLatest(range, [&](const store::Object& object) {
    kube::MonotonicResource arena;
    auto doc = ParseServed(kind, *object.body, &arena);
    if (doc && selection->Matches(doc->get_object())) {
      keys.push_back(object.key);
      --left;
    }
    return left > 0;
  });
  if (!scanned) return ReplyError(*context, scanned.error());

  std::string text = "{\"kind\":\"" + std::string(kind.info->list_kind) + "\",\"apiVersion\":\"" +
                     kind.api_version + "\",\"metadata\":{},\"items\":[";
  Revision last = services.store.committed();
  bool first = true;
  for (const store::ObjectKey& key : keys) {
    kube::MonotonicResource arena;
    auto outcome = services.writer.DeleteObject(kind, key.ns, key.name, parameters->request,
                                                DeleteOptionsOf(*context, *parameters, &arena));
    if (!outcome) {
      if (outcome.error().code == 404) continue;
      return ReplyError(*context, outcome.error());
    }
    last = std::max(last, outcome->revision);
    if (!first) text += ',';
    first = false;
    text += *InServedForm(kind, outcome->body);
  }
  text += "]}\n";
  std::sort(context->warnings.begin(), context->warnings.end());
  context->warnings.erase(std::unique(context->warnings.begin(), context->warnings.end()),
                          context->warnings.end());
  services.commits.Answer(context, last,
                          [context, text = std::move(text)] { ReplyJson(*context, 200, text); });
}

}  // namespace fairway::gateway::api
