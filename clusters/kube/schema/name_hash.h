// The hash of a field name, for MessageType's index: its length, its first and its last eight
// bytes. They are kept in the index too, so that a look-up of a name of up to 16 bytes, nearly
// every one, is decided without touching the field.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace fairway::kube {

struct NameKey {
  uint64_t head = 0;
  uint64_t tail = 0;
  uint32_t size = 0;

  bool operator==(const NameKey&) const = default;
  // Equal keys mean equal names.
  bool whole() const { return size <= 16; }

  uint64_t Hash() const {
    return ((head ^ (tail << 29 | tail >> 35)) + size) * 0x9e3779b97f4a7c15u >> 32;
  }
};

inline uint64_t Load4(const char* p) {
  uint32_t word = 0;
  std::memcpy(&word, p, 4);
  return word;
}

inline NameKey MakeNameKey(std::string_view name) {
  const size_t n = name.size();
  NameKey key{0, 0, static_cast<uint32_t>(n)};
  if (n >= 4) {
    // Four overlapping loads cover every name of up to 16 bytes, without a branch on its length.
    const char* p = name.data();
    key.head = Load4(p) | Load4(p + std::min<size_t>(4, n - 4)) << 32;
    key.tail = Load4(p + (n >= 8 ? n - 8 : 0)) | Load4(p + n - 4) << 32;
  } else {
    for (size_t i = 0; i < n; ++i) {
      key.head = key.head << 8 | static_cast<uint8_t>(name[i]);
    }
  }
  return key;
}

// One slot of the open-addressed index; field == 0 is free.
struct NameSlot {
  NameKey key;
  uint32_t field = 0;  // number in MessageType::fields + 1
};

}  // namespace fairway::kube
