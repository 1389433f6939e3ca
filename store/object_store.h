// ObjectStore: the loop thread's view of the Journal. It hands out revisions, shows staged (not yet
// committed) state to writers, groups all changes of one loop turn into one batch, runs what waited
// for a commit, and feeds watchers in order.
//
// Thread: the loop. Lifetime: outlives every subscription (each holds a token).
//
// A write is: Latest(key) -> decide -> NextRevision() -> Stage(change) -> AfterCommit(revision,
// answer). Observers see each staged change at once, inside the same batch, and may stage more:
// that is how a Job write, the core's decision about it and the resulting edits become one atomic
// commit.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "scheduler/edit.h"
#include "scheduler/instant.h"
#include "scheduler/result.h"
#include "store/change.h"
#include "store/journal.h"

namespace fairway::store {

class ObjectStore {
 public:
  // `defer` runs a function at the end of the current loop turn; used to flush the turn's batch.
  using Defer = std::function<void(std::function<void()>)>;

  struct Limits {
    size_t pending_bytes_max = 64u << 20;  // above it CanWrite() fails with 429
    size_t ring_bytes_max = 64u << 20;     // recent changes kept in memory for watchers
    size_t snapshots_max = 256;            // paged lists under way
    int64_t snapshot_age_ms = 300'000;     // a page that comes later gets 410
    int64_t log_retention_ms = 3'600'000;  // watch history
    // The log's bound whatever its age; about 4 KB of disk each at worst before compression.
    uint64_t log_revisions_max = 4'000'000;
  };
  // Wall-clock time. Without a clock the log is bounded by number only.
  using Clock = std::function<Instant()>;

  ObjectStore(Journal& journal, Defer defer, Limits limits, Clock clock = {});
  ~ObjectStore();

  // --- writing ---------------------------------------------------------------------------------
  // 429 when too much is in flight, 503 when the journal is read-only; else OK.
  Status CanWrite() const;
  // The next revision; every call consumes one.
  Revision NextRevision();
  // The newest state, staged changes included; nullopt when absent.
  Result<std::optional<Object>> Latest(const ObjectKey& key);
  // Like Latest for a range: visits staged and committed objects merged, in key order.
  Status ScanLatest(const Journal::Range& range, const std::function<bool(const Object&)>& visit);
  // Stages one change. change.revision must come from NextRevision(), in order; prev_* and created
  // are filled in here.
  void Stage(Change change);
  void StageEdit(scheduler::Edit edit);
  // Runs `done` on the loop once everything staged up to `revision` is committed.
  void AfterCommit(Revision revision, std::function<void()> done);

  // Called for every staged change, synchronously, in order. For controllers inside the process.
  using Observer = std::function<void(const Change&)>;
  void AddObserver(Observer observer);

  // --- reading (committed state) ---------------------------------------------------------------
  Revision committed() const;
  // The highest revision handed out.
  Revision staged() const;
  Journal& journal();

  // Snapshot for a list. With `keep` it stays under its revision for a bounded time, so that the
  // `continue` of a paged list finds it.
  std::shared_ptr<const Snapshot> SnapshotNow(bool keep = true);
  // The snapshot of exactly `revision`, or null when it was not kept (410 Expired).
  std::shared_ptr<const Snapshot> SnapshotAt(Revision revision);

  // --- watching --------------------------------------------------------------------------------
  // Where a watcher looks: a resource, optionally one namespace, optionally one name.
  struct WatchScope {
    std::string resource;
    std::string ns;
    std::string name;
  };
  class Subscription;  // destroying it ends the delivery
  // Delivers, from later turns on, every committed change in scope with revision > `after`, in
  // order and exactly once, from memory or the persisted log. Also calls deliver({}, revision) with
  // progress, so that bookmarks can be sent. deliver() returns false to be paused: it is called
  // again after Resume(). 410 Expired when the log no longer reaches back.
  //
  // Progress comes once when the subscription has caught up, and from TellProgress(); for a
  // bookmark between, ask Subscription::Through(). `ended` is called at most once, when a paused
  // subscription was overtaken by the log's retention (410) or the log cannot be read; nothing is
  // delivered afterwards.
  using Deliver = std::function<bool(const std::vector<ChangePtr>& changes, Revision through)>;
  using Ended = std::function<void(const Error& why)>;
  Result<std::unique_ptr<Subscription>> Watch(WatchScope scope, Revision after, Deliver deliver,
                                              Ended ended = {});
  // Calls deliver({}, committed) for every subscription that has nothing waiting: a timer's work.
  void TellProgress();
  // Trims the log by age. Writes do it in passing; a timer does it while there are none.
  void Maintain();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

class ObjectStore::Subscription {
 public:
  virtual ~Subscription() = default;
  virtual void Resume() = 0;
  // Every change in scope up to it was delivered: what a bookmark may promise.
  virtual Revision Through() const = 0;
};

}  // namespace fairway::store
