// The origin of a copy: what a member's Job does not carry of the gateway's, kept in one bounded
// annotation, so that the gateway's Job can be made again when its store is gone. Pure.
#pragma once

#include <cstddef>
#include <string>

#include "clusters/kube/json.h"
#include "scheduler/ids.h"
#include "scheduler/result.h"

namespace fairway::clusters {

// Beyond it the finalizers are left out, which are all that can be long.
inline constexpr size_t kOriginBytesMax = 4096;

// The annotation's text, made of the gateway's Job: creationTimestamp, generation, finalizers,
// generateName, ttlSecondsAfterFinished, managedBy. Short keys: every copy carries it.
std::string OriginOf(const kube::Object& job);

// The gateway's Job as the copy lets it be known: under its uid, without a status. 422 when the Job
// is no copy of ours. Owner references are not restored: what they named may be gone, and the
// collector would take the Job for garbage.
Result<kube::Value> RebuildJob(const kube::Object& copy);

}  // namespace fairway::clusters
