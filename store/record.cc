#include "store/record.h"

#include <fmt/core.h>

#include "store/crc32c.h"

namespace fairway::store {
namespace {

constexpr size_t kChecksumBytes = 4;

void PutVarint(std::string& out, uint64_t value) {
  for (; value >= 0x80; value >>= 7) out.push_back(static_cast<char>(value | 0x80));
  out.push_back(static_cast<char>(value));
}

bool TakeVarint(std::string_view& in, uint64_t& value) {
  value = 0;
  for (int shift = 0; shift < 64 && !in.empty(); shift += 7) {
    auto byte = static_cast<uint8_t>(in.front());
    in.remove_prefix(1);
    if (shift == 63 && byte > 1) return false;
    value |= static_cast<uint64_t>(byte & 0x7f) << shift;
    if ((byte & 0x80) == 0) return true;
  }
  return false;
}

bool TakeRevision(std::string_view& in, Revision& revision) {
  return TakeVarint(in, revision.value);
}

uint32_t KeyCrc(Family family, std::string_view key) {
  char tag = static_cast<char>(family);
  return Crc32c(key, Crc32c(std::string_view(&tag, 1)));
}

std::string EncodeCrc(uint32_t crc) {
  std::string out(kChecksumBytes, '\0');
  for (size_t i = 0; i < kChecksumBytes; ++i) out[i] = static_cast<char>(crc >> (8 * i));
  return out;
}

void Seal(Family family, std::string_view key, Framed& framed) {
  framed.tail = EncodeCrc(Crc32c(framed.body(), Crc32c(framed.head, KeyCrc(family, key))));
}

std::string Head(uint8_t version = kRecordVersion) {
  return std::string(1, static_cast<char>(version));
}

// Checks version and checksum; gives what is between them. `version_out` says which one it is,
// where more than the first are known.
Result<std::string_view> Open(Family family, std::string_view key, std::string_view value,
                              uint8_t* version_out = nullptr) {
  const uint8_t newest = version_out == nullptr ? kRecordVersion : kDictionaryVersion;
  if (value.size() < 1 + kChecksumBytes) {
    return Fail(DamagedRecord(family, key, "the record is cut short"));
  }
  std::string_view sealed = value.substr(0, value.size() - kChecksumBytes);
  uint32_t stored = 0;
  for (size_t i = 0; i < kChecksumBytes; ++i) {
    stored |= static_cast<uint32_t>(static_cast<uint8_t>(value[sealed.size() + i])) << (8 * i);
  }
  if (stored != Crc32c(sealed, KeyCrc(family, key))) {
    return Fail(DamagedRecord(family, key, "its checksum does not match"));
  }
  auto version = static_cast<uint8_t>(sealed.front());
  if (version_out != nullptr) *version_out = version;
  if (version < kRecordVersion || version > newest) {
    Error error;
    error.reason = "InternalError";
    error.message = fmt::format(
        "record {} in column family {} has format version {}, and this Fairway knows only {}: run "
        "the version that wrote it",
        PrintableKey(family, key), FamilyName(family), version, newest);
    return Fail(std::move(error));
  }
  return sealed.substr(1);
}

}  // namespace

Error DamagedRecord(Family family, std::string_view key, std::string_view what) {
  Error error;
  error.reason = "InternalError";
  error.message = fmt::format(
      "the store is damaged: record {} in column family {}: {}; put a backup of the data directory "
      "back, see docs/operating/backup.md",
      PrintableKey(family, key), FamilyName(family), what);
  return error;
}

Framed FrameObject(Family family, std::string_view key, const ObjectRecord& record, Packed packed) {
  Framed framed;
  framed.whole = record.body;
  framed.packed = std::move(packed);
  const bool whole = framed.packed.bytes.empty();
  const uint32_t dictionary = framed.packed.dictionary;
  framed.head = Head(whole ? kRecordVersion : dictionary ? kDictionaryVersion : kPackedVersion);
  PutVarint(framed.head, record.revision.value);
  PutVarint(framed.head, record.created.value);
  if (!whole) PutVarint(framed.head, record.body.size());
  if (!whole && dictionary != 0) PutVarint(framed.head, dictionary);
  Seal(family, key, framed);
  return framed;
}

Framed FrameLog(std::string_view key, const LogRecord& record) {
  Framed framed;
  framed.head = Head();
  framed.head.push_back(static_cast<char>(record.kind));
  PutVarint(framed.head, record.created.value);
  PutVarint(framed.head, record.prev_revision.value);
  framed.head += EncodeObjectKey(record.key);
  Seal(Family::kLog, key, framed);
  return framed;
}

Framed FrameNext(std::string_view key, Revision next) {
  Framed framed;
  framed.head = Head();
  PutVarint(framed.head, next.value);
  Seal(Family::kLog, key, framed);
  return framed;
}

Framed FrameBytes(Family family, std::string_view key, std::string_view payload) {
  Framed framed;
  framed.head = Head();
  framed.whole = payload;
  Seal(family, key, framed);
  return framed;
}

Result<ObjectRecord> ParseObject(Family family, std::string_view key, std::string_view value,
                                 const Dictionaries& dictionaries) {
  uint8_t version = kRecordVersion;
  auto payload = Open(family, key, value, &version);
  if (!payload) return Fail(std::move(payload.error()));
  ObjectRecord record;
  uint64_t size = 0, number = 0;
  if (!TakeRevision(*payload, record.revision) || !TakeRevision(*payload, record.created) ||
      (version != kRecordVersion && !TakeVarint(*payload, size)) ||
      (version == kDictionaryVersion && !TakeVarint(*payload, number))) {
    return Fail(DamagedRecord(family, key, "its fields are malformed"));
  }
  record.body = *payload;
  if (version == kRecordVersion) return record;
  const Dictionaries::Entry* dictionary = dictionaries.Find(number);
  if (version == kDictionaryVersion && dictionary == nullptr) {
    return Fail(DamagedRecord(
        family, key, fmt::format("it needs dictionary {}, which the store does not have", number)));
  }
  record.unpacked = Unpack(*payload, size, dictionary == nullptr ? "" : dictionary->text);
  if (record.unpacked == nullptr) {
    return Fail(DamagedRecord(family, key, "its body cannot be unpacked"));
  }
  record.body = *record.unpacked;
  return record;
}

Result<LogRecord> ParseLog(std::string_view key, std::string_view value) {
  auto payload = Open(Family::kLog, key, value);
  if (!payload) return Fail(std::move(payload.error()));
  LogRecord record;
  if (payload->empty() ||
      static_cast<uint8_t>(payload->front()) > static_cast<uint8_t>(Change::Kind::kDeleted)) {
    return Fail(DamagedRecord(Family::kLog, key, "it holds no known kind of change"));
  }
  record.kind = static_cast<Change::Kind>(payload->front());
  payload->remove_prefix(1);
  bool fields =
      TakeRevision(*payload, record.created) && TakeRevision(*payload, record.prev_revision);
  std::optional<ObjectKey> object = fields ? DecodeObjectKey(*payload) : std::nullopt;
  if (!object) return Fail(DamagedRecord(Family::kLog, key, "its fields are malformed"));
  record.key = std::move(*object);
  return record;
}

Result<Revision> ParseNext(std::string_view key, std::string_view value) {
  auto payload = Open(Family::kLog, key, value);
  if (!payload) return Fail(std::move(payload.error()));
  Revision next;
  if (!TakeRevision(*payload, next) || !payload->empty()) {
    return Fail(DamagedRecord(Family::kLog, key, "its fields are malformed"));
  }
  return next;
}

Result<std::string_view> ParseBytes(Family family, std::string_view key, std::string_view value) {
  return Open(family, key, value);
}

}  // namespace fairway::store
