#include "store/rocks_db.h"

#include <fmt/core.h>

#include "scheduler/assert.h"
#include "store/record.h"
#include "store/rocks_log.h"
#include "store/rocks_options.h"
#include "store/rocks_read.h"

namespace fairway::store {

// One RocksDB snapshot, released when its last owner lets go or when the database is closed.
class RocksDb::Pin {
 public:
  explicit Pin(std::shared_ptr<RocksDb> owner) : owner_(std::move(owner)) {}
  ~Pin() { owner_->ReleasePin(*this); }
  Pin(const Pin&) = delete;
  Pin& operator=(const Pin&) = delete;

  std::shared_ptr<RocksDb> owner_;
  const rocksdb::Snapshot* snapshot_ = nullptr;
};

RocksDb::RocksDb(std::string path, rocksdb::Env* env, const RocksSizes& sizes, Mode mode)
    : path_(std::move(path)),
      env_(env != nullptr ? env : rocksdb::Env::Default()),
      sizes_(sizes),
      cache_(MakeBlockCache(sizes)),
      log_(mode == Mode::kReadWrite ? std::make_shared<RocksLog>(path_) : SilentLog()) {}

RocksDb::~RocksDb() {
  FAIRWAY_ASSERT(leases_ == 0);
  CloseDb();
}

Result<std::shared_ptr<RocksDb>> RocksDb::Open(const std::string& path, rocksdb::Env* env,
                                               const RocksSizes& sizes, Mode mode) {
  std::shared_ptr<RocksDb> db(new RocksDb(path, env, sizes, mode));
  rocksdb::Status status = db->OpenDb(mode);
  if (status.ok()) {
    Status loaded = db->LoadDictionaries();
    if (!loaded) return Fail(std::move(loaded.error()));
    return db;
  }
  Error error;
  error.reason = "InternalError";
  error.message = status.IsCorruption()
                      ? fmt::format(
                            "the store in {} is damaged: {}; put a backup of the data directory "
                            "back, see docs/operating/backup.md",
                            path, status.ToString())
                      : fmt::format("cannot open the store: {}", DescribeIoError(path, status));
  return Fail(std::move(error));
}

rocksdb::Status RocksDb::OpenDb(Mode mode) {
  rocksdb::DBOptions options = MakeDbOptions(sizes_, env_, log_);
  std::vector<rocksdb::ColumnFamilyDescriptor> families;
  families.emplace_back(rocksdb::kDefaultColumnFamilyName, MakeSmallFamilyOptions(cache_));
  for (Family f : {Family::kObjects, Family::kOld, Family::kLog, Family::kCore, Family::kMeta,
                   Family::kHistory}) {
    families.emplace_back(FamilyName(f), MakeFamilyOptions(f, sizes_, cache_));
  }
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  rocksdb::DB* db = nullptr;
  rocksdb::Status status =
      mode == Mode::kReadWrite
          ? rocksdb::DB::Open(options, path_, families, &handles, &db)
          : rocksdb::DB::OpenForReadOnly(options, path_, families, &handles, &db);
  if (!status.ok()) return status;
  db_.reset(db);
  std::copy(handles.begin(), handles.end(), handles_.begin());
  return status;
}

Status RocksDb::LoadDictionaries() {
  RocksReader reader(*this);
  for (uint32_t number = 1; number <= Dictionaries::kMax; ++number) {
    const std::string key = DictionaryKey(number);
    auto value = reader.GetMeta(key);
    if (!value) return Fail(std::move(value.error()));
    if (!*value) return {};
    auto entry = DecodeDictionary(**value);
    if (!entry) return Fail(DamagedRecord(Family::kMeta, key, "it is no dictionary"));
    dictionaries_.Add(std::move(*entry));
  }
  return {};
}

void RocksDb::CloseDb() {
  if (!db_) return;
  for (Pin* pin : pins_) {
    db_->ReleaseSnapshot(pin->snapshot_);
    pin->snapshot_ = nullptr;
  }
  pins_.clear();
  for (rocksdb::ColumnFamilyHandle*& handle : handles_) {
    if (handle != nullptr) db_->DestroyColumnFamilyHandle(handle).PermitUncheckedError();
    handle = nullptr;
  }
  db_->Close().PermitUncheckedError();  // after an I/O error there is nothing more to say
  db_.reset();
}

Status RocksDb::Reopen() {
  std::unique_lock<std::mutex> lock(mutex_);
  changed_.wait(lock, [this] { return leases_ == 0; });
  closing_done_ = true;
  CloseDb();
  rocksdb::Status status = OpenDb(Mode::kReadWrite);
  Status result;
  if (!status.ok()) {
    // Reading goes on meanwhile, if it can: recovery from memory needs no space.
    OpenDb(Mode::kReadOnly).PermitUncheckedError();
    Error error;
    error.reason = "InternalError";
    error.message = DescribeIoError(path_, status);
    result = Fail(std::move(error));
  }
  closing_done_ = false;
  changed_.notify_all();
  return result;
}

void RocksDb::Shutdown() {
  std::unique_lock<std::mutex> lock(mutex_);
  changed_.wait(lock, [this] { return leases_ == 0; });
  CloseDb();
}

RocksDb::Lease::Lease(RocksDb& owner) : owner_(owner) {
  // Leases nest, so one is granted also while Reopen() waits; only a closed database holds it up.
  std::unique_lock<std::mutex> lock(owner_.mutex_);
  owner_.changed_.wait(lock, [this] { return !owner_.closing_done_; });
  ++owner_.leases_;
}

RocksDb::Lease::~Lease() {
  std::lock_guard<std::mutex> lock(owner_.mutex_);
  if (--owner_.leases_ == 0) owner_.changed_.notify_all();
}

std::shared_ptr<RocksDb::Pin> RocksDb::TakePin() {
  Lease lease(*this);
  auto pin = std::make_shared<Pin>(shared_from_this());
  std::lock_guard<std::mutex> lock(mutex_);
  if (db_) {
    pin->snapshot_ = db_->GetSnapshot();
    pins_.insert(pin.get());
  }
  return pin;
}

void RocksDb::ReleasePin(Pin& pin) {
  std::lock_guard<std::mutex> lock(mutex_);
  if (pins_.erase(&pin) != 0) db_->ReleaseSnapshot(pin.snapshot_);
}

const rocksdb::Snapshot* RocksDb::SnapshotOf(const Pin& pin) { return pin.snapshot_; }

std::string DictionaryKey(uint32_t number) { return fmt::format("dictionary.{:03}", number); }

std::string EncodeDictionary(const Dictionaries::Entry& entry) {
  return entry.resource + '\0' + entry.text;
}

std::optional<Dictionaries::Entry> DecodeDictionary(std::string_view value) {
  const size_t end = value.find('\0');
  if (end == std::string_view::npos) return {};
  Dictionaries::Entry entry{std::string(value.substr(0, end)), std::string(value.substr(end + 1))};
  if (entry.text.size() > Dictionaries::kBytesMax) return {};
  return entry;
}

std::string DescribeIoError(const std::string& path, const rocksdb::Status& status) {
  if (status.IsNoSpace()) {
    return fmt::format("the disk under {} is full ({}); free some space", path, status.ToString());
  }
  return fmt::format("{} cannot be written: {}", path, status.ToString());
}

Error ReadFailed(const std::string& path, const rocksdb::Status& status) {
  Error error;
  error.reason = "InternalError";
  error.message = status.IsCorruption()
                      ? fmt::format(
                            "the store in {} is damaged: {}; put a backup of the data directory "
                            "back, see docs/operating/backup.md",
                            path, status.ToString())
                      : fmt::format("the store in {} cannot be read: {}", path, status.ToString());
  return error;
}

}  // namespace fairway::store
