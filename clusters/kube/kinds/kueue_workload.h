// Rules about a Workload, above all its status. Pure; any thread.
#pragma once

#include <cstddef>

#include "clusters/kube/field_errors.h"
#include "clusters/kube/json.h"

namespace fairway::kube::kueue {

inline constexpr size_t kPodSetsMax = 18;

// The conditions, the admission (which can be set or unset, never changed) and the reclaimable pods
// of `doc`, and what may not follow `old`.
void ValidateWorkloadStatus(const Object& doc, const Object& old, FieldErrors& errors);

}  // namespace fairway::kube::kueue
