#include "store/staging.h"

#include "scheduler/assert.h"

namespace fairway::store {

void Staging::Put(const Change& change) {
  FAIRWAY_ASSERT(order_.empty() || order_.back().first < change.revision);
  Entry entry{change.revision, std::nullopt};
  if (change.kind != Change::Kind::kDeleted) {
    entry.object = Object{change.key, change.revision, change.created, change.body};
  }
  auto it = entries_.insert_or_assign(change.key, std::move(entry)).first;
  order_.emplace_back(change.revision, it);
}

const Staging::Entry* Staging::Find(const ObjectKey& key) const {
  auto it = entries_.find(key);
  return it == entries_.end() ? nullptr : &it->second;
}

const Staging::Map::value_type* Staging::Next(const ObjectKey& key, bool inclusive) const {
  auto it = inclusive ? entries_.lower_bound(key) : entries_.upper_bound(key);
  return it == entries_.end() ? nullptr : &*it;
}

void Staging::Committed(Revision last) {
  while (!order_.empty() && order_.front().first <= last) {
    auto [revision, it] = order_.front();
    order_.pop_front();
    // A newer Put of the same key has its own place in the order, and erases the entry there.
    if (it->second.revision == revision) entries_.erase(it);
  }
}

}  // namespace fairway::store
