// Keys of stored records. Byte order of the encoded keys is the order in which they are read:
// objects by (resource, namespace, name), the log and old bodies by revision. Byte format:
// docs/formats/store.md.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "scheduler/ids.h"
#include "store/object_key.h"

namespace fairway::store {

// The column families. The numbers enter every record's checksum: never change them.
enum class Family : uint8_t {
  kObjects = 1,
  kOld = 2,
  kLog = 3,
  kCore = 4,
  kMeta = 5,
  kHistory = 6
};
const char* FamilyName(Family family);

// resource 0x00 ns 0x00 name
std::string EncodeObjectKey(const ObjectKey& key);
std::optional<ObjectKey> DecodeObjectKey(std::string_view encoded);
// The start of every object of `resource`, or of its namespace `ns` when not empty.
std::string ObjectPrefix(std::string_view resource, std::string_view ns);

// What a revision-ordered record holds; the last byte of its key.
enum class LogPart : char {
  kChange = 'c',    // log: the change itself
  kNext = 'n',      // log: the revision that replaced this one's object state
  kPrevious = 'p',  // old: the state that this revision replaced
  kDeleted = 'd',   // old: the last state of an object deleted by this revision
};
// Eight bytes of revision, big-endian, then the part.
std::string EncodeRevisionKey(Revision revision, LogPart part);
// The lower end of everything with a revision >= `revision`.
std::string RevisionBound(Revision revision);
struct RevisionKey {
  Revision revision;
  LogPart part = LogPart::kChange;
};
std::optional<RevisionKey> DecodeRevisionKey(std::string_view encoded);

// A transition's place in the history: eight bytes, big-endian.
std::string EncodeHistoryKey(uint64_t sequence);
std::optional<uint64_t> DecodeHistoryKey(std::string_view encoded);

// For messages: "jobs.batch/default/build-7", "revision 12 (c)".
std::string PrintableKey(Family family, std::string_view key);

}  // namespace fairway::store
