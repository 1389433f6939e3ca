// The hash of a field name, for MessageType's index. Short names dominate, so it looks at the
// length and five bytes only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace fairway::kube {

inline size_t NameHash(std::string_view name) {
  if (name.empty()) return 0;
  const auto at = [&](size_t i) { return static_cast<uint32_t>(static_cast<uint8_t>(name[i])); };
  const size_t last = name.size() - 1;
  uint32_t h = static_cast<uint32_t>(name.size());
  h = h * 131u + at(0);
  h = h * 131u + at(last / 4);
  h = h * 131u + at(last / 2);
  h = h * 131u + at(last - last / 4);
  h = h * 131u + at(last);
  return h ^ (h >> 7) ^ (h >> 15);
}

}  // namespace fairway::kube
