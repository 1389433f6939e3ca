// A hash with the same value on every machine and run (std::hash promises neither). FNV-1a, 64 bits
// (Fowler, Noll, Vo), eight bytes at a step. For tables and fingerprints, not against an adversary.
#pragma once

#include <cstdint>
#include <string_view>

namespace fairway::scheduler {

inline constexpr uint64_t kHashSeed = 0xCBF29CE484222325ull;

constexpr uint64_t HashMix(uint64_t hash, uint64_t value) {
  hash = (hash ^ value) * 0x100000001B3ull;
  return hash ^ (hash >> 29);
}

constexpr uint64_t HashBytes(std::string_view bytes, uint64_t hash = kHashSeed) {
  size_t at = 0;
  for (; at + 8 <= bytes.size(); at += 8) {
    uint64_t word = 0;
    for (size_t i = 0; i < 8; ++i) {
      word |= static_cast<uint64_t>(static_cast<unsigned char>(bytes[at + i])) << (8 * i);
    }
    hash = HashMix(hash, word);
  }
  for (; at < bytes.size(); ++at) hash = HashMix(hash, static_cast<unsigned char>(bytes[at]));
  return HashMix(hash, bytes.size());
}

}  // namespace fairway::scheduler
