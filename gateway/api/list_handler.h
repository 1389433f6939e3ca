// GET of a collection: consistent pages from snapshots, selectors, views. Thread: the loop.
#pragma once

#include "gateway/api/context.h"

namespace fairway::gateway::api {

void HandleList(const Services& services, const ContextPtr& context);

}  // namespace fairway::gateway::api
