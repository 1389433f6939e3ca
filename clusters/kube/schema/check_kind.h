// The checks and error texts that all decoders of whole objects share. Internal to schema/.
#pragma once

#include <string_view>
#include <utility>

#include "clusters/kube/json.h"
#include "clusters/kube/schema/schema.h"
#include "scheduler/result.h"

namespace fairway::kube {

// "batch/v1" -> {"batch", "v1"}, "v1" -> {"", "v1"}.
std::pair<std::string_view, std::string_view> SplitApiVersion(std::string_view api_version);

// `<kind> in version "v1" cannot be handled as a Job: <why>`
Error CannotBeHandled(std::string_view kind, std::string_view version, const KindInfo& wanted,
                      std::string_view why);

// `the object provided is unrecognized (must be of type Job): <why> (<head of the body>)`
Error Unrecognized(const KindInfo& kind, std::string_view why, std::string_view body);

// Fills in the apiVersion and kind that the URL says where the object has none, and refuses an
// object of another kind.
Status CheckKind(const Schema& schema, const KindInfo& wanted, std::string_view body,
                 Object& object);

}  // namespace fairway::kube
