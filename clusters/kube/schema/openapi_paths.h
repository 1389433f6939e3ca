// OpenAPI paths of kinds: which operations there are and which parameters they take. Internal to
// schema/.
#pragma once

#include "clusters/kube/json.h"
#include "clusters/kube/schema/openapi_schema.h"
#include "clusters/kube/schema/schema.h"

namespace fairway::kube {

// Adds the paths of one kind: its collections, its objects and their subresources.
void AddKindPaths(const Schema& schema, const KindInfo& kind, OpenApiVersion version,
                  OpenApiSchemas& schemas, Object& paths);

}  // namespace fairway::kube
