// FaultFs: a file system that fails on demand and forgets what was not synced, as a machine does
// when its power goes. For RocksDB, over the real files of a test directory.
#pragma once

#include <rocksdb/env.h>
#include <rocksdb/file_system.h>
#include <rocksdb/system_clock.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <mutex>
#include <random>
#include <set>
#include <string>
#include <vector>

namespace fairway::store {

class FaultFs : public rocksdb::FileSystemWrapper {
 public:
  FaultFs() : FileSystemWrapper(rocksdb::FileSystem::Default()) {}
  const char* Name() const override { return "FaultFs"; }

  static constexpr int kForever = -1;
  // The next `n` appends answer "no space left"; the next `n` syncs answer "input/output error".
  void FailAppends(int n) { Set(fail_appends_, n); }
  void FailSyncs(int n) { Set(fail_syncs_, n); }
  // From now on appends to files whose path ends so answer "no space left".
  void FailAppendsTo(const std::string& ending) {
    std::lock_guard<std::mutex> lock(mutex_);
    full_for_ = ending;
  }
  // From now on one in `n` writing operations of every kind, directories and closes included,
  // answers "input/output error" where `affects` says so of its path.
  using Affects = bool (*)(const std::string& path);
  void FailOneIn(uint32_t n, uint32_t seed, Affects affects) {
    std::lock_guard<std::mutex> lock(mutex_);
    fail_one_in_ = n;
    affects_ = affects;
    chance_.seed(seed);
  }
  // The same for all operations, from the moment on when the next write-ahead log has been made.
  void FailFromNextLog(Affects affects) {
    std::lock_guard<std::mutex> lock(mutex_);
    await_log_ = true;
    affects_ = affects;
  }
  // After `n` more writing operations nothing reaches the disk any more.
  void FreezeAfter(int n) { Set(freeze_after_, n); }
  bool frozen() {
    std::lock_guard<std::mutex> lock(mutex_);
    return freeze_after_ == 0;
  }
  void Heal() {
    std::lock_guard<std::mutex> lock(mutex_);
    fail_appends_ = fail_syncs_ = 0;
    freeze_after_ = kForever;
    full_for_.clear();
    fail_one_in_ = 0;
    await_log_ = false;
  }
  // Every unsynced byte goes, or all but a random first part of them; likewise files whose
  // directory was not synced. Only while the database is closed.
  void DropUnsynced(std::mt19937& random) {
    std::lock_guard<std::mutex> lock(mutex_);
    for (auto& [path, file] : files_) file->Drop(path, random);
    for (const std::string& path : unsynced_entries_) {
      if (random() % 2 == 0) std::filesystem::remove(path);
    }
    files_.clear();
    unsynced_entries_.clear();
  }

  rocksdb::IOStatus NewWritableFile(const std::string& path, const rocksdb::FileOptions& options,
                                    std::unique_ptr<rocksdb::FSWritableFile>* out,
                                    rocksdb::IODebugContext* debug) override {
    if (auto s = Allow(path, &fail_appends_, rocksdb::IOStatus::NoSpace(kFull)); !s.ok()) return s;
    auto s = target()->NewWritableFile(path, options, out, debug);
    if (!s.ok()) return s;
    {
      std::lock_guard<std::mutex> lock(mutex_);
      unsynced_entries_.insert(path);
    }
    Wrap(path, out);
    return s;
  }
  rocksdb::IOStatus ReuseWritableFile(const std::string& path, const std::string& old,
                                      const rocksdb::FileOptions& options,
                                      std::unique_ptr<rocksdb::FSWritableFile>* out,
                                      rocksdb::IODebugContext* debug) override {
    if (auto s = Allow(path, &fail_appends_, rocksdb::IOStatus::NoSpace(kFull)); !s.ok()) return s;
    auto s = target()->ReuseWritableFile(path, old, options, out, debug);
    if (s.ok()) Wrap(path, out);
    return s;
  }
  // RocksDB's own log file fails with the rest, if it writes one.
  rocksdb::IOStatus NewLogger(const std::string& path, const rocksdb::IOOptions& options,
                              std::shared_ptr<rocksdb::Logger>* out,
                              rocksdb::IODebugContext* debug) override {
    return FileSystem::NewLogger(path, options, out, debug);
  }
  rocksdb::IOStatus NewDirectory(const std::string& path, const rocksdb::IOOptions& options,
                                 std::unique_ptr<rocksdb::FSDirectory>* out,
                                 rocksdb::IODebugContext* debug) override {
    auto s = target()->NewDirectory(path, options, out, debug);
    if (s.ok()) *out = std::make_unique<Directory>(*this, path, std::move(*out));
    return s;
  }
  rocksdb::IOStatus RenameFile(const std::string& from, const std::string& to,
                               const rocksdb::IOOptions& options,
                               rocksdb::IODebugContext* debug) override {
    if (auto s = Allow(from, nullptr, {}); !s.ok()) return s;
    auto s = target()->RenameFile(from, to, options, debug);
    if (!s.ok()) return s;
    std::lock_guard<std::mutex> lock(mutex_);
    if (auto it = files_.find(from); it != files_.end()) {
      files_[to] = it->second;
      files_.erase(from);
    }
    unsynced_entries_.erase(from);
    return s;
  }
  rocksdb::IOStatus DeleteFile(const std::string& path, const rocksdb::IOOptions& options,
                               rocksdb::IODebugContext* debug) override {
    if (auto s = Allow(path, nullptr, {}); !s.ok()) return s;
    auto s = target()->DeleteFile(path, options, debug);
    std::lock_guard<std::mutex> lock(mutex_);
    files_.erase(path);
    unsynced_entries_.erase(path);
    return s;
  }

