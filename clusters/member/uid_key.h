// A Kubernetes uid as 16 bytes, to count millions of them by. Pure.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace fairway::clusters {

using UidKey = std::array<uint64_t, 2>;

struct UidKeyHash {
  size_t operator()(const UidKey& key) const { return key[0] ^ (key[1] * 0x9e3779b97f4a7c15ULL); }
};

// The digits of a UUID; a hash of uid and `name` where it is none.
inline UidKey UidKeyOf(std::string_view uid, std::string_view name = {}) {
  UidKey key{};
  int digits = 0;
  for (const char c : uid) {
    const int value = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
    if (value < 0 || digits >= 32) continue;
    key[digits / 16] = key[digits / 16] << 4 | static_cast<uint64_t>(value);
    ++digits;
  }
  if (digits == 32) return key;
  const std::string full = std::string(uid) + "/" + std::string(name);
  return {std::hash<std::string>()(full), std::hash<std::string>()(full + "/")};
}

}  // namespace fairway::clusters
