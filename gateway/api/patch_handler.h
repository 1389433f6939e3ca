// PATCH in its four forms: JSON patch, merge patch, strategic merge patch, server-side apply.
// Thread: the loop.
#pragma once

#include "gateway/api/context.h"

namespace fairway::gateway::api {

void HandlePatch(const Services& services, const ContextPtr& context);

}  // namespace fairway::gateway::api
