#include "store/restore_prepare.h"

#include <fmt/core.h>
#include <rocksdb/write_batch.h>

#include <memory>
#include <set>

#include "scheduler/assert.h"
#include "scheduler/edit.h"
#include "store/record.h"
#include "store/retention.h"
#include "store/rocks_db.h"
#include "store/rocks_read.h"
#include "store/rocks_slice.h"

namespace fairway::store {
namespace {

constexpr RocksSizes kRestoreSizes{32u << 20, 32u << 20, 64u << 20};
constexpr size_t kBatchBytes = 4u << 20;

constexpr std::string_view kJobs = "jobs.batch";
constexpr std::string_view kPlacements = "placements.fairway.flext.sh";

Status Written(const std::string& path, const rocksdb::Status& status) {
  if (status.ok()) return {};
  Error error;
  error.reason = "InternalError";
  error.message = DescribeIoError(path, status);
  return Fail(std::move(error));
}

// What a member does cannot be taken back by changing our memory of it. So what says where work is
// stays as it is newest: clusters and their credentials, and Jobs that are still there.
bool StaysNewest(const ObjectKey& key, bool still_there) {
  if (key.resource == "clusters.fairway.flext.sh") return true;
  if (key.resource == "secrets" && key.ns == "fairway-system") return true;
  return still_there && (key.resource == kJobs || key.resource == kPlacements);
}

class Rollback {
 public:
  Rollback(RocksDb& db, RocksReader& reader) : db_(db), reader_(reader) {}

  Status Run(Revision to) {
    Status step;
    auto reached = reader_.ReadLog({}, to, 0, [&](const ChangePtr& change) {
      // The first change after `to` tells what there was at `to`.
      if (done_.insert(change->key).second) step = Undo(*change);
      return step.has_value();
    });
    if (!reached) return Fail(std::move(reached.error()));
    if (!step) return step;
    return Flush();
  }

 private:
  Status Undo(const Change& change) {
    auto newest = reader_.Get(change.key, nullptr);
    if (!newest) return Fail(std::move(newest.error()));
    bool was_there = bool{change.prev_revision};
    bool same = was_there && *newest && (*newest)->created == change.created;
    if (StaysNewest(change.key, same)) return {};
    RocksDb::Lease lease(db_);
    std::string key = EncodeObjectKey(change.key);
    if (was_there) {
      ObjectRecord before{change.prev_revision, change.created, *change.prev_body};
      AssertOk(
          batch_.Put(lease.family(Family::kObjects), key,
                     FrameObject(Family::kObjects, key, before, PackAlone(before.body)).Join()));
    } else {
      AssertOk(batch_.Delete(lease.family(Family::kObjects), key));
    }
    // The core's record goes with the Job that was made later.
    if (change.key.resource == kJobs && *newest && !same) {
      scheduler::Edit erase = scheduler::EraseJob{JobId{(*newest)->created.value}};
      AssertOk(batch_.Delete(lease.family(Family::kCore), scheduler::EditKey(erase)));
    }
    return batch_.GetDataSize() < kBatchBytes ? Status() : Flush();
  }

  Status Flush() {
    RocksDb::Lease lease(db_);
    rocksdb::Status status = lease.db()->Write(rocksdb::WriteOptions(), &batch_);
    batch_.Clear();
    return Written(db_.path(), status);
  }

  RocksDb& db_;
  RocksReader& reader_;
  std::set<ObjectKey> done_;
  rocksdb::WriteBatch batch_;
};

void Put(rocksdb::WriteBatch& batch, const RocksDb::Lease& lease, std::string_view name,
         std::string_view value) {
  AssertOk(batch.Put(lease.family(Family::kMeta), AsSlice(name),
                     FrameBytes(Family::kMeta, name, value).Join()));
}

}  // namespace

Status PrepareRestored(const std::string& path, Revision last, const Preparation& preparation) {
  auto opened = RocksDb::Open(path + "/db", nullptr, kRestoreSizes, RocksDb::Mode::kReadWrite);
  if (!opened) return Fail(std::move(opened.error()));
  std::shared_ptr<RocksDb> db = std::move(*opened);
  RocksReader reader(*db);
  if (preparation.mark.as_of < last) {
    Status rolled = Rollback(*db, reader).Run(preparation.mark.as_of);
    if (!rolled) return rolled;
  }
  RocksDb::Lease lease(*db);
  rocksdb::WriteBatch batch;
  std::string end(9, '\xff');
  AssertOk(batch.DeleteRange(lease.family(Family::kLog), RevisionBound(Revision{}), end));
  AssertOk(batch.DeleteRange(lease.family(Family::kOld), RevisionBound(Revision{}), end));
  std::string before = fmt::format("{}", preparation.mark.before.value);
  Put(batch, lease, kMetaLast, before);
  Put(batch, lease, kMetaLogStart, before);
  Put(batch, lease, kMetaRestored, EncodeMark(preparation.mark));
  AssertOk(batch.Delete(lease.family(Family::kMeta), AsSlice(Retention::kMetaKey)));
  for (const auto& [name, value] : preparation.meta) Put(batch, lease, name, value);
  rocksdb::WriteOptions options;
  options.sync = true;
  return Written(path, lease.db()->Write(options, &batch));
}

}  // namespace fairway::store