 private:
  static constexpr const char* kFull = "No space left on device";

  // What the disk held before the writes since the last sync.
  struct FileState {
    uint64_t position = 0;
    uint64_t synced = 0;
    std::string overwritten;  // old bytes from `synced` on, as far as there were any

    void Note(const std::string& path, size_t bytes) {
      std::ifstream in(path, std::ios::binary);
      in.seekg(static_cast<std::streamoff>(position));
      std::string old(bytes, '\0');
      in.read(old.data(), static_cast<std::streamsize>(bytes));
      old.resize(static_cast<size_t>(in.gcount()));
      overwritten += old;
      position += bytes;
    }
    void Synced() {
      synced = position;
      overwritten.clear();
    }
    void Drop(const std::string& path, std::mt19937& random) {
      if (position == synced || !std::filesystem::exists(path)) return;
      uint64_t kept = random() % 2 == 0 ? 0 : random() % (position - synced + 1);
      if (kept < overwritten.size()) {
        std::fstream out(path, std::ios::binary | std::ios::in | std::ios::out);
        out.seekp(static_cast<std::streamoff>(synced + kept));
        out.write(overwritten.data() + kept,
                  static_cast<std::streamsize>(overwritten.size() - kept));
      } else {
        std::filesystem::resize_file(path, synced + kept);
      }
    }
  };

  class File : public rocksdb::FSWritableFileOwnerWrapper {
   public:
    File(FaultFs& fs, std::string path, std::shared_ptr<FileState> state,
         std::unique_ptr<rocksdb::FSWritableFile> base)
        : FSWritableFileOwnerWrapper(std::move(base)),
          fs_(fs),
          path_(std::move(path)),
          state_(std::move(state)) {}

    rocksdb::IOStatus Append(const rocksdb::Slice& data, const rocksdb::IOOptions& options,
                             rocksdb::IODebugContext* debug) override {
      auto s = fs_.Allow(path_, &fs_.fail_appends_, rocksdb::IOStatus::NoSpace(kFull));
      if (!s.ok()) return s;
      {
        std::lock_guard<std::mutex> lock(fs_.mutex_);
        if (!fs_.full_for_.empty() && path_.ends_with(fs_.full_for_)) {
          return rocksdb::IOStatus::NoSpace(kFull);
        }
        state_->Note(path_, data.size());
      }
      return FSWritableFileOwnerWrapper::Append(data, options, debug);
    }
    rocksdb::IOStatus Append(const rocksdb::Slice& data, const rocksdb::IOOptions& options,
                             const rocksdb::DataVerificationInfo&,
                             rocksdb::IODebugContext* debug) override {
      return Append(data, options, debug);
    }
    rocksdb::IOStatus Sync(const rocksdb::IOOptions& options,
                           rocksdb::IODebugContext* debug) override {
      auto s = fs_.Allow(path_, &fs_.fail_syncs_, rocksdb::IOStatus::IOError("Input/output error"));
      if (!s.ok()) return s;
      s = FSWritableFileOwnerWrapper::Sync(options, debug);
      std::lock_guard<std::mutex> lock(fs_.mutex_);
      if (s.ok()) state_->Synced();
      return s;
    }
    rocksdb::IOStatus Fsync(const rocksdb::IOOptions& options,
                            rocksdb::IODebugContext* debug) override {
      return Sync(options, debug);
    }

