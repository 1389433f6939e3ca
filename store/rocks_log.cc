#include "store/rocks_log.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <ctime>
#include <filesystem>
#include <utility>

namespace fairway::store {
namespace {

// A longer line is cut.
constexpr size_t kLineBytesMax = 16u << 10;

class Silence final : public rocksdb::Logger {
 public:
  using rocksdb::Logger::Logv;
  void Logv(const char*, va_list) override {}

 protected:
  rocksdb::Status CloseImpl() override { return {}; }
};

// "2026/11/25-23:26:49.334687 4711 " as RocksDB writes it, so that its tools read ours.
size_t WritePrefix(char* out, size_t size) {
  timeval now{};
  ::gettimeofday(&now, nullptr);
  tm parts{};
  ::localtime_r(&now.tv_sec, &parts);
  int length =
      std::snprintf(out, size, "%04d/%02d/%02d-%02d:%02d:%02d.%06ld %d ", parts.tm_year + 1900,
                    parts.tm_mon + 1, parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec,
                    static_cast<long>(now.tv_usec), ::gettid());
  return std::min(static_cast<size_t>(std::max(length, 0)), size - 1);
}

}  // namespace

RocksLog::RocksLog(std::string dir, size_t bytes_max)
    : path_(std::move(dir) + "/LOG"), bytes_max_(bytes_max) {
  std::error_code ignored;
  std::filesystem::create_directories(std::filesystem::path(path_).parent_path(), ignored);
  OpenFile();
}

RocksLog::~RocksLog() {
  CloseFile();
  closed_ = true;  // rocksdb::Logger wants to be told
}

rocksdb::Status RocksLog::CloseImpl() {
  std::lock_guard<std::mutex> lock(mutex_);
  CloseFile();
  return {};
}

void RocksLog::OpenFile() {
  fd_ = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  struct stat found {};
  bytes_ = fd_ >= 0 && ::fstat(fd_, &found) == 0 ? static_cast<size_t>(found.st_size) : 0;
}

void RocksLog::CloseFile() {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
}

// Rather loses a line than the bound.
void RocksLog::MakeRoomFor(size_t bytes) {
  if (fd_ >= 0 && bytes_ + bytes <= bytes_max_) return;
  CloseFile();
  if (bytes_ > 0 && std::rename(path_.c_str(), (path_ + ".old").c_str()) != 0) return;
  OpenFile();
}

void RocksLog::Logv(const char* format, va_list arguments) {
  char line[kLineBytesMax];
  size_t length = WritePrefix(line, sizeof(line));
  int wanted = std::vsnprintf(line + length, sizeof(line) - length, format, arguments);
  if (wanted < 0) return;
  length = std::min(length + static_cast<size_t>(wanted), sizeof(line) - 1);
  if (line[length - 1] != '\n') line[length++] = '\n';
  std::lock_guard<std::mutex> lock(mutex_);
  MakeRoomFor(length);
  if (fd_ < 0) return;
  ssize_t written = ::write(fd_, line, length);
  if (written > 0) bytes_ += static_cast<size_t>(written);
}

size_t RocksLog::GetLogFileSize() const {
  std::lock_guard<std::mutex> lock(mutex_);
  return bytes_;
}

std::shared_ptr<rocksdb::Logger> SilentLog() {
  static const std::shared_ptr<rocksdb::Logger> kSilence = std::make_shared<Silence>();
  return kSilence;
}

}  // namespace fairway::store
