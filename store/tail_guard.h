// TailGuard: the highest revision that was ever reported durable, in a small file of its own beside
// the database.
//
// RocksDB ends the replay of its write-ahead log at the first bad record and cannot tell a torn
// tail (never reported) from damage to what was reported. The guard can: it is written after each
// sync, so a database that comes back with less than the guard says has lost committed records. It
// is not synced itself: after a power failure it may be older than the truth, never newer.
//
// Thread: the writer's, after Open().
#pragma once

#include <memory>
#include <string>

#include "scheduler/ids.h"
#include "scheduler/result.h"

namespace fairway::store {

class TailGuard {
 public:
  static Result<std::unique_ptr<TailGuard>> Open(const std::string& path);
  ~TailGuard();
  TailGuard(const TailGuard&) = delete;
  TailGuard& operator=(const TailGuard&) = delete;

  // What was found at Open(): zero for a new file, or one that a power failure left unreadable.
  Revision found() const { return found_; }
  // Never fails visibly: a guard that cannot be written guards less, and that is all.
  void Note(Revision durable);

 private:
  explicit TailGuard(int fd) : fd_(fd) {}
  int fd_;
  Revision found_;
};

}  // namespace fairway::store
