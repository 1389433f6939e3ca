// The patches that rewrite a document without knowing who owns what: JSON Patch (RFC 6902), merge
// patch (RFC 7386) and Kubernetes' strategic merge patch. Server-side apply is in managed_fields.h.
//
// Pure: documents in, documents out; any thread. The result may share the input's storage. Errors
// are what the API server answers (kube-api.md 5.2, 5.3).
#pragma once

#include "clusters/kube/json.h"
#include "clusters/kube/schema/schema.h"
#include "scheduler/result.h"

namespace fairway::kube {

inline constexpr size_t kJsonPatchOpsMax = 10'000;
// What the copy operations of one JSON patch may copy together: as much as a request may bring.
inline constexpr size_t kJsonPatchCopyBytesMax = 3'145'728;

// Applies the operations in order to a copy of `doc`. 400 for a malformed patch; 422 without
// details for a failed test or a path that is missing.
Result<Value> ApplyJsonPatch(const Value& doc, const Value& operations);

// Merges `patch` into `doc`: null deletes, objects merge, everything else replaces.
void ApplyMergePatch(Value& doc, const Value& patch);

// Merges `patch` into a copy of `doc` as its type says: lists with a merge key are merged item by
// item, and the directives $patch, $retainKeys, $deleteFromPrimitiveList and $setElementOrder are
// obeyed. A list item without its merge key is a 500 without a reason, as the API server has it.
Result<Value> ApplyStrategicMerge(const Schema& schema, const MessageType& type, const Value& doc,
                                  const Value& patch);

}  // namespace fairway::kube
