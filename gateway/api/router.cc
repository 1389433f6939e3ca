#include "gateway/api/router.h"

#include <algorithm>

#include "clusters/kube/errors.h"
#include "gateway/api/get_handler.h"
#include "gateway/api/list_handler.h"
#include "gateway/api/patch_handler.h"
#include "gateway/api/reply.h"
#include "gateway/api/reviews.h"
#include "gateway/api/watch_hub.h"
#include "gateway/api/write_handlers.h"

namespace fairway::gateway::api {

namespace {

// Whether the path fits the kind: namespaced kinds are named inside a namespace, others outside.
bool FitsScope(const kube::KindInfo& kind, const RequestInfo& info) {
  if (!kind.namespaced) return info.ns.empty();
  return !info.ns.empty() || info.name.empty();
}

bool Allows(const kube::KindInfo& kind, const RequestInfo& info, const Request& request) {
  const std::string& method = request.method;
  if (method == "HEAD" || method == "OPTIONS") return false;
  if (!info.subresource.empty()) {
    const kube::Subresource* sub = kind.FindSubresource(info.subresource);
    return std::find(sub->verbs.begin(), sub->verbs.end(), info.verb) != sub->verbs.end();
  }
  if (!kind.HasVerb(info.verb)) return false;
  bool named = !info.name.empty();
  if (info.verb == "create") return !named && (info.ns.empty() != kind.namespaced);
  if (info.verb == "update" || info.verb == "patch") return named;
  if (info.verb == "deletecollection") return info.ns.empty() != kind.namespaced;
  return true;
}

Answer AnswerOf(const kube::KindInfo& kind, const RequestInfo& info) {
  if (kind.ephemeral) return Answer::kReview;
  if (info.verb == "watch") return Answer::kWatch;
  if (info.verb == "list" || info.verb == "deletecollection") return Answer::kList;
  return Answer::kObject;
}

void Dispatch(const Services& services, const ContextPtr& context) {
  const std::string& verb = context->info.verb;
  if (verb == "get") return HandleGet(services, context);
  if (verb == "list") return HandleList(services, context);
  if (verb == "watch") return services.watches.Handle(services, context);
  if (verb == "create") return HandleCreate(services, context);
  if (verb == "update") return HandleUpdate(services, context);
  if (verb == "patch") return HandlePatch(services, context);
  if (verb == "delete") return HandleDelete(services, context);
  if (verb == "deletecollection") return HandleDeleteCollection(services, context);
  ReplyError(*context, kube::MethodNotAllowed());
}

}  // namespace

void RouteResource(const Services& services, Reviews& reviews, const ContextPtr& context) {
  const RequestInfo& info = context->info;
  if (!services.registry.HasGroupVersion(info.group, info.version)) {
    return ReplyPageNotFound(context->exchange);
  }
  const ServedKind* kind = services.registry.FindResource(info.group, info.version, info.resource);
  if (kind == nullptr || !FitsScope(*kind->info, info)) {
    return ReplyError(*context, kube::UnknownResource());
  }
  context->kind = kind;
  if (!info.subresource.empty() && kind->info->FindSubresource(info.subresource) == nullptr) {
    return ReplyError(*context, kube::UnknownResource());
  }
  if (!Allows(*kind->info, info, context->request())) {
    return ReplyError(*context, kube::MethodNotAllowed());
  }
  auto format = NegotiateOutput(context->request(), AnswerOf(*kind->info, info));
  if (!format) return ReplyError(*context, format.error());
  context->format = *format;
  if (kind->info->ephemeral) return reviews.Handle(context);
  Dispatch(services, context);
}

}  // namespace fairway::gateway::api
