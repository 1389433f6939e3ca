// RocksLog: RocksDB's own log file, LOG beside its tables. Not RocksDB's writer of it, which in the
// distribution's build (7.8, assertions on) aborts the process at the first line after one that a
// full disk did not take (mended in RocksDB 8.1, #11314).
//
// A line that cannot be written is lost, and nothing else happens. Two files of at most `bytes_max`
// each: LOG, and LOG.old before it.
//
// Threads: RocksDB writes from any; lines are whole.
#pragma once

#include <rocksdb/env.h>

#include <cstdarg>
#include <cstddef>
#include <memory>
#include <mutex>
#include <string>

namespace fairway::store {

class RocksLog final : public rocksdb::Logger {
 public:
  // `dir` is created when missing; where nothing can be written, nothing is.
  explicit RocksLog(std::string dir, size_t bytes_max = 4u << 20);
  ~RocksLog() override;

  using rocksdb::Logger::Logv;
  void Logv(const char* format, va_list arguments) override;
  size_t GetLogFileSize() const override;

 protected:
  rocksdb::Status CloseImpl() override;

 private:
  void OpenFile();
  void CloseFile();
  void MakeRoomFor(size_t bytes);

  const std::string path_;
  const size_t bytes_max_;
  mutable std::mutex mutex_;
  int fd_ = -1;
  size_t bytes_ = 0;  // of the file that is open
};

// Says nothing, into no file: for databases that are only read, perhaps from read-only media.
std::shared_ptr<rocksdb::Logger> SilentLog();

}  // namespace fairway::store
