// Writer: the thread that makes batches durable. It takes everything that is queued (up to a
// bound), writes it as one atomic, synced RocksDB batch, and hands the completions to the loop.
//
// A write that fails is kept and tried again, with growing pauses, until it succeeds: once a trial
// write goes through, the database is closed and opened again, and the write repeated.
// Repeating is safe, since a batch only puts and erases whole records. Order never changes.
//
// Threads: the constructor, Append, Trim and the destructor belong to the loop.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "store/history_chain.h"
#include "store/journal.h"
#include "store/packing.h"
#include "store/record.h"
#include "store/rocks_db.h"
#include "store/tail_guard.h"

namespace fairway::store {

class Writer {
 public:
  struct Options {
    size_t records_max = 512;     // of one RocksDB batch; a larger Batch is written alone
    size_t bytes_max = 1u << 20;  // likewise
    int64_t retry_first_ms = 50;  // pause after the first failure; doubles up to retry_max_ms
    int64_t retry_max_ms = 2000;
  };
  struct Done {
    Revision last;
    size_t bytes = 0;
    std::function<void(Revision)> committed;
  };
  struct Sink {
    // Both are called on the writer thread.
    std::function<void(std::vector<Done>)> durable;
    std::function<void(Health)> health;
  };

  // `durable`: the revision found in the database; `log_start`: up to where its log was trimmed.
  Writer(std::shared_ptr<RocksDb> db, std::unique_ptr<TailGuard> guard, Options options, Sink sink,
         Revision durable, Revision log_start, HistoryChain history);
  // Writes what is queued, if the disk lets it at the first attempt; then ends the thread.
  ~Writer();
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  void Append(Batch batch, std::vector<std::string> history, size_t bytes,
              std::function<void(Revision)> committed);
  void Trim(Revision until);
  void TrimHistory(uint64_t keep, Instant since);
  // Saves one value and waits for it. An error means that it is not known to be saved.
  Status PutMetaNow(std::string_view key, std::string_view value);

 private:
  struct Item {
    Batch batch;
    std::vector<std::string> history;
    Done done;
    Revision trim_until;                                       // zero = not a trim
    std::optional<std::pair<uint64_t, Instant>> trim_history;  // what to keep
    bool reported = true;
    std::shared_ptr<std::promise<std::string>> answer;  // PutMetaNow waits: what went wrong
  };

  void Run();
  std::vector<Item> Take();
  void Encode(const Item& item, const RocksDb::Lease& lease, Revision& trimmed,
              rocksdb::WriteBatch& out);
  void EncodeChange(const Change& change, const RocksDb::Lease& lease, Revision trimmed,
                    rocksdb::WriteBatch& out);
  Framed Frame(Family family, std::string_view key, const ObjectKey& object,
               const ObjectRecord& record);
  rocksdb::Status WriteOnce(const std::vector<Item>& items);
  // True when written, false when the thread is to end first.
  bool WriteUntilDone(std::vector<Item>& items);
  void SetFailing(const std::string& why);
  static void Answer(Item& item, const std::string& problem);
  rocksdb::Status TryToHeal(const std::vector<Item>& items);
  rocksdb::Status EnoughSpace(size_t bytes);
  rocksdb::Status TrialWrite(size_t bytes);
  // Waits; false when the thread is to end.
  bool Pause(int64_t ms);

  std::shared_ptr<RocksDb> db_;
  std::unique_ptr<TailGuard> guard_;
  const Options options_;
  const Sink sink_;

  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Item> queue_;
  std::string failing_;  // why writes fail at present
  bool stop_ = false;

  // The thread's own. The batch keeps its buffer from one write to the next.
  std::unique_ptr<rocksdb::WriteBatch> batch_;
  Packer packer_;
  Revision durable_;
  Revision trimmed_;
  HistoryChain history_;
  HistoryChain history_next_;  // once the write under way has succeeded
  std::thread thread_;
};

}  // namespace fairway::store
