#include "store/rocks_journal.h"

#include <fmt/core.h>
#include <rocksdb/utilities/checkpoint.h>

#include <algorithm>
#include <filesystem>

#include "scheduler/assert.h"
#include "store/dir_lock.h"
#include "store/errors.h"
#include "store/record.h"
#include "store/rocks_db.h"
#include "store/rocks_read.h"
#include "store/rocks_slice.h"
#include "store/tail_guard.h"
#include "store/writer.h"

namespace fairway::store {
namespace {

// The layout as a whole: families, keys, file names. Raised when an older Fairway could not read
// it.
constexpr uint64_t kStoreFormat = 1;

// Checks the layout's version, or writes it into an empty database.
Status CheckFormat(RocksDb& db, RocksReader& reader) {
  auto found = reader.GetMeta(kMetaFormat);
  if (!found) return Fail(std::move(found.error()));
  if (!*found) {
    RocksDb::Lease lease(db);
    std::string value =
        FrameBytes(Family::kMeta, kMetaFormat, fmt::format("{}", kStoreFormat)).Join();
    rocksdb::WriteOptions options;
    options.sync = true;
    rocksdb::Status status =
        lease.db()->Put(options, lease.family(Family::kMeta), AsSlice(kMetaFormat), value);
    if (!status.ok()) return Fail(StorageProblem(DescribeIoError(db.path(), status)));
    return {};
  }
  auto version = ParseMetaRevision(kMetaFormat, *found);
  if (!version) return Fail(std::move(version.error()));
  if (version->value > kStoreFormat) {
    return Fail(StorageProblem(fmt::format(
        "the store in {} has format {}, and this Fairway knows formats up to {}: run the version "
        "that wrote it, or a newer one",
        db.path(), version->value, kStoreFormat)));
  }
  return {};
}

Result<Revision> ReadRevision(RocksReader& reader, std::string_view name) {
  auto value = reader.GetMeta(name);
  if (!value) return Fail(std::move(value.error()));
  return ParseMetaRevision(name, *value);
}

}  // namespace

struct RocksJournal::Impl {
  explicit Impl(Options o) : options(std::move(o)) {}

  Options options;
  std::unique_ptr<DirLock> lock;
  std::shared_ptr<RocksDb> db;
  std::unique_ptr<RocksReader> reader;
  Revision committed;
  Revision log_start;
  size_t pending_bytes = 0;
  // Join the next batch.
  std::vector<std::string> attached_history;
  std::vector<std::pair<std::string, std::string>> attached_meta;
  size_t attached_bytes = 0;
  Health health;
  std::function<void(const Health&)> on_health;
  std::shared_ptr<int> life = std::make_shared<int>(0);
  std::unique_ptr<Writer> writer;

