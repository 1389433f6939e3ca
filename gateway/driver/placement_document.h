// Placement objects: what the core decided about a job, as clients read it. Pure rendering.
#pragma once

#include <string>
#include <string_view>

#include "clusters/kube/json.h"
#include "scheduler/core.h"
#include "scheduler/records.h"

namespace fairway::gateway {

// The Placement of a job whose object is `job_uid`. With a decision its explanation is written;
// without one the explanation in `previous` (may be null) goes on. Built in `storage`.
kube::Value PlacementDocument(const scheduler::JobRecord& record, const scheduler::World& world,
                              const scheduler::Decision* decision, std::string_view job_uid,
                              const kube::Object* previous, const kube::StoragePtr& storage);

// Earlier placements of this record, as the API lists them.
kube::Array FormerEpochs(const scheduler::JobRecord& record, const scheduler::World& world,
                         const kube::StoragePtr& storage);

// EndReason in the words of the API: "CopyLost"; "" for none.
std::string_view EndReasonName(scheduler::EndReason reason);

// JobState in the words of the API: "Queued", "Running", ...
std::string_view StateName(scheduler::JobState state);

}  // namespace fairway::gateway
