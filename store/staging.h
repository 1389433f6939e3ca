// Staging: object states that are newer than the journal's committed ones. Writers of the same and
// of later turns see them; they leave when their revision is committed.
//
// Thread: the loop. Iteration is in key order, so that it merges with Journal::Scan.
#pragma once

#include <deque>
#include <map>
#include <optional>

#include "store/change.h"

namespace fairway::store {

class Staging {
 public:
  struct Entry {
    Revision revision;
    std::optional<Object> object;  // nullopt = deleted
  };
  using Map = std::map<ObjectKey, Entry>;

  void Put(const Change& change);
  // Null when the committed state is the newest.
  const Entry* Find(const ObjectKey& key) const;
  // The first entry with a key > `key` (or >= when `inclusive`), or null.
  const Map::value_type* Next(const ObjectKey& key, bool inclusive) const;
  // Everything up to `last` is committed now.
  void Committed(Revision last);
  size_t size() const { return entries_.size(); }

 private:
  Map entries_;
  // One per Put, in revision order: the entry leaves at its last one.
  std::deque<std::pair<Revision, Map::iterator>> order_;
};

}  // namespace fairway::store
