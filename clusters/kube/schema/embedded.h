// The schema texts that CMake embeds in the binary (schema/embed.cmake). They live for ever.
#pragma once

#include <vector>

#include "clusters/kube/schema/schema.h"

namespace fairway::kube {

std::vector<Schema::Source> EmbeddedSchemaSources();

}  // namespace fairway::kube
