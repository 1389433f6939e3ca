// Retention: which part of the watch log is old enough to go. It keeps time marks ("at this time
// the newest revision was that"), saved with the batches, so that the age of the log is known after
// a restart too.
//
// Thread: the loop. A clock that steps back delays trimming, never hastens it.
#pragma once

#include <deque>
#include <optional>
#include <string>
#include <string_view>

#include "scheduler/ids.h"
#include "scheduler/instant.h"
#include "scheduler/result.h"

namespace fairway::store {

class Retention {
 public:
  // The log keeps changes younger than `age`, and no more than `revisions_max` revisions.
  Retention(Duration age, uint64_t revisions_max) : age_(age), revisions_max_(revisions_max) {}

  // Name of the value in the journal that holds the marks.
  static constexpr std::string_view kMetaKey = "log.marks";
  Status Load(std::string_view saved);
  std::string Save() const;

  // Notes that `newest` is the newest revision at `now`; true when a mark was made, which is to be
  // saved with the batch. Marks are at least age/32 or revisions_max/32 apart.
  bool Note(Instant now, Revision newest);
  // Up to where the log may go now; forgets the marks up to there.
  std::optional<Revision> Due(Instant now, Revision newest);

  size_t marks() const { return marks_.size(); }

 private:
  struct Mark {
    Instant at;
    Revision newest;
  };
  const Duration age_;
  const uint64_t revisions_max_;
  std::deque<Mark> marks_;  // both fields rise
};

}  // namespace fairway::store
