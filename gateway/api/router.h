// Router: from an authenticated, authorised request to the handler of its verb. It refuses what the
// discovery documents do not promise. Thread: the loop.
#pragma once

#include "gateway/api/context.h"

namespace fairway::gateway::api {

class Reviews;

// Answers a request for a resource. `context->info` is parsed and the user is known.
void RouteResource(const Services& services, Reviews& reviews, const ContextPtr& context);

}  // namespace fairway::gateway::api
