#include "store/rocks_read.h"

#include <charconv>

#include "store/errors.h"
#include "store/rocks_slice.h"
#include "store/rocks_view.h"

namespace fairway::store {
namespace {

// Sequential reads fetch this much at once; recovery reads everything, so more.
constexpr size_t kScanReadahead = 256u << 10;
constexpr size_t kRecoverReadahead = 4u << 20;

Object MakeObject(ObjectKey key, const ObjectRecord& record) {
  return {std::move(key), record.revision, record.created, record.Share()};
}

}  // namespace

Result<std::optional<rocksdb::PinnableSlice>> RocksReader::Raw(const View& view, Family family,
                                                               std::string_view key) {
  std::optional<rocksdb::PinnableSlice> value(std::in_place);
  rocksdb::Status status =
      view.lease.db()->Get(view.options, view.lease.family(family), AsSlice(key), &*value);
  if (status.IsNotFound()) return std::optional<rocksdb::PinnableSlice>();
  if (!status.ok()) return Fail(ReadFailed(db_.path(), status));
  return value;
}

Result<std::shared_ptr<const Snapshot>> RocksReader::TakeSnapshot() {
  auto pin = db_.TakePin();
  RocksSnapshot probe(pin, Revision{});
  View view(db_, &probe);
  if (!view.status) return Fail(std::move(view.status.error()));
  auto raw = Raw(view, Family::kMeta, kMetaLast);
  if (!raw) return Fail(std::move(raw.error()));
  std::optional<std::string> text;
  if (*raw) {
    auto payload = ParseBytes(Family::kMeta, kMetaLast, AsView(**raw));
    if (!payload) return Fail(std::move(payload.error()));
    text = std::string(*payload);
  }
  auto revision = ParseMetaRevision(kMetaLast, text);
  if (!revision) return Fail(std::move(revision.error()));
  return std::shared_ptr<const Snapshot>(std::make_shared<RocksSnapshot>(pin, *revision));
}

Result<std::optional<Object>> RocksReader::Get(const ObjectKey& key, const Snapshot* at) {
  View view(db_, at);
  if (!view.status) return Fail(std::move(view.status.error()));
  std::string encoded = EncodeObjectKey(key);
  auto raw = Raw(view, Family::kObjects, encoded);
  if (!raw) return Fail(std::move(raw.error()));
  if (!*raw) return std::optional<Object>();
  auto record = ParseObject(Family::kObjects, encoded, AsView(**raw), db_.dictionaries());
  if (!record) return Fail(std::move(record.error()));
  return std::optional<Object>(MakeObject(key, *record));
}

Status RocksReader::Scan(const Journal::Range& range, const Snapshot* at,
                         const std::function<bool(const Object&)>& visit) {
  View view(db_, at);
  if (!view.status) return view.status;
  std::string prefix = ObjectPrefix(range.resource, range.ns);
  std::string first = prefix;
  if (range.after) {
    // The least key that follows: a zero byte is below every other continuation.
    std::string after = EncodeObjectKey({range.resource, range.after->first, range.after->second});
    after.push_back('\0');
    if (after > first) first = std::move(after);
  }
  std::string end = prefix;
  end.back() = '\1';  // the prefix ends in the zero byte that closes its last part
  rocksdb::Slice upper = AsSlice(end);
  view.options.iterate_upper_bound = &upper;
  view.options.readahead_size = kScanReadahead;
  auto it = view.Iterate(Family::kObjects);
  for (it->Seek(AsSlice(first)); it->Valid(); it->Next()) {
    std::string_view key = AsView(it->key());
    auto record = ParseObject(Family::kObjects, key, AsView(it->value()), db_.dictionaries());
    if (!record) return Fail(std::move(record.error()));
    auto decoded = DecodeObjectKey(key);
    if (!decoded) return Fail(DamagedRecord(Family::kObjects, key, "its key is malformed"));
    if (!visit(MakeObject(std::move(*decoded), *record))) return {};
  }
  if (!it->status().ok()) return Fail(ReadFailed(db_.path(), it->status()));
  return {};
}

Result<Body> RocksReader::OldBody(const View& view, Revision revision, LogPart part) {
  std::string key = EncodeRevisionKey(revision, part);
  auto raw = Raw(view, Family::kOld, key);
  if (!raw) return Fail(std::move(raw.error()));
  if (!*raw) return Fail(DamagedRecord(Family::kOld, key, "it is missing"));
  auto record = ParseObject(Family::kOld, key, AsView(**raw), db_.dictionaries());
  if (!record) return Fail(std::move(record.error()));
  return Body(record->Share());
}

Result<Body> RocksReader::BodyAt(const View& view, const LogRecord& record, Revision revision,
                                 Revision next) {
  if (record.kind == Change::Kind::kDeleted) return OldBody(view, revision, LogPart::kDeleted);
  if (next) return OldBody(view, next, LogPart::kPrevious);
  std::string key = EncodeObjectKey(record.key);
  auto raw = Raw(view, Family::kObjects, key);
  if (!raw) return Fail(std::move(raw.error()));
  if (!*raw) return Fail(DamagedRecord(Family::kObjects, key, "it is missing"));
  auto object = ParseObject(Family::kObjects, key, AsView(**raw), db_.dictionaries());
  if (!object) return Fail(std::move(object.error()));
  if (object->revision != revision) {
    return Fail(DamagedRecord(Family::kObjects, key, "it does not match the watch log"));
  }
  return Body(object->Share());
}

Result<ChangePtr> RocksReader::BuildChange(const View& view, LogRecord record, Revision revision,
                                           Revision next) {
  auto body = BodyAt(view, record, revision, next);
  if (!body) return Fail(std::move(body.error()));
  auto change = std::make_shared<Change>();
  change->kind = record.kind;
  change->revision = revision;
  change->created = record.created;
  change->prev_revision = record.prev_revision;
  change->body = std::move(*body);
  if (record.prev_revision) {
    auto previous = OldBody(view, revision, LogPart::kPrevious);
    if (!previous) return Fail(std::move(previous.error()));
    change->prev_body = std::move(*previous);
  }
  change->key = std::move(record.key);
  return ChangePtr(std::move(change));
}

Result<Revision> RocksReader::ReadLog(const Journal::LogScope& scope, Revision after,
                                      size_t scan_max,
                                      const std::function<bool(const ChangePtr&)>& visit) {
  auto snapshot = TakeSnapshot();  // the log and the bodies it leads to must be of one moment
  if (!snapshot) return Fail(std::move(snapshot.error()));
  View view(db_, snapshot->get());
  if (!view.status) return Fail(std::move(view.status.error()));
  view.options.readahead_size = kScanReadahead;
  auto it = view.Iterate(Family::kLog);
  Revision reached = after;
  size_t scanned = 0;
  it->Seek(AsSlice(RevisionBound(Revision{after.value + 1})));
  while (it->Valid()) {
    std::string key = it->key().ToString();
    auto at = DecodeRevisionKey(key);
    if (!at) return Fail(DamagedRecord(Family::kLog, key, "its key is malformed"));
    if (scan_max != 0 && scanned++ == scan_max) return reached;
    auto record = ParseLog(key, AsView(it->value()));
    if (!record) return Fail(std::move(record.error()));
    it->Next();
    // What replaced this state, if anything did, stands right behind it.
    Revision next;
    if (std::string next_key = EncodeRevisionKey(at->revision, LogPart::kNext);
        it->Valid() && it->key() == rocksdb::Slice(next_key)) {
      auto parsed = ParseNext(next_key, AsView(it->value()));
      if (!parsed) return Fail(std::move(parsed.error()));
      next = *parsed;
      it->Next();
    }
    reached = at->revision;
    if (!InScope(record->key, scope.resource, scope.ns, scope.name)) continue;
    auto change = BuildChange(view, std::move(*record), at->revision, next);
    if (!change) return Fail(std::move(change.error()));
    if (!visit(*change)) return reached;
  }
  if (!it->status().ok()) return Fail(ReadFailed(db_.path(), it->status()));
  return std::max(reached, (*snapshot)->revision());
}

Status RocksReader::Recover(
    const std::function<Status(std::string_view key, std::string_view value)>& visit,
    const Snapshot* at) {
  View view(db_, at);
  if (!view.status) return view.status;
  view.options.readahead_size = kRecoverReadahead;
  view.options.fill_cache = false;
  auto it = view.Iterate(Family::kCore);
  for (it->SeekToFirst(); it->Valid(); it->Next()) {
    std::string_view key = AsView(it->key());
    auto payload = ParseBytes(Family::kCore, key, AsView(it->value()));
    if (!payload) return Fail(std::move(payload.error()));
    Status status = visit(key, *payload);
    if (!status) return status;
  }
  if (!it->status().ok()) return Fail(ReadFailed(db_.path(), it->status()));
  return {};
}

Result<std::optional<std::string>> RocksReader::GetMeta(std::string_view key) {
  View view(db_, nullptr);
  if (!view.status) return Fail(std::move(view.status.error()));
  auto raw = Raw(view, Family::kMeta, key);
  if (!raw) return Fail(std::move(raw.error()));
  if (!*raw) return std::optional<std::string>();
  auto payload = ParseBytes(Family::kMeta, key, AsView(**raw));
  if (!payload) return Fail(std::move(payload.error()));
  return std::optional<std::string>(*payload);
}

Result<Revision> ParseMetaRevision(std::string_view name, const std::optional<std::string>& value) {
  Revision revision;
  if (!value) return revision;
  const char* end = value->data() + value->size();
  auto [rest, error] = std::from_chars(value->data(), end, revision.value);
  if (error != std::errc() || rest != end) {
    return Fail(DamagedRecord(Family::kMeta, name, "it is not a revision"));
  }
  return revision;
}

}  // namespace fairway::store
