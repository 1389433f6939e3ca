// Who owns which field: metadata.managedFields and server-side apply. Follows the algorithm that
// Kubernetes documents for structured merge (kube-api.md 5.4); the data format is FieldsV1.
//
// Pure; any thread. Times are handed in.
#pragma once

#include <string>
#include <vector>

#include "clusters/kube/json.h"
#include "clusters/kube/patch/field_set.h"
#include "clusters/kube/schema/schema.h"
#include "scheduler/result.h"

namespace fairway::kube {

// Update entries beyond this are folded into one per API version called ancient-changes.
inline constexpr size_t kUpdateManagersMax = 10;

// Who writes, and how. `manager` is ?fieldManager or the User-Agent up to its first '/'.
struct Writer {
  std::string manager;
  std::string api_version;  // batch/v1
  std::string subresource;  // "" or "status"
  std::string time;         // RFC 3339
};

// One entry of metadata.managedFields, decoded. An apply that changed nothing has no time.
struct ManagerEntry {
  std::string manager, operation, api_version, time, subresource;
  FieldSet fields;
};

std::vector<ManagerEntry> DecodeManagedFields(const Value& doc);
// Writes the entries in the order in which an API server keeps them; none removes the field.
void EncodeManagedFields(std::vector<ManagerEntry> entries, Value& doc);

// Records a create (before == null), update or non-apply patch in after's managedFields: the writer
// gains what was added or changed, all others lose it. What `after` itself says under managedFields
// counts only when it is an explicit reset (`[{}]` or `[]`); otherwise before's entries go on. When
// nothing changed the entries stay as they are. An object without entries is not tracked again
// until it is applied.
void TrackUpdate(const Schema& schema, const MessageType& type, const Value* before, Value& after,
                 const Writer& writer);

// Server-side apply of `config` onto `live` (null: the object does not exist). The result is a
// decoded document with the new managedFields; the caller then defaults and validates it. 409
// Conflict with one cause per field when others own what would change, unless `force`. 400 when
// config carries managedFields, 500 without a reason when it does not fit the schema.
Result<Value> Apply(const Schema& schema, const MessageType& type, const Value* live,
                    const Value& config, const Writer& writer, bool force, StoragePtr storage = {});

// Whether two documents say the same apart from managedFields' times.
bool SameButTimes(const Value& a, const Value& b);

}  // namespace fairway::kube
