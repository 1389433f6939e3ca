#include "tests/bench/twin_store.h"

#include <rocksdb/db.h>
#include <rocksdb/table.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <iterator>
#include <utility>

namespace fairway::bench {

struct TwinStore::Db {
  std::unique_ptr<rocksdb::DB> db;
};

TwinStore::TwinStore(const std::string& path, int wake_fd)
    : db_(std::make_unique<Db>()), wake_fd_(wake_fd) {
  rocksdb::Options options;
  options.create_if_missing = true;
  options.recycle_log_file_num = 4;
  options.max_total_wal_size = 64 << 20;
  options.write_buffer_size = 64 << 20;
  options.max_background_jobs = 2;
  options.compression = rocksdb::kLZ4Compression;
  rocksdb::BlockBasedTableOptions table;
  table.block_size = 16 << 10;
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  rocksdb::DB* db = nullptr;
  rocksdb::Status opened = rocksdb::DB::Open(options, path, &db);
  if (!opened.ok()) {
    std::fprintf(stderr, "twin: %s\n", opened.ToString().c_str());
    std::exit(1);
  }
  db_->db.reset(db);
  thread_ = std::thread([this] { Run(); });
}

TwinStore::~TwinStore() {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    ending_ = true;
  }
  changed_.notify_one();
  thread_.join();
}

void TwinStore::Add(TwinWrite write) {
  bool first = false;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    first = queued_.empty();
    queued_.push_back(std::move(write));
  }
  if (first) changed_.notify_one();
}

std::vector<TwinWrite> TwinStore::TakeDurable() {
  std::lock_guard<std::mutex> lock(mutex_);
  return std::exchange(durable_, {});
}

void TwinStore::Run() {
  for (;;) {
    std::vector<TwinWrite> writes;
    {
      std::unique_lock<std::mutex> lock(mutex_);
      changed_.wait(lock, [this] { return ending_ || !queued_.empty(); });
      if (queued_.empty()) return;
      writes.swap(queued_);
    }
    rocksdb::WriteBatch batch;
    for (const TwinWrite& write : writes) batch.Put(write.key, *write.body);
    rocksdb::WriteOptions synced;
    synced.sync = true;
    if (!db_->db->Write(synced, &batch).ok()) std::abort();
    {
      std::lock_guard<std::mutex> lock(mutex_);
      durable_.insert(durable_.end(), std::make_move_iterator(writes.begin()),
                      std::make_move_iterator(writes.end()));
    }
    uint64_t one = 1;
    if (write(wake_fd_, &one, sizeof one) != sizeof one) std::abort();
  }
}

}  // namespace fairway::bench
