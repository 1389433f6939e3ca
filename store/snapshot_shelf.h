// SnapshotShelf: recent snapshots by revision, so that the next page of a list finds the state of
// its first page. Bounded in number and age; the oldest leave first.
//
// Thread: the loop.
#pragma once

#include <deque>
#include <memory>

#include "scheduler/instant.h"
#include "store/journal.h"

namespace fairway::store {

class SnapshotShelf {
 public:
  SnapshotShelf(size_t count_max, Duration age_max) : count_max_(count_max), age_max_(age_max) {}

  void Put(std::shared_ptr<const Snapshot> snapshot, Instant now);
  std::shared_ptr<const Snapshot> Find(Revision revision, Instant now);
  // The newest one, or null.
  std::shared_ptr<const Snapshot> Newest() const;
  void DropOld(Instant now);
  size_t size() const { return kept_.size(); }

 private:
  struct Kept {
    std::shared_ptr<const Snapshot> snapshot;
    Instant used;
  };
  const size_t count_max_;
  const Duration age_max_;
  std::deque<Kept> kept_;  // by revision
};

}  // namespace fairway::store
