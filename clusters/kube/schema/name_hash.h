// The hash of a field name, for MessageType's index: the length, the first and the last eight
// bytes, which tell nearly all names of one message apart.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace fairway::kube {

inline uint64_t NameHash(std::string_view name) {
  const size_t n = name.size();
  uint64_t head = 0, tail = 0;
  if (n >= 8) {
    std::memcpy(&head, name.data(), 8);
    std::memcpy(&tail, name.data() + n - 8, 8);
  } else if (n >= 4) {
    std::memcpy(&head, name.data(), 4);
    std::memcpy(&tail, name.data() + n - 4, 4);
  } else if (n > 0) {
    head = static_cast<uint8_t>(name[0]) |
           static_cast<uint64_t>(static_cast<uint8_t>(name[n / 2])) << 8 |
           static_cast<uint64_t>(static_cast<uint8_t>(name[n - 1])) << 16;
  }
  uint64_t hash = (head ^ n) * 0x9e3779b97f4a7c15u;
  hash = (hash ^ hash >> 32 ^ tail) * 0xbf58476d1ce4e5b9u;
  return hash ^ hash >> 29;
}

// One slot of the index: the field's number in the vector + 1, and the bits of the hash that the
// slot's place does not tell.
inline uint32_t NameSlot(uint64_t hash, size_t field) {
  return static_cast<uint32_t>(field + 1) | (static_cast<uint32_t>(hash >> 40) & 0xffffu) << 16;
}

}  // namespace fairway::kube
