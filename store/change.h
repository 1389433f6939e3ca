// One change of one object: what the watch log is made of, and what every watcher sees.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "scheduler/edit.h"
#include "scheduler/ids.h"
#include "store/object_key.h"

namespace fairway::store {

// An object's JSON as clients get it, resourceVersion included. Shared, never changed.
using Body = std::shared_ptr<const std::string>;

struct Object {
  ObjectKey key;
  Revision revision;  // of the last change
  Revision created;   // of the change that created it; a Job's is its JobId
  Body body;
};

struct Change {
  enum class Kind : uint8_t { kAdded, kModified, kDeleted };
  Kind kind = Kind::kAdded;
  ObjectKey key;
  Revision revision;
  Revision created;
  Revision prev_revision;  // zero when added
  Body body;               // when deleted: the last state, carrying the deletion's resourceVersion
  Body prev_body;          // null when added
};
using ChangePtr = std::shared_ptr<const Change>;

// Whether `key` is under (resource, ns, name), where an empty part matches everything.
inline bool InScope(const ObjectKey& key, const std::string& resource, const std::string& ns,
                    const std::string& name) {
  return (resource.empty() || key.resource == resource) && (ns.empty() || key.ns == ns) &&
         (name.empty() || key.name == name);
}

// What one loop turn saves as one atomic, synced write.
struct Batch {
  Revision last;  // the highest revision used so far, also when no change is inside
  std::vector<ChangePtr> changes;                         // in revision order
  std::vector<scheduler::Edit> edits;                     // in the order of World::Apply
  std::vector<std::pair<std::string, std::string>> meta;  // small values, as by Journal::PutMeta
};

}  // namespace fairway::store
