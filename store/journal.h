// Journal: durable storage of objects, core edits and the watch log. Two implementations:
// RocksJournal (the product) and MemoryJournal (the deterministic twin with crash points, and the
// simulated clusters' store).
//
// Threads: all calls come from one thread, the loop; RocksJournal commits on a writer thread of its
// own and hands completions back through the Poster given at construction. Reads see committed
// state only.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "scheduler/edit.h"
#include "scheduler/result.h"
#include "store/change.h"

namespace fairway::store {

// Runs a function on the loop thread soon; callable from any thread.
using Poster = std::function<void(std::function<void()>)>;

// A consistent view of one moment, for paged lists. Releasing the last reference frees it.
class Snapshot {
 public:
  virtual ~Snapshot() = default;
  virtual Revision revision() const = 0;
};

// Whether writes are accepted. `error` says why not, in words for an operator.
struct Health {
  bool writable = true;
  std::string error;
};

class Journal {
 public:
  virtual ~Journal() = default;

  // Queues `batch`; `committed(last)` runs on the loop once it is durable, in the order of the
  // calls. A storage fault does not fail the batch: it is kept and tried again until the fault is
  // gone, while health() says why nothing is accepted. Nothing is ever reported committed that is
  // not.
  virtual void Append(Batch batch, std::function<void(Revision last)> committed) = 0;

  virtual Revision committed() const = 0;
  // The oldest revision from which the log is still whole: changes with revision > this can be
  // read.
  virtual Revision log_start() const = 0;
  virtual Health health() const = 0;
  // Called on the loop at each change of health().
  virtual void OnHealth(std::function<void(const Health&)> changed) = 0;
  // Bytes and batches not yet durable: the front door refuses writes above its limit.
  virtual size_t pending_bytes() const = 0;

  virtual std::shared_ptr<const Snapshot> TakeSnapshot() = 0;

  // Reads one object; null snapshot = latest committed.
  virtual Result<std::optional<Object>> Get(const ObjectKey& key, const Snapshot* at = nullptr) = 0;
  // Visits objects of `resource` in key order, from the first key > (after_ns, after_name) when
  // given, limited to namespace `ns` unless empty, until visit() returns false.
  struct Range {
    std::string resource;
    std::string ns;  // empty = all
    std::optional<std::pair<std::string, std::string>> after;
  };
  virtual Status Scan(const Range& range, const Snapshot* at,
                      const std::function<bool(const Object&)>& visit) = 0;
  // Visits log entries with revision > `after`, oldest first, until visit() returns false. 410
  // Expired when `after` < log_start().
  virtual Status ReadLog(Revision after, const std::function<bool(const ChangePtr&)>& visit) = 0;

  // Feeds every stored core record, in key order: the caller rebuilds World. May run on a thread of
  // its own while the loop leaves the journal alone.
  virtual Status Recover(
      const std::function<Status(std::string_view key, std::string_view value)>& visit) = 0;

  // Like ReadLog for the changes in `scope` only (empty parts = all): others cost no body reads.
  // Looks at no more than `scan_max` entries (0 = no limit). Returns the revision up to which the
  // log has been read; everything in scope up to it was visited.
  struct LogScope {
    std::string resource, ns, name;
  };
  virtual Result<Revision> ReadLogScope(const LogScope& scope, Revision after, size_t scan_max,
                                        const std::function<bool(const ChangePtr&)>& visit) = 0;

  // Small values beside the objects (keys, counters). Batch.meta saves such values with a batch.
  virtual Result<std::optional<std::string>> GetMeta(std::string_view key) = 0;
  virtual Status PutMeta(std::string_view key,
                         std::string_view value) = 0;  // synced before it returns

  // Runs `fn` on the loop in a later turn: the Poster that the journal was given.
  virtual void Post(std::function<void()> fn) = 0;

  // Drops log entries with revision <= `until`. Cheap; runs behind the scenes.
  virtual void TrimLog(Revision until) = 0;
  // A consistent copy of everything into the new directory `path`, made online.
  virtual Status Checkpoint(const std::string& path) = 0;
};

}  // namespace fairway::store
