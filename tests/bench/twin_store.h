// TwinStore: what a durable accept cannot do without: one queue, one writer thread, one synced
// RocksDB batch for everything that is queued.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace fairway::bench {

struct TwinWrite {
  uint64_t session = 0;
  int32_t stream = 0;
  std::string key;
  std::shared_ptr<std::string> body;
};

class TwinStore {
 public:
  // `wake_fd`: an eventfd that is written when something became durable.
  TwinStore(const std::string& path, int wake_fd);
  ~TwinStore();

  void Add(TwinWrite write);
  std::vector<TwinWrite> TakeDurable();

 private:
  struct Db;
  void Run();

  std::unique_ptr<Db> db_;
  const int wake_fd_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool ending_ = false;
  std::vector<TwinWrite> queued_, durable_;
  std::thread thread_;
};

}  // namespace fairway::bench
