#include "store/keys.h"

#include <fmt/core.h>

#include "scheduler/assert.h"

namespace fairway::store {

const char* FamilyName(Family family) {
  switch (family) {
    case Family::kObjects:
      return "objects";
    case Family::kOld:
      return "old";
    case Family::kLog:
      return "log";
    case Family::kCore:
      return "core";
    case Family::kMeta:
      return "meta";
    case Family::kHistory:
      return "history";
  }
  return "?";
}

std::string EncodeObjectKey(const ObjectKey& key) {
  FAIRWAY_ASSERT(key.resource.find('\0') == std::string::npos &&
                 key.ns.find('\0') == std::string::npos &&
                 key.name.find('\0') == std::string::npos);
  std::string out;
  out.reserve(key.resource.size() + key.ns.size() + key.name.size() + 2);
  out.append(key.resource).push_back('\0');
  out.append(key.ns).push_back('\0');
  out.append(key.name);
  return out;
}

std::optional<ObjectKey> DecodeObjectKey(std::string_view encoded) {
  size_t first = encoded.find('\0');
  if (first == std::string_view::npos) return std::nullopt;
  size_t second = encoded.find('\0', first + 1);
  if (second == std::string_view::npos) return std::nullopt;
  if (encoded.find('\0', second + 1) != std::string_view::npos) return std::nullopt;
  return ObjectKey{std::string(encoded.substr(0, first)),
                   std::string(encoded.substr(first + 1, second - first - 1)),
                   std::string(encoded.substr(second + 1))};
}

std::string ObjectPrefix(std::string_view resource, std::string_view ns) {
  std::string out(resource);
  out.push_back('\0');
  if (!ns.empty()) out.append(ns).push_back('\0');
  return out;
}

std::string RevisionBound(Revision revision) {
  std::string out(8, '\0');
  for (int i = 0; i < 8; ++i) {
    out[static_cast<size_t>(i)] = static_cast<char>(revision.value >> (56 - 8 * i));
  }
  return out;
}

std::string EncodeHistoryKey(uint64_t sequence) { return RevisionBound(Revision{sequence}); }

std::optional<uint64_t> DecodeHistoryKey(std::string_view encoded) {
  if (encoded.size() != 8) return std::nullopt;
  uint64_t sequence = 0;
  for (char c : encoded) sequence = (sequence << 8) | static_cast<uint8_t>(c);
  return sequence;
}

std::string EncodeRevisionKey(Revision revision, LogPart part) {
  std::string out = RevisionBound(revision);
  out.push_back(static_cast<char>(part));
  return out;
}

std::optional<RevisionKey> DecodeRevisionKey(std::string_view encoded) {
  if (encoded.size() != 9) return std::nullopt;
  RevisionKey key;
  for (size_t i = 0; i < 8; ++i) {
    key.revision.value = (key.revision.value << 8) | static_cast<uint8_t>(encoded[i]);
  }
  key.part = static_cast<LogPart>(encoded[8]);
  switch (key.part) {
    case LogPart::kChange:
    case LogPart::kNext:
    case LogPart::kPrevious:
    case LogPart::kDeleted:
      return key;
  }
  return std::nullopt;
}

std::string PrintableKey(Family family, std::string_view key) {
  if (family == Family::kLog || family == Family::kOld) {
    if (auto decoded = DecodeRevisionKey(key)) {
      return fmt::format("revision {} ({})", decoded->revision.value,
                         static_cast<char>(decoded->part));
    }
  }
  if (family == Family::kHistory) {
    if (auto sequence = DecodeHistoryKey(key)) return fmt::format("{}", *sequence);
  }
  std::string out;
  for (char c : key) {
    if (c == '\0' && family == Family::kObjects) {
      out.push_back('/');
    } else if (c >= 0x20 && c < 0x7f) {
      out.push_back(c);
    } else {
      out += fmt::format("\\x{:02x}", static_cast<uint8_t>(c));
    }
  }
  return out;
}

}  // namespace fairway::store
