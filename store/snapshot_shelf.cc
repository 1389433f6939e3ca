#include "store/snapshot_shelf.h"

#include <algorithm>

namespace fairway::store {

void SnapshotShelf::Put(std::shared_ptr<const Snapshot> snapshot, Instant now) {
  DropOld(now);
  if (!kept_.empty() && kept_.back().snapshot->revision() >= snapshot->revision()) {
    kept_.back().used = now;
    return;
  }
  kept_.push_back({std::move(snapshot), now});
  while (kept_.size() > count_max_) kept_.pop_front();
}

std::shared_ptr<const Snapshot> SnapshotShelf::Find(Revision revision, Instant now) {
  DropOld(now);
  auto it = std::lower_bound(
      kept_.begin(), kept_.end(), revision,
      [](const Kept& kept, Revision wanted) { return kept.snapshot->revision() < wanted; });
  if (it == kept_.end() || it->snapshot->revision() != revision) return nullptr;
  it->used = now;  // a list under way keeps its state as long as its pages keep coming
  return it->snapshot;
}

std::shared_ptr<const Snapshot> SnapshotShelf::Newest() const {
  return kept_.empty() ? nullptr : kept_.back().snapshot;
}

void SnapshotShelf::DropOld(Instant now) {
  std::erase_if(kept_, [&](const Kept& kept) { return now - kept.used > age_max_; });
}

}  // namespace fairway::store
