#include "store/writer.h"

#include <fmt/core.h>
#include <rocksdb/env.h>
#include <rocksdb/write_batch.h>

#include <algorithm>
#include <chrono>

#include "scheduler/assert.h"
#include "store/errors.h"
#include "store/rocks_read.h"
#include "store/rocks_slice.h"

namespace fairway::store {
namespace {

// A larger batch gives its buffer back before the next write.
constexpr size_t kKeptBatchBytes = 2u << 20;

void PutFramed(rocksdb::WriteBatch& out, rocksdb::ColumnFamilyHandle* family, std::string_view key,
               const Framed& framed) {
  rocksdb::Slice key_slice = AsSlice(key);
  const rocksdb::Slice parts[3] = {framed.head, AsSlice(framed.body()), framed.tail};
  AssertOk(out.Put(family, rocksdb::SliceParts(&key_slice, 1), rocksdb::SliceParts(parts, 3)));
}

void PutMeta(rocksdb::WriteBatch& out, const RocksDb::Lease& lease, std::string_view key,
             std::string_view value) {
  PutFramed(out, lease.family(Family::kMeta), key, FrameBytes(Family::kMeta, key, value));
}

size_t Records(const Batch& batch) { return batch.changes.size() + batch.edits.size() + 1; }

}  // namespace

Writer::Writer(std::shared_ptr<RocksDb> db, std::unique_ptr<TailGuard> guard, Options options,
               Sink sink, Revision durable, Revision log_start, HistoryChain history)
    : db_(std::move(db)),
      guard_(std::move(guard)),
      options_(options),
      sink_(std::move(sink)),
      packer_(db_->dictionaries()),
      durable_(durable),
      trimmed_(log_start),
      history_(history),
      thread_([this] { Run(); }) {}

Writer::~Writer() {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    stop_ = true;
  }
  wake_.notify_one();
  thread_.join();
}

void Writer::Append(Batch batch, std::vector<std::string> history, size_t bytes,
                    std::function<void(Revision)> committed) {
  Item item;
  item.history = std::move(history);
  item.done = {batch.last, bytes, std::move(committed)};
  item.batch = std::move(batch);
  {
    std::lock_guard<std::mutex> lock(mutex_);
    queue_.push_back(std::move(item));
  }
  wake_.notify_one();
}

void Writer::Trim(Revision until) {
  Item item;
  item.trim_until = until;
  item.reported = false;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    queue_.push_back(std::move(item));
  }
  wake_.notify_one();
}

void Writer::TrimHistory(uint64_t keep, Instant since) {
  Item item;
  item.trim_history = {keep, since};
  item.reported = false;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    queue_.push_back(std::move(item));
  }
  wake_.notify_one();
}

Status Writer::PutMetaNow(std::string_view key, std::string_view value) {
  Item item;
  item.reported = false;
  item.batch.meta.emplace_back(key, value);
  item.answer = std::make_shared<std::promise<std::string>>();
  std::future<std::string> answer = item.answer->get_future();
  {
    std::lock_guard<std::mutex> lock(mutex_);
    if (!failing_.empty()) return Fail(NotWritable({false, failing_}));
    queue_.push_back(std::move(item));
  }
  wake_.notify_one();
  std::string problem = answer.get();
  if (problem.empty()) return {};
  return Fail(NotWritable({false, std::move(problem)}));
}

void Writer::SetFailing(const std::string& why) {
  std::lock_guard<std::mutex> lock(mutex_);
  failing_ = why;
  if (why.empty()) return;
  // Nobody waits for a disk that does not answer.
  for (Item& item : queue_) Answer(item, why);
}

void Writer::Answer(Item& item, const std::string& problem) {
  if (item.answer) item.answer->set_value(problem);
  item.answer.reset();
}

