#include "store/verify.h"

#include <fmt/core.h>

#include "store/record.h"
#include "store/rocks_db.h"
#include "store/rocks_read.h"
#include "store/rocks_slice.h"

namespace fairway::store {
namespace {

constexpr size_t kReadahead = 4u << 20;
// A verification needs no cache to speak of.
constexpr RocksSizes kVerifySizes{8u << 20, 8u << 20, 64u << 20};

// Parses one record as what its family holds.
Status CheckRecord(Family family, std::string_view key, std::string_view value,
                   const Dictionaries& dictionaries) {
  Result<std::string_view> bytes = std::string_view();
  switch (family) {
    case Family::kObjects:
    case Family::kOld: {
      auto record = ParseObject(family, key, value, dictionaries);
      if (!record) return Fail(std::move(record.error()));
      return {};
    }
    case Family::kLog: {
      auto decoded = DecodeRevisionKey(key);
      if (!decoded) return Fail(DamagedRecord(family, key, "its key is malformed"));
      if (decoded->part == LogPart::kNext) {
        auto next = ParseNext(key, value);
        if (!next) return Fail(std::move(next.error()));
        return {};
      }
      auto record = ParseLog(key, value);
      if (!record) return Fail(std::move(record.error()));
      return {};
    }
    case Family::kCore:
    case Family::kMeta:
    case Family::kHistory:
      bytes = ParseBytes(family, key, value);
  }
  if (!bytes) return Fail(std::move(bytes.error()));
  return {};
}

Result<uint64_t> CheckFamily(RocksDb& db, Family family) {
  RocksDb::Lease lease(db);
  rocksdb::ReadOptions options;
  options.verify_checksums = true;
  options.fill_cache = false;
  options.readahead_size = kReadahead;
  std::unique_ptr<rocksdb::Iterator> it(lease.db()->NewIterator(options, lease.family(family)));
  uint64_t count = 0;
  for (it->SeekToFirst(); it->Valid(); it->Next(), ++count) {
    Status status = CheckRecord(family, AsView(it->key()), AsView(it->value()), db.dictionaries());
    if (!status) return Fail(std::move(status.error()));
  }
  if (!it->status().ok()) return Fail(ReadFailed(db.path(), it->status()));
  return count;
}

Result<Revision> MetaRevision(RocksReader& reader, std::string_view name) {
  auto value = reader.GetMeta(name);
  if (!value) return Fail(std::move(value.error()));
  return ParseMetaRevision(name, *value);
}

}  // namespace

Result<StoreBounds> ReadStoreBounds(const std::string& path) {
  auto opened = RocksDb::Open(path + "/db", nullptr, kVerifySizes, RocksDb::Mode::kReadOnly);
  if (!opened) return Fail(std::move(opened.error()));
  RocksReader reader(**opened);
  auto last = MetaRevision(reader, kMetaLast);
  if (!last) return Fail(std::move(last.error()));
  auto start = MetaRevision(reader, kMetaLogStart);
  if (!start) return Fail(std::move(start.error()));
  return StoreBounds{*last, *start};
}

Result<StoreSummary> VerifyStore(const std::string& path) {
  auto opened = RocksDb::Open(path + "/db", nullptr, kVerifySizes, RocksDb::Mode::kReadOnly);
  if (!opened) return Fail(std::move(opened.error()));
  RocksDb& db = **opened;
  StoreSummary summary;
  for (Family family :
       {Family::kObjects, Family::kOld, Family::kCore, Family::kMeta, Family::kHistory}) {
    auto count = CheckFamily(db, family);
    if (!count) return Fail(std::move(count.error()));
    if (family == Family::kObjects) summary.objects = *count;
    if (family == Family::kCore) summary.core_records = *count;
  }
  RocksReader reader(db);
  auto last = MetaRevision(reader, kMetaLast);
  if (!last) return Fail(std::move(last.error()));
  auto start = MetaRevision(reader, kMetaLogStart);
  if (!start) return Fail(std::move(start.error()));
  summary.last = *last;
  summary.log_start = *start;
  auto reached = reader.ReadLog({}, summary.log_start, 0, [&summary](const ChangePtr&) {
    ++summary.log_entries;
    return true;
  });
  if (!reached) return Fail(std::move(reached.error()));
  return summary;
}

}  // namespace fairway::store
