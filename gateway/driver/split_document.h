// Split jobs as clients see them: the parts in a Placement, one status of a Job out of those of its
// parts' copies, one queue entry. Pure rendering.
#pragma once

#include <string>
#include <string_view>

#include "clusters/kube/json.h"
#include "scheduler/decision.h"
#include "scheduler/world.h"

namespace fairway::gateway {

// status.shards of the Placement of this split job. What members have reported of a part is taken
// over from `previous` (the Placement so far; may be null). `waits`: why one of the parts waits
// now.
kube::Array ShardsDocument(const scheduler::JobRecord& whole, const scheduler::World& world,
                           const kube::Object* previous, const scheduler::Decision* waits,
                           const kube::StoragePtr& storage);

// What the parts have in common: "Running" as soon as one runs, "Uncertain" as soon as one is.
std::string_view StateOfParts(const scheduler::JobRecord& whole, const scheduler::World& world);

// Takes a member's report of the copy of a part into its entry of `shards`.
Status NoteShardStatus(const scheduler::JobRecord& part, std::string_view member_status,
                       kube::Array& shards);

// The Job's status out of all `shards` and the latest report, which is of `part`. A result is shown
// once the whole has one.
Status MergeSplitStatus(const scheduler::JobRecord& whole, const scheduler::JobRecord& part,
                        std::string_view member_status, const kube::Array& shards,
                        kube::Object& job);

// The split job as one queue entry: what its parts were given together. Not a record of any world.
scheduler::JobRecord AsOneEntry(const scheduler::JobRecord& whole, const scheduler::World& world);

// The copy of a part runs no more pods at once than are its share. False when `record` is no part.
bool ShareParallelism(const scheduler::JobRecord& record, const scheduler::World& world,
                      kube::Object& job);

}  // namespace fairway::gateway
