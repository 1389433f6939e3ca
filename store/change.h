// One change of one object: what the watch log is made of, and what every watcher sees.
#pragma once

#include <memory>
#include <string>
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

// What one loop turn saves as one atomic, synced write.
struct Batch {
  Revision last;  // the highest revision used so far, also when no change is inside
  std::vector<ChangePtr> changes;      // in revision order
  std::vector<scheduler::Edit> edits;  // in the order of World::Apply
};

}  // namespace fairway::store