  Status Start();
  void StartWriter(std::unique_ptr<TailGuard> guard, const HistoryChain& history);
  void Durable(std::vector<Writer::Done> done);
};

Result<std::unique_ptr<RocksJournal>> RocksJournal::Open(Options options) {
  auto impl = std::make_unique<Impl>(std::move(options));
  Status status = impl->Start();
  if (!status) return Fail(std::move(status.error()));
  return std::unique_ptr<RocksJournal>(new RocksJournal(std::move(impl)));
}

RocksJournal::RocksJournal(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

RocksJournal::~RocksJournal() {
  impl_->life.reset();
  impl_->writer.reset();
  impl_->db->Shutdown();
}

Status RocksJournal::Impl::Start() {
  auto locked = DirLock::Take(options.path);
  if (!locked) return Fail(std::move(locked.error()));
  lock = std::move(*locked);
  RocksSizes sizes{options.block_cache_bytes, options.memtable_bytes, options.wal_bytes};
  auto opened = RocksDb::Open(options.path + "/db", options.env, sizes, RocksDb::Mode::kReadWrite);
  if (!opened) return Fail(std::move(opened.error()));
  db = std::move(*opened);
  reader = std::make_unique<RocksReader>(*db);
  Status format = CheckFormat(*db, *reader);
  if (!format) return format;
  auto last = ReadRevision(*reader, kMetaLast);
  if (!last) return Fail(std::move(last.error()));
  auto start = ReadRevision(*reader, kMetaLogStart);
  if (!start) return Fail(std::move(start.error()));
  committed = *last;
  log_start = *start;
  auto guard = TailGuard::Open(options.path + "/committed");
  if (!guard) return Fail(std::move(guard.error()));
  if ((*guard)->found() > committed) {
    return Fail(StorageProblem(fmt::format(
        "the store in {} is damaged: its write-ahead log ends at revision {}, but {} was saved; "
        "put a backup of the data directory back, see docs/operating/backup.md",
        options.path, committed.value, (*guard)->found().value)));
  }
  auto history = HistoryChain::Load(*reader);
  if (!history) return Fail(std::move(history.error()));
  StartWriter(std::move(*guard), *history);
  return {};
}

void RocksJournal::Impl::StartWriter(std::unique_ptr<TailGuard> guard,
                                     const HistoryChain& history) {
  Writer::Sink sink;
  std::weak_ptr<int> alive = life;
  sink.durable = [this, alive, post = options.post](std::vector<Writer::Done> done) {
    // Shared, since a posted function must be copyable.
    auto shared = std::make_shared<std::vector<Writer::Done>>(std::move(done));
    post([this, alive, shared] {
      if (!alive.expired()) Durable(std::move(*shared));
    });
  };
  sink.health = [this, alive, post = options.post](const Health& now) {
    post([this, alive, now] {
      if (alive.expired() || (health.writable == now.writable && health.error == now.error)) return;
      health = now;
      if (on_health) on_health(health);
    });
  };
  Writer::Options limits{options.batch_records_max, options.batch_bytes_max, options.retry_first_ms,
                         options.retry_max_ms};
  writer = std::make_unique<Writer>(db, std::move(guard), limits, std::move(sink), committed,
                                    log_start, history);
}

void RocksJournal::Impl::Durable(std::vector<Writer::Done> done) {
  std::weak_ptr<int> alive = life;
  for (Writer::Done& item : done) {
    if (alive.expired()) return;
    committed = std::max(committed, item.last);
    pending_bytes -= item.bytes;
    if (item.committed) item.committed(item.last);
  }
}

void RocksJournal::Append(Batch batch, std::function<void(Revision last)> committed) {
  size_t bytes = BatchBytes(batch) + impl_->attached_bytes;
  impl_->attached_bytes = 0;
  for (auto& value : std::exchange(impl_->attached_meta, {})) {
    batch.meta.push_back(std::move(value));
  }
  impl_->pending_bytes += bytes;
  impl_->writer->Append(std::move(batch), std::exchange(impl_->attached_history, {}), bytes,
                        std::move(committed));
}

Revision RocksJournal::committed() const { return impl_->committed; }
Revision RocksJournal::log_start() const { return impl_->log_start; }
Health RocksJournal::health() const { return impl_->health; }
size_t RocksJournal::pending_bytes() const { return impl_->pending_bytes; }

void RocksJournal::OnHealth(std::function<void(const Health&)> changed) {
  impl_->on_health = std::move(changed);
}

std::shared_ptr<const Snapshot> RocksJournal::TakeSnapshot() {
  auto snapshot = impl_->reader->TakeSnapshot();
  return snapshot ? std::move(*snapshot) : nullptr;
}

Result<std::optional<Object>> RocksJournal::Get(const ObjectKey& key, const Snapshot* at) {
  return impl_->reader->Get(key, at);
}

Status RocksJournal::Scan(const Range& range, const Snapshot* at,
                          const std::function<bool(const Object&)>& visit) {
  return impl_->reader->Scan(range, at, visit);
}

Status RocksJournal::ReadLog(Revision after, const std::function<bool(const ChangePtr&)>& visit) {
  auto reached = ReadLogScope({}, after, 0, visit);
  if (!reached) return Fail(std::move(reached.error()));
  return {};
}

Result<Revision> RocksJournal::ReadLogScope(const LogScope& scope, Revision after, size_t scan_max,
                                            const std::function<bool(const ChangePtr&)>& visit) {
  if (after < impl_->log_start) return Fail(TooOld(after, impl_->log_start));
  return impl_->reader->ReadLog(scope, after, scan_max, visit);
}

Status RocksJournal::Recover(
    const std::function<Status(std::string_view key, std::string_view value)>& visit) {
  return impl_->reader->Recover(visit);
}

Status RocksJournal::ReadCore(
    const Snapshot& at,
    const std::function<Status(std::string_view key, std::string_view value)>& visit) {
  return impl_->reader->Recover(visit, &at);
}

Status RocksJournal::ReadObjects(const Range& range, const Snapshot& at,
                                 const std::function<bool(const Object&)>& visit) {
  return impl_->reader->Scan(range, &at, visit);
}

Result<std::optional<std::string>> RocksJournal::GetMeta(std::string_view key) {
  return impl_->reader->GetMeta(key);
}

Status RocksJournal::PutMeta(std::string_view key, std::string_view value) {
  return impl_->writer->PutMetaNow(key, value);
}

void RocksJournal::AttachTransition(std::string transition) {
  impl_->attached_bytes += transition.size();
  impl_->attached_history.push_back(std::move(transition));
}

void RocksJournal::AttachMeta(std::string key, std::string value) {
  impl_->attached_meta.emplace_back(std::move(key), std::move(value));
}

Result<uint64_t> RocksJournal::ReadHistory(uint64_t after, bool newest_first, size_t scan_max,
                                           const std::function<bool(const HistoryLink&)>& visit) {
  return impl_->reader->ReadHistory(after, newest_first, scan_max, visit);
}

Result<HistoryEnds> RocksJournal::ReadHistoryEnds() { return impl_->reader->ReadHistoryEnds(); }

void RocksJournal::TrimHistory(uint64_t keep, Instant since) {
  impl_->writer->TrimHistory(keep, since);
}

void RocksJournal::Post(std::function<void()> fn) { impl_->options.post(std::move(fn)); }

void RocksJournal::TrimLog(Revision until) {
  until = std::min(until, impl_->committed);
  if (until <= impl_->log_start) return;
  impl_->log_start = until;  // at once: nobody may start to read what is about to go
  impl_->writer->Trim(until);
}

Status RocksJournal::Checkpoint(const std::string& path) {
  std::error_code failed;
  if (!std::filesystem::create_directory(path, failed)) {
    return Fail(StorageProblem(fmt::format("cannot create {}: {}", path,
                                           failed ? failed.message() : "it exists already")));
  }
  RocksDb::Lease lease(*impl_->db);
  rocksdb::Checkpoint* raw = nullptr;
  rocksdb::Status status = lease.db() == nullptr
                               ? rocksdb::Status::IOError("the database is closed")
                               : rocksdb::Checkpoint::Create(lease.db(), &raw);
  std::unique_ptr<rocksdb::Checkpoint> checkpoint(raw);
  // Copies the write-ahead log rather than flush it: the loop waits for this call.
  if (status.ok()) status = checkpoint->CreateCheckpoint(path + "/db", UINT64_MAX);
  if (status.ok()) return {};
  std::filesystem::remove_all(path, failed);
  return Fail(
      StorageProblem(fmt::format("cannot copy the store to {}: {}", path, status.ToString())));
}

}  // namespace fairway::store
