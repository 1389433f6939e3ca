#include "gateway/driver/recovery.h"

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "scheduler/world_loader.h"

namespace fairway::gateway {
namespace {

constexpr size_t kRecordsPerBatch = 1024;
constexpr size_t kBatchesMax = 16;
// So many wait: the builder is behind, and the reader takes the decoding over.
constexpr size_t kBehind = 4;

// Records as they are stored, or taken apart.
struct Batch {
  std::string bytes;           // keys and values, one behind the other
  std::vector<uint32_t> ends;  // of each key and each value in `bytes`
  std::vector<scheduler::LoadedRecord> records;

  void Add(std::string_view key, std::string_view value) {
    for (std::string_view part : {key, value}) {
      bytes.append(part);
      ends.push_back(static_cast<uint32_t>(bytes.size()));
    }
  }
  size_t stored() const { return ends.size() / 2; }

  Status Decode() {
    records.reserve(stored());
    const std::string_view all(bytes);
    for (size_t i = 0, from = 0; i < ends.size(); i += 2) {
      auto record = scheduler::ReadRecord(all.substr(from, ends[i] - from),
                                          all.substr(ends[i], ends[i + 1] - ends[i]));
      if (!record) return Fail(std::move(record.error()));
      records.push_back(std::move(*record));
      from = ends[i + 1];
    }
    ends.clear();
    return {};
  }
};

// A bounded queue between the thread that reads and the one that builds.
class Belt {
 public:
  // False: nobody takes any more.
  bool Put(Batch batch) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return stopped_ || waiting_.size() < kBatchesMax; });
    if (stopped_) return false;
    waiting_.push_back(std::move(batch));
    changed_.notify_all();
    return true;
  }
  bool Behind() {
    std::lock_guard lock(mutex_);
    return waiting_.size() >= kBehind;
  }
  void Close() {
    std::lock_guard lock(mutex_);
    closed_ = true;
    changed_.notify_all();
  }
  // False: nothing more comes.
  bool Take(Batch& batch) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return closed_ || !waiting_.empty(); });
    if (waiting_.empty()) return false;
    batch = std::move(waiting_.front());
    waiting_.pop_front();
    changed_.notify_all();
    return true;
  }
  void Stop() {
    std::lock_guard lock(mutex_);
    stopped_ = true;
    changed_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Batch> waiting_;
  bool closed_ = false;
  bool stopped_ = false;
};

Status Send(Belt& belt, Batch batch) {
  if (belt.Behind()) {
    if (Status decoded = batch.Decode(); !decoded) return decoded;
  }
  if (belt.Put(std::move(batch))) return {};
  return Fail(Error{.code = 500, .reason = "InternalError", .message = "stopped"});
}

Status ReadInto(Belt& belt, const std::function<Status(const RecordVisit&)>& read) {
  Batch batch;
  Status done = read([&](std::string_view key, std::string_view value) -> Status {
    batch.Add(key, value);
    if (batch.stored() < kRecordsPerBatch) return {};
    return Send(belt, std::exchange(batch, {}));
  });
  if (!done || batch.stored() == 0) return done;
  return Send(belt, std::move(batch));
}

Status BuildFrom(Belt& belt, scheduler::WorldLoader& loader) {
  Batch batch;
  while (belt.Take(batch)) {
    if (Status decoded = batch.Decode(); !decoded) return decoded;
    for (scheduler::LoadedRecord& record : batch.records) loader.Add(std::move(record));
  }
  return {};
}

}  // namespace

Result<scheduler::World> LoadWorld(const std::function<Status(const RecordVisit&)>& read) {
  Belt belt;
  Status done;
  std::thread reader([&] {
    done = ReadInto(belt, read);
    belt.Close();
  });
  scheduler::WorldLoader loader;
  Status built = BuildFrom(belt, loader);
  if (!built) belt.Stop();
  reader.join();
  if (!built) return Fail(std::move(built.error()));
  if (!done) return Fail(std::move(done.error()));
  return loader.Finish();
}

}  // namespace fairway::gateway
