// MemoryJournal: the deterministic twin of RocksJournal. It keeps everything in maps, commits when
// it is told to (or by itself through the poster), can be made to fail, and can crash: what was
// appended but not made durable is lost, what was durable stays. Also the store of simulated
// clusters, with a bounded log.
//
// Thread: the loop's. Same inputs in the same order give the same state and the same callbacks.
#pragma once

#include <deque>
#include <map>
#include <set>

#include "store/journal.h"

namespace fairway::store {

class MemoryJournal final : public Journal {
 public:
  struct Options {
    Poster post;
    // True: batches become durable only by Persist*() and are reported only by Report(). False:
    // both happen by themselves in a later turn.
    bool manual = false;
    // Oldest log entries are dropped above it; 0 = keep all.
    size_t log_changes_max = 0;
  };
  explicit MemoryJournal(Options options);
  ~MemoryJournal() override;

  // --- steering, for tests and the simulation --------------------------------------------------
  // Appended batches that are not durable yet.
  size_t queued() const { return queue_.size(); }
  // Makes the oldest queued batch durable without reporting it; false when there is none or writes
  // fail. A crash after it is the crash between "saved" and "told".
  bool PersistOne();
  // Runs the completions of everything durable.
  void Report();
  // PersistOne and Report; true when there was something to commit.
  bool CommitOne();
  void CommitAll();
  // Loses all that is not durable, all completions, and all snapshots' owners may go on reading.
  // Open a new ObjectStore on this journal afterwards, as a restarted process would.
  void Crash();
  // From now on nothing becomes durable, and health() says `why`.
  void FailWrites(std::string why);
  void Heal();

  // --- Journal -----------------------------------------------------------------------------------
  void Append(Batch batch, std::function<void(Revision last)> committed) override;
  Revision committed() const override { return committed_; }
  Revision log_start() const override { return log_start_; }
  Health health() const override { return health_; }
  void OnHealth(std::function<void(const Health&)> changed) override;
  size_t pending_bytes() const override { return pending_bytes_; }
  std::shared_ptr<const Snapshot> TakeSnapshot() override;
  Result<std::optional<Object>> Get(const ObjectKey& key, const Snapshot* at = nullptr) override;
  Status Scan(const Range& range, const Snapshot* at,
              const std::function<bool(const Object&)>& visit) override;
  Status ReadLog(Revision after, const std::function<bool(const ChangePtr&)>& visit) override;
  Result<Revision> ReadLogScope(const LogScope& scope, Revision after, size_t scan_max,
                                const std::function<bool(const ChangePtr&)>& visit) override;
  Status Recover(
      const std::function<Status(std::string_view key, std::string_view value)>& visit) override;
  Result<std::optional<std::string>> GetMeta(std::string_view key) override;
  Status PutMeta(std::string_view key, std::string_view value) override;
  void Post(std::function<void()> fn) override;
  void TrimLog(Revision until) override;
  // Writes nothing: there is no directory behind this journal. Always an error.
  Status Checkpoint(const std::string& path) override;

 private:
  struct Queued {
    Batch batch;
    std::function<void(Revision)> committed;
    size_t bytes = 0;
  };
  struct Unreported {
    Revision last;
    std::function<void(Revision)> committed;
    size_t bytes = 0;
  };
  // One state of an object; a null body means deleted.
  struct Version {
    Revision revision;
    Revision created;
    Body body;
  };
  struct SnapshotRegistry;
  class MemorySnapshot;

  void ScheduleDrain();
  void Apply(const Batch& batch);
  void ApplyChange(const ChangePtr& change);
  void SweepDeleted();
  // The state that a reader at `at` (null = newest) sees; null when there is none.
  const Version* Visible(const std::vector<Version>& versions, const Snapshot* at) const;
  void SetHealth(Health health);

  Options options_;
  std::deque<Queued> queue_;
  std::deque<Unreported> unreported_;
  size_t pending_bytes_ = 0;
  Revision durable_;    // survives Crash()
  Revision committed_;  // reported
  Revision log_start_;
  Health health_;
  std::function<void(const Health&)> on_health_;

  // Versions of one key in revision order; more than one only while a snapshot needs them.
  std::map<ObjectKey, std::vector<Version>> objects_;
  std::set<ObjectKey> deleted_;  // keys whose newest version is a deletion kept for a snapshot
  std::deque<ChangePtr> log_;
  std::map<std::string, std::string, std::less<>> core_;
  std::map<std::string, std::string, std::less<>> meta_;
  std::shared_ptr<SnapshotRegistry> snapshots_;
  bool drain_scheduled_ = false;
  std::shared_ptr<int> life_ =
      std::make_shared<int>(0);  // renewed by Crash(): voids what is posted
};

}  // namespace fairway::store
