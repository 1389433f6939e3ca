// scan: what a restart cannot do without: RocksDB opened and every core record read, nothing made
// of them. compact: brings a store into the form that it settles in when nothing is written.
#include <rocksdb/db.h>
#include <rocksdb/utilities/options_util.h>

#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "store/keys.h"
#include "tests/bench/clock.h"
#include "tests/bench/programs.h"

namespace fairway::bench {

namespace {

class RawStore {
 public:
  ~RawStore() {
    for (auto* handle : handles_) db_->DestroyColumnFamilyHandle(handle);
  }

  // "" or what went wrong. The settings are those that the store was written with.
  std::string Open(const std::string& path, bool read_only) {
    rocksdb::DBOptions options;
    rocksdb::ConfigOptions how;
    how.ignore_unknown_options = true;
    rocksdb::Status status = rocksdb::LoadLatestOptions(how, path, &options, &families_);
    if (!status.ok()) return status.ToString();
    rocksdb::DB* db = nullptr;
    status = read_only ? rocksdb::DB::OpenForReadOnly(options, path, families_, &handles_, &db)
                       : rocksdb::DB::Open(options, path, families_, &handles_, &db);
    if (!status.ok()) return status.ToString();
    db_.reset(db);
    return {};
  }

  rocksdb::DB& db() { return *db_; }
  const std::vector<rocksdb::ColumnFamilyHandle*>& handles() const { return handles_; }
  rocksdb::ColumnFamilyHandle* Find(const std::string& name) const {
    for (size_t i = 0; i < families_.size(); ++i) {
      if (families_[i].name == name) return handles_[i];
    }
    return nullptr;
  }

 private:
  std::unique_ptr<rocksdb::DB> db_;
  std::vector<rocksdb::ColumnFamilyDescriptor> families_;
  std::vector<rocksdb::ColumnFamilyHandle*> handles_;
};

int Complain(const char* program, const std::string& problem) {
  std::fprintf(stderr, "%s: %s\n", program, problem.c_str());
  return 2;
}

}  // namespace

int RunScan(Args& args) {
  std::string directory = args.Get("directory"), problem = args.Problem();
  if (!problem.empty()) return Complain("scan", problem);
  RawStore store;
  problem = store.Open(directory, true);
  rocksdb::ColumnFamilyHandle* core =
      problem.empty() ? store.Find(store::FamilyName(store::Family::kCore)) : nullptr;
  if (core == nullptr) return Complain("scan", problem.empty() ? "no core records" : problem);
  rocksdb::ReadOptions options;
  options.total_order_seek = true;
  options.fill_cache = false;
  std::unique_ptr<rocksdb::Iterator> at(store.db().NewIterator(options, core));
  uint64_t records = 0, bytes = 0;
  for (at->SeekToFirst(); at->Valid(); at->Next()) {
    ++records;
    bytes += at->key().size() + at->value().size();
  }
  if (!at->status().ok()) return Complain("scan", at->status().ToString());
  std::printf("{\"records\":%llu,\"bytes\":%llu,\"cpu_seconds\":%.6f,\"at_ns\":%lld}\n",
              static_cast<unsigned long long>(records), static_cast<unsigned long long>(bytes),
              static_cast<double>(ProcessCpuNs()) / 1e9, static_cast<long long>(MonotonicNs()));
  return 0;
}

int RunCompact(Args& args) {
  std::string directory = args.Get("directory"), problem = args.Problem();
  RawStore store;
  if (problem.empty()) problem = store.Open(directory, false);
  if (!problem.empty()) return Complain("compact", problem);
  rocksdb::CompactRangeOptions all;
  all.bottommost_level_compaction = rocksdb::BottommostLevelCompaction::kForceOptimized;
  for (auto* handle : store.handles()) {
    rocksdb::Status status = store.db().CompactRange(all, handle, nullptr, nullptr);
    if (!status.ok()) return Complain("compact", status.ToString());
  }
  std::printf("{\"families\":%zu}\n", store.handles().size());
  return 0;
}

}  // namespace fairway::bench
