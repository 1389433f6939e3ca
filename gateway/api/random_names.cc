#include "gateway/api/random_names.h"

#include <openssl/rand.h>

#include <array>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "scheduler/assert.h"

namespace fairway::gateway::api {

namespace {

// Reading the random source once per 256 ids keeps it off the hot path.
void RandomBytes(uint8_t* out, size_t size) {
  thread_local std::array<uint8_t, 4096> block;
  thread_local size_t used = block.size();
  if (used + size > block.size()) {
    FAIRWAY_ASSERT(RAND_bytes(block.data(), static_cast<int>(block.size())) == 1);
    used = 0;
  }
  std::memcpy(out, block.data() + used, size);
  used += size;
}

}  // namespace

std::string NewUid() {
  std::array<uint8_t, 16> bytes;
  RandomBytes(bytes.data(), bytes.size());
  bytes[6] = static_cast<uint8_t>((bytes[6] & 0x0f) | 0x40);
  bytes[8] = static_cast<uint8_t>((bytes[8] & 0x3f) | 0x80);
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string out;
  out.reserve(36);
  for (size_t i = 0; i < bytes.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) out += '-';
    out += kHex[bytes[i] >> 4];
    out += kHex[bytes[i] & 15];
  }
  return out;
}

uint64_t RandomNumber() {
  std::array<uint8_t, sizeof(uint64_t)> bytes;
  RandomBytes(bytes.data(), bytes.size());
  uint64_t number = 0;
  std::memcpy(&number, bytes.data(), sizeof number);
  return number;
}

}  // namespace fairway::gateway::api
