#include "gateway/api/get_handler.h"

#include "clusters/kube/errors.h"
#include "gateway/api/reply.h"

namespace fairway::gateway::api {

void HandleGet(const Services& services, const ContextPtr& context) {
  auto found = services.store.journal().Get(context->Key());
  if (!found) return ReplyError(*context, found.error());
  if (!*found) {
    return ReplyError(*context, kube::NotFound(*context->kind->info, context->info.name));
  }
  ReplyObject(*context, 200, (*found)->body);
}

}  // namespace fairway::gateway::api