std::vector<Writer::Item> Writer::Take() {
  std::unique_lock<std::mutex> lock(mutex_);
  wake_.wait(lock, [this] { return stop_ || !queue_.empty(); });
  std::vector<Item> items;
  size_t records = 0;
  size_t bytes = 0;
  while (!queue_.empty()) {
    const Item& next = queue_.front();
    records += Records(next.batch) + next.history.size();
    bytes += next.done.bytes;
    if (!items.empty() && (records > options_.records_max || bytes > options_.bytes_max)) break;
    items.push_back(std::move(queue_.front()));
    queue_.pop_front();
  }
  return items;
}

void Writer::Run() {
  for (;;) {
    std::vector<Item> items = Take();
    if (items.empty() || !WriteUntilDone(items)) return;
    history_ = history_next_;
    packer_.Saved();
    std::vector<Done> done;
    for (Item& item : items) {
      Answer(item, "");
      durable_ = std::max(durable_, item.batch.last);
      trimmed_ = std::max(trimmed_, item.trim_until);
      if (item.reported) done.push_back(std::move(item.done));
    }
    guard_->Note(durable_);
    if (!done.empty()) sink_.durable(std::move(done));
  }
}

Framed Writer::Frame(Family family, std::string_view key, const ObjectKey& object,
                     const ObjectRecord& record) {
  return FrameObject(family, key, record, packer_.Pack(object, record.body));
}

void Writer::EncodeChange(const Change& change, const RocksDb::Lease& lease, Revision trimmed,
                          rocksdb::WriteBatch& out) {
  std::string object_key = EncodeObjectKey(change.key);
  if (change.prev_revision) {
    std::string key = EncodeRevisionKey(change.revision, LogPart::kPrevious);
    ObjectRecord previous{change.prev_revision, change.created, *change.prev_body};
    PutFramed(out, lease.family(Family::kOld), key, Frame(Family::kOld, key, change.key, previous));
    // Only what is still in the log needs to know its successor, and only that is trimmed later.
    if (change.prev_revision > trimmed) {
      key = EncodeRevisionKey(change.prev_revision, LogPart::kNext);
      PutFramed(out, lease.family(Family::kLog), key, FrameNext(key, change.revision));
    }
  }
  ObjectRecord state{change.revision, change.created, *change.body};
  if (change.kind == Change::Kind::kDeleted) {
    AssertOk(out.Delete(lease.family(Family::kObjects), object_key));
    std::string key = EncodeRevisionKey(change.revision, LogPart::kDeleted);
    PutFramed(out, lease.family(Family::kOld), key, Frame(Family::kOld, key, change.key, state));
  } else {
    PutFramed(out, lease.family(Family::kObjects), object_key,
              Frame(Family::kObjects, object_key, change.key, state));
  }
  std::string key = EncodeRevisionKey(change.revision, LogPart::kChange);
  LogRecord entry{change.kind, change.created, change.prev_revision, change.key};
  PutFramed(out, lease.family(Family::kLog), key, FrameLog(key, entry));
}

void Writer::Encode(const Item& item, const RocksDb::Lease& lease, Revision& trimmed,
                    rocksdb::WriteBatch& out) {
  for (const ChangePtr& change : item.batch.changes) EncodeChange(*change, lease, trimmed, out);
  for (const scheduler::Edit& edit : item.batch.edits) {
    std::string key = scheduler::EditKey(edit);
    if (auto value = scheduler::EditValue(edit)) {
      PutFramed(out, lease.family(Family::kCore), key, FrameBytes(Family::kCore, key, *value));
    } else {
      AssertOk(out.Delete(lease.family(Family::kCore), key));
    }
  }
  for (const auto& [key, value] : item.batch.meta) PutMeta(out, lease, key, value);
  if (item.trim_until > trimmed) {
    std::string from = RevisionBound(Revision{trimmed.value + 1});
    std::string to = RevisionBound(Revision{item.trim_until.value + 1});
    AssertOk(out.DeleteRange(lease.family(Family::kLog), from, to));
    AssertOk(out.DeleteRange(lease.family(Family::kOld), from, to));
    PutMeta(out, lease, kMetaLogStart, fmt::format("{}", item.trim_until.value));
    trimmed = item.trim_until;
  }
}

