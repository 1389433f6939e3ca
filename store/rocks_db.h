// RocksDb: the open database, its column families and its settings. It can be closed and opened
// again underneath its users, which is how a RocksDB that refuses to go on after an I/O error is
// healed without a restart of the process.
//
// Threads: a Lease may be taken by any thread and nested; the database stays open while one is
// held, so leases are short: one read, one scan, one write. Reopen() belongs to the writer thread
// and waits for leases to end; snapshots do not hold it up, they are lost instead.
#pragma once

#include <rocksdb/db.h>

#include <array>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "scheduler/result.h"
#include "store/journal.h"
#include "store/keys.h"
#include "store/packing.h"

namespace fairway::store {

// Memory of the database, in bytes: all of it, whatever the number of records.
struct RocksSizes {
  size_t block_cache = 64u << 20;  // includes index and filter blocks
  size_t memtables = 64u << 20;    // of all column families
  size_t wal = 64u << 20;          // on disk; bounds the time of recovery
};

class RocksDb : public std::enable_shared_from_this<RocksDb> {
 public:
  enum class Mode { kReadWrite, kReadOnly };
  // `env` null = the operating system's. Created when missing; kReadOnly writes nothing at all.
  static Result<std::shared_ptr<RocksDb>> Open(const std::string& path, rocksdb::Env* env,
                                               const RocksSizes& sizes, Mode mode);
  ~RocksDb();

  // Use of the open database. db() is null when the last Reopen() failed altogether.
  class Lease {
   public:
    explicit Lease(RocksDb& owner);
    ~Lease();
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;
    rocksdb::DB* db() const { return owner_.db_.get(); }
    rocksdb::ColumnFamilyHandle* family(Family f) const {
      return owner_.handles_[static_cast<size_t>(f)];
    }

   private:
    RocksDb& owner_;
  };

  // Closes and opens again. When that fails the database is opened for reading only, if it can be,
  // and the error is returned.
  Status Reopen();
  // Closes for good; snapshots that are still held are lost.
  void Shutdown();

  class Pin;
  // A snapshot of now; its Revision is read by the caller.
  std::shared_ptr<Pin> TakePin();
  // The snapshot behind a pin, or null when a Reopen() has lost it. Valid under a Lease.
  static const rocksdb::Snapshot* SnapshotOf(const Pin& pin);

  const std::string& path() const { return path_; }
  rocksdb::Env* env() const { return env_; }
  // What bodies are packed against; those that are saved are here from the start.
  Dictionaries& dictionaries() { return dictionaries_; }
  // Free space that Reopen() should find: a reserved log file and a flushed memtable.
  size_t reopen_bytes() const { return sizes_.memtables / 2; }

 private:
  RocksDb(std::string path, rocksdb::Env* env, const RocksSizes& sizes, Mode mode);
  rocksdb::Status OpenDb(Mode mode);
  Status LoadDictionaries();
  void CloseDb();
  void ReleasePin(Pin& pin);

  const std::string path_;
  rocksdb::Env* const env_;
  const RocksSizes sizes_;
  std::shared_ptr<rocksdb::Cache> cache_;
  const std::shared_ptr<rocksdb::Logger> log_;
  Dictionaries dictionaries_;

  std::mutex mutex_;
  std::condition_variable changed_;
  int leases_ = 0;
  bool closing_done_ = false;  // closed: leases wait until it is open again
  std::set<Pin*> pins_;

  std::unique_ptr<rocksdb::DB> db_;
  // By Family; [0] is RocksDB's default family, which stays empty.
  std::array<rocksdb::ColumnFamilyHandle*, 7> handles_{};
};

// The name under which the family meta keeps a dictionary, and its value.
std::string DictionaryKey(uint32_t number);
std::string EncodeDictionary(const Dictionaries::Entry& entry);
// Nullopt for what is none.
std::optional<Dictionaries::Entry> DecodeDictionary(std::string_view value);

// "IO error: No space left on device ..." in words for an operator.
std::string DescribeIoError(const std::string& path, const rocksdb::Status& status);
// An error for a read that RocksDB refused.
Error ReadFailed(const std::string& path, const rocksdb::Status& status);

}  // namespace fairway::store
