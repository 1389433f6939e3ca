// GET of one object. Thread: the loop.
#pragma once

#include "gateway/api/context.h"

namespace fairway::gateway::api {

void HandleGet(const Services& services, const ContextPtr& context);

}  // namespace fairway::gateway::api