rocksdb::Status Writer::WriteOnce(const std::vector<Item>& items) {
  RocksDb::Lease lease(*db_);
  if (lease.db() == nullptr) return rocksdb::Status::IOError("the database is closed");
  if (batch_ == nullptr || batch_->GetDataSize() > kKeptBatchBytes) {
    batch_ = std::make_unique<rocksdb::WriteBatch>();
  }
  batch_->Clear();
  rocksdb::WriteBatch& batch = *batch_;
  Revision last = durable_;
  Revision trimmed = trimmed_;
  HistoryChain history = history_;
  for (const Item& item : items) {
    Encode(item, lease, trimmed, batch);
    history.Add(item.history, lease, batch);
    if (item.trim_history) {
      history.Trim(item.trim_history->first, item.trim_history->second, lease, batch);
    }
    last = std::max(last, item.batch.last);
  }
  history.PutHead(lease, batch);
  packer_.ForUnsaved([&](uint32_t number, const Dictionaries::Entry& entry) {
    PutMeta(batch, lease, DictionaryKey(number), EncodeDictionary(entry));
  });
  history_next_ = history;
  PutMeta(batch, lease, kMetaLast, fmt::format("{}", last.value));
  rocksdb::WriteOptions options;
  options.sync = true;
  return lease.db()->Write(options, &batch);
}

bool Writer::WriteUntilDone(std::vector<Item>& items) {
  rocksdb::Status status = WriteOnce(items);
  if (status.ok()) return true;
  SetFailing(DescribeIoError(db_->path(), status));
  for (Item& item : items) Answer(item, DescribeIoError(db_->path(), status));
  for (int64_t pause = options_.retry_first_ms;;
       pause = std::min(pause * 2, options_.retry_max_ms)) {
    sink_.health({false, DescribeIoError(db_->path(), status)});
    if (!Pause(pause)) return false;
    status = TryToHeal(items);
    if (status.ok()) break;
  }
  SetFailing("");
  sink_.health({});
  return true;
}

rocksdb::Status Writer::TryToHeal(const std::vector<Item>& items) {
  size_t bytes = 64u << 10;  // room for the database's own files
  for (const Item& item : items) bytes += item.done.bytes;
  rocksdb::Status status = EnoughSpace(bytes);
  if (status.ok()) status = TrialWrite(bytes);
  if (!status.ok()) return status;  // the fault is still there: leave the database alone
  // Not DB::Resume(): it may go on with the log file whose tail is torn, which RocksDB itself
  // forbids by an assertion. Opened afresh it recovers from what is on the disk.
  Status reopened = db_->Reopen();
  if (!reopened) return rocksdb::Status::IOError(reopened.error().message);
  return WriteOnce(items);
}

// Opening the database reserves a log file and may write out a memtable. To run out of space in the
// middle of that would be a second fault to heal.
rocksdb::Status Writer::EnoughSpace(size_t bytes) {
  uint64_t free = 0;
  if (!db_->env()->GetFreeSpace(db_->path(), &free).ok()) return {};  // not every system can tell
  uint64_t wanted = bytes + db_->reopen_bytes();
  if (free >= wanted) return {};
  return rocksdb::Status::NoSpace(
      fmt::format("{} KB free, {} KB needed to go on", free >> 10, wanted >> 10));
}

rocksdb::Status Writer::TrialWrite(size_t bytes) {
  std::string path = db_->path() + "/TRIAL";
  std::unique_ptr<rocksdb::WritableFile> file;
  rocksdb::Status status = db_->env()->NewWritableFile(path, &file, rocksdb::EnvOptions());
  if (status.ok()) {
    status = file->Append(std::string(bytes, 'x'));
    if (status.ok()) status = file->Sync();
    rocksdb::Status closed = file->Close();
    if (status.ok()) status = closed;
    db_->env()->DeleteFile(path).PermitUncheckedError();
  }
  return status;
}

bool Writer::Pause(int64_t ms) {
  std::unique_lock<std::mutex> lock(mutex_);
  return !wake_.wait_for(lock, std::chrono::milliseconds(ms), [this] { return stop_; });
}

}  // namespace fairway::store
