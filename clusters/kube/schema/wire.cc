#include "clusters/kube/schema/wire.h"

#include <vector>

namespace fairway::kube {
namespace {

constexpr uint32_t kNumberMax = (1u << 29) - 1;
constexpr size_t kGroupDepthMax = 64;

}  // namespace

bool WireReader::Varint(uint64_t& value) {
  value = 0;
  for (int shift = 0; shift < 64; shift += 7) {
    if (rest_.empty()) return Damaged();
    const auto byte = static_cast<uint8_t>(rest_[0]);
    rest_.remove_prefix(1);
    value |= static_cast<uint64_t>(byte & 0x7f) << shift;
    if (byte < 0x80) return true;
  }
  return Damaged();
}

bool WireReader::Tag(uint32_t& number, WireType& type) {
  uint64_t tag = 0;
  if (!Varint(tag)) return false;
  if (tag >> 3 == 0 || tag >> 3 > kNumberMax || (tag & 7) > 5) return Damaged();
  number = static_cast<uint32_t>(tag >> 3);
  type = static_cast<WireType>(tag & 7);
  return true;
}

bool WireReader::Fixed(size_t size, uint64_t& value) {
  if (rest_.size() < size) return Damaged();
  value = 0;
  for (size_t i = 0; i < size; ++i) {
    value |= static_cast<uint64_t>(static_cast<uint8_t>(rest_[i])) << (8 * i);
  }
  rest_.remove_prefix(size);
  return true;
}

bool WireReader::Payload(WireValue& value) {
  switch (value.type) {
    case WireType::kVarint:
      return Varint(value.number_value);
    case WireType::kFixed64:
      return Fixed(8, value.number_value);
    case WireType::kFixed32:
      return Fixed(4, value.number_value);
    case WireType::kBytes: {
      uint64_t size = 0;
      if (!Varint(size)) return false;
      if (size > rest_.size()) return Damaged();
      value.bytes = rest_.substr(0, size);
      rest_.remove_prefix(size);
      return true;
    }
    default:
      return Damaged();
  }
}

bool WireReader::SkipGroup(uint32_t number) {
  std::vector<uint32_t> open{number};
  while (!open.empty()) {
    WireValue value;
    if (!Tag(value.number, value.type)) return false;
    if (value.type == WireType::kGroupBegin) {
      if (open.size() >= kGroupDepthMax) return Damaged();
      open.push_back(value.number);
    } else if (value.type == WireType::kGroupEnd) {
      if (open.back() != value.number) return Damaged();
      open.pop_back();
    } else if (!Payload(value)) {
      return false;
    }
  }
  return true;
}

bool WireReader::Next(WireValue& value) {
  while (ok_ && !rest_.empty()) {
    if (!Tag(value.number, value.type)) return false;
    if (value.type != WireType::kGroupBegin) return Payload(value);
    if (!SkipGroup(value.number)) return false;
  }
  return false;
}

void AppendVarint(uint64_t value, std::string& out) {
  while (value >= 0x80) {
    out += static_cast<char>(value | 0x80);
    value >>= 7;
  }
  out += static_cast<char>(value);
}

void AppendTag(uint32_t number, WireType type, std::string& out) {
  AppendVarint(uint64_t{number} << 3 | static_cast<uint64_t>(type), out);
}

void AppendBytes(uint32_t number, std::string_view bytes, std::string& out) {
  AppendTag(number, WireType::kBytes, out);
  AppendVarint(bytes.size(), out);
  out += bytes;
}

void AppendNumber(uint32_t number, uint64_t value, std::string& out) {
  AppendTag(number, WireType::kVarint, out);
  AppendVarint(value, out);
}

}  // namespace fairway::kube
