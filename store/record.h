// Values of stored records. Each is: format version (1 byte), fields, CRC-32C (4 bytes, little
// endian) over the column family's number, the key and everything before it. A value is therefore
// only whole under its own key. Byte format: docs/formats/store.md.
//
// Reading is total: any bytes give a value or an Error that names the record and the way out.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "scheduler/result.h"
#include "store/change.h"
#include "store/keys.h"
#include "store/packing.h"

namespace fairway::store {

inline constexpr uint8_t kRecordVersion = 1;
// Of objects whose body is packed alone, and of those packed against a dictionary (packing.h).
inline constexpr uint8_t kPackedVersion = 2;
inline constexpr uint8_t kDictionaryVersion = 3;

// The state of one object at one revision (families objects and old).
struct ObjectRecord {
  Revision revision;
  Revision created;
  std::string_view body;
  std::shared_ptr<const std::string> unpacked =
      nullptr;  // what `body` points into, if it was packed

  // The body for somebody who keeps it.
  std::shared_ptr<const std::string> Share() const {
    return unpacked ? unpacked : std::make_shared<const std::string>(body);
  }
};
// One change (family log). Bodies are found through objects and old.
struct LogRecord {
  Change::Kind kind = Change::Kind::kAdded;
  Revision created;
  Revision prev_revision;
  ObjectKey key;
};

// A record in pieces, so that a large body is not copied on its way into a write batch.
struct Framed {
  std::string head;
  std::string_view whole;  // the body as it was given
  Packed packed;           // or what stands for it
  std::string tail;
  std::string_view body() const {
    return packed.bytes.empty() ? whole : std::string_view(packed.bytes);
  }
  std::string Join() const { return head + std::string(body()) + tail; }
};

// `packed` is what stands for the record's body.
Framed FrameObject(Family family, std::string_view key, const ObjectRecord& record, Packed packed);
Framed FrameLog(std::string_view key, const LogRecord& record);
Framed FrameNext(std::string_view key, Revision next);
Framed FrameBytes(Family family, std::string_view key, std::string_view payload);  // core, meta

// The views in the results point into `value`, or into the result itself.
Result<ObjectRecord> ParseObject(Family family, std::string_view key, std::string_view value,
                                 const Dictionaries& dictionaries);
Result<LogRecord> ParseLog(std::string_view key, std::string_view value);
Result<Revision> ParseNext(std::string_view key, std::string_view value);
Result<std::string_view> ParseBytes(Family family, std::string_view key, std::string_view value);

// "the store is damaged: ..." for the record at `key`, with the way out.
Error DamagedRecord(Family family, std::string_view key, std::string_view what);

}  // namespace fairway::store