    rocksdb::IOStatus Close(const rocksdb::IOOptions& options,
                            rocksdb::IODebugContext* debug) override {
      auto closed = FSWritableFileOwnerWrapper::Close(options, debug);
      auto s = fs_.Allow(path_, nullptr, {});
      return s.ok() ? closed : s;
    }

   private:
    FaultFs& fs_;
    const std::string path_;
    std::shared_ptr<FileState> state_;
  };

  class Directory : public rocksdb::FSDirectoryWrapper {
   public:
    Directory(FaultFs& fs, std::string path, std::unique_ptr<rocksdb::FSDirectory> base)
        : FSDirectoryWrapper(base.get()), fs_(fs), path_(std::move(path)), base_(std::move(base)) {}
    rocksdb::IOStatus Fsync(const rocksdb::IOOptions& options,
                            rocksdb::IODebugContext* debug) override {
      if (auto s = fs_.Allow(path_, nullptr, {}); !s.ok()) return s;
      return Synced(base_->Fsync(options, debug));
    }
    rocksdb::IOStatus FsyncWithDirOptions(const rocksdb::IOOptions& options,
                                          rocksdb::IODebugContext* debug,
                                          const rocksdb::DirFsyncOptions& dir) override {
      if (auto s = fs_.Allow(path_, nullptr, {}); !s.ok()) return s;
      return Synced(base_->FsyncWithDirOptions(options, debug, dir));
    }

   private:
    rocksdb::IOStatus Synced(rocksdb::IOStatus s) {
      std::lock_guard<std::mutex> lock(fs_.mutex_);
      std::erase_if(fs_.unsynced_entries_, [this](const std::string& path) {
        return std::filesystem::path(path).parent_path() == std::filesystem::path(path_);
      });
      return s;
    }
    FaultFs& fs_;
    const std::string path_;
    std::unique_ptr<rocksdb::FSDirectory> base_;
  };

  void Set(int& field, int value) {
    std::lock_guard<std::mutex> lock(mutex_);
    field = value;
  }
  rocksdb::IOStatus Allow(const std::string& path, int* faults, const rocksdb::IOStatus& fault) {
    std::lock_guard<std::mutex> lock(mutex_);
    if (freeze_after_ == 0) return rocksdb::IOStatus::IOError("frozen");
    if (freeze_after_ > 0) --freeze_after_;
    if (faults != nullptr && *faults != 0) {
      if (*faults > 0) --*faults;
      return fault;
    }
    if (fail_one_in_ != 0 && affects_(path) && chance_() % fail_one_in_ == 0) {
      return rocksdb::IOStatus::IOError("Input/output error");
    }
    return rocksdb::IOStatus::OK();
  }
  void Wrap(const std::string& path, std::unique_ptr<rocksdb::FSWritableFile>* out) {
    auto state = std::make_shared<FileState>();
    {
      std::lock_guard<std::mutex> lock(mutex_);
      files_[path] = state;
      if (await_log_ && path.ends_with(".log")) {
        await_log_ = false;
        fail_one_in_ = 1;
      }
    }
    *out = std::make_unique<File>(*this, path, state, std::move(*out));
  }

  std::mutex mutex_;
  int fail_appends_ = 0;
  int fail_syncs_ = 0;
  int freeze_after_ = kForever;
  std::string full_for_;
  uint32_t fail_one_in_ = 0;  // zero = never
  Affects affects_ = nullptr;
  bool await_log_ = false;
  std::mt19937 chance_;
  std::map<std::string, std::shared_ptr<FileState>> files_;
  std::set<std::string> unsynced_entries_;
};

// RocksDB sleeps for a second after a failed flush; in tests it goes on at once.
class HastyEnv : public rocksdb::EnvWrapper {
 public:
  explicit HastyEnv(std::unique_ptr<rocksdb::Env> base)
      : EnvWrapper(base.get()), base_(std::move(base)) {
    file_system_ = base_->GetFileSystem();
    system_clock_ = std::make_shared<Clock>();
  }
  void SleepForMicroseconds(int) override {}

 private:
  struct Clock : rocksdb::SystemClockWrapper {
    Clock() : SystemClockWrapper(rocksdb::SystemClock::Default()) {}
    const char* Name() const override { return "HastyClock"; }
    void SleepForMicroseconds(int) override {}
  };
  std::unique_ptr<rocksdb::Env> base_;
};

}  // namespace fairway::store
