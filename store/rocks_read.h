// Reads of a RocksDb: objects, the watch log, core records. Every record's version and checksum is
// checked on the way. Thread: any, each call under its own Lease.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "store/history.h"
#include "store/journal.h"
#include "store/record.h"
#include "store/rocks_db.h"

namespace fairway::store {

class RocksSnapshot final : public Snapshot {
 public:
  RocksSnapshot(std::shared_ptr<RocksDb::Pin> pin, Revision revision)
      : pin_(std::move(pin)), revision_(revision) {}
  Revision revision() const override { return revision_; }
  const RocksDb::Pin& pin() const { return *pin_; }

 private:
  std::shared_ptr<RocksDb::Pin> pin_;
  Revision revision_;
};

class RocksReader {
 public:
  explicit RocksReader(RocksDb& db) : db_(db) {}

  Result<std::shared_ptr<const Snapshot>> TakeSnapshot();
  Result<std::optional<Object>> Get(const ObjectKey& key, const Snapshot* at);
  Status Scan(const Journal::Range& range, const Snapshot* at,
              const std::function<bool(const Object&)>& visit);
  Result<Revision> ReadLog(const Journal::LogScope& scope, Revision after, size_t scan_max,
                           const std::function<bool(const ChangePtr&)>& visit);
  Status Recover(const std::function<Status(std::string_view key, std::string_view value)>& visit,
                 const Snapshot* at = nullptr);
  Result<std::optional<std::string>> GetMeta(std::string_view key);
  Result<uint64_t> ReadHistory(uint64_t after, bool newest_first, size_t scan_max,
                               const std::function<bool(const HistoryLink&)>& visit);
  Result<HistoryEnds> ReadHistoryEnds();

 private:
  struct View;  // a lease and the read options of one moment

  // The stored bytes under `key`; nullopt when there are none.
  Result<std::optional<rocksdb::PinnableSlice>> Raw(const View& view, Family family,
                                                    std::string_view key);
  // The state of an object at the revision of its change, for the log.
  Result<Body> BodyAt(const View& view, const LogRecord& record, Revision revision, Revision next);
  Result<Body> OldBody(const View& view, Revision revision, LogPart part);
  Result<ChangePtr> BuildChange(const View& view, LogRecord record, Revision revision,
                                Revision next);

  RocksDb& db_;
};

// A stored link of the history. The views point into `value`.
Result<HistoryLink> ParseHistory(std::string_view key, std::string_view value);

// Names of the values in the family meta that the journal itself keeps.
inline constexpr std::string_view kMetaFormat = "format";
inline constexpr std::string_view kMetaLast = "last";
inline constexpr std::string_view kMetaLogStart = "log.start";

// Revisions in meta are decimal text.
Result<Revision> ParseMetaRevision(std::string_view name, const std::optional<std::string>& value);

}  // namespace fairway::store
