// RocksJournal: the Journal in a directory on disk, by RocksDB. See docs/formats/store.md for what
// is in the directory.
//
// Thread: the loop; completions come through the Poster given at Open(). Lifetime: batches that are
// not durable when it is destroyed are written if the disk takes them at once, and their
// completions never run; snapshots that are still held then fail with 410.
#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "store/history_log.h"
#include "store/journal.h"

namespace rocksdb {
class Env;
}

namespace fairway::store {

class RocksJournal final : public Journal, public HistoryLog {
 public:
  struct Options {
    std::string path;  // the directory; created when missing
    Poster post;
    size_t block_cache_bytes = 64u << 20;
    size_t memtable_bytes = 64u << 20;  // of all column families together
    size_t wal_bytes = 64u << 20;       // on disk: bounds the time of recovery
    size_t batch_records_max = 512;     // of one synced write
    size_t batch_bytes_max = 1u << 20;
    int64_t retry_first_ms = 50;  // pause after a failed write; doubles up to retry_max_ms
    int64_t retry_max_ms = 2000;
    rocksdb::Env* env = nullptr;  // tests put faults here; null = the operating system's
  };
  // Fails with one sentence for the operator: in use by whom, damaged where, written by a newer
  // version, or what the operating system said.
  static Result<std::unique_ptr<RocksJournal>> Open(Options options);
  ~RocksJournal() override;

  void Append(Batch batch, std::function<void(Revision last)> committed) override;
  Revision committed() const override;
  Revision log_start() const override;
  Health health() const override;
  void OnHealth(std::function<void(const Health&)> changed) override;
  size_t pending_bytes() const override;
  // Null when the store cannot be read.
  std::shared_ptr<const Snapshot> TakeSnapshot() override;
  Result<std::optional<Object>> Get(const ObjectKey& key, const Snapshot* at = nullptr) override;
  Status Scan(const Range& range, const Snapshot* at,
              const std::function<bool(const Object&)>& visit) override;
  Status ReadLog(Revision after, const std::function<bool(const ChangePtr&)>& visit) override;
  Result<Revision> ReadLogScope(const LogScope& scope, Revision after, size_t scan_max,
                                const std::function<bool(const ChangePtr&)>& visit) override;
  Status Recover(
      const std::function<Status(std::string_view key, std::string_view value)>& visit) override;
  // Recover and Scan as of a snapshot, for threads other than the loop: they hold the snapshot, and
  // the journal outlives the call.
  Status ReadCore(const Snapshot& at,
                  const std::function<Status(std::string_view key, std::string_view value)>& visit);
  Status ReadObjects(const Range& range, const Snapshot& at,
                     const std::function<bool(const Object&)>& visit);
  Result<std::optional<std::string>> GetMeta(std::string_view key) override;
  Status PutMeta(std::string_view key, std::string_view value) override;
  void AttachTransition(std::string transition) override;
  void AttachMeta(std::string key, std::string value) override;
  Result<uint64_t> ReadHistory(uint64_t after, bool newest_first, size_t scan_max,
                               const std::function<bool(const HistoryLink&)>& visit) override;
  Result<HistoryEnds> ReadHistoryEnds() override;
  void TrimHistory(uint64_t keep, Instant since) override;
  void Post(std::function<void()> fn) override;
  void TrimLog(Revision until) override;
  Status Checkpoint(const std::string& path) override;

 private:
  struct Impl;
  explicit RocksJournal(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace fairway::store
