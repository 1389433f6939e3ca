// Backoff: growing, jittered waits (the shape of client-go's wait.Backoff). Deterministic for a
// seed. Plain value.
#pragma once

#include <algorithm>
#include <cstdint>

namespace fairway::kube {

// SplitMix64 (Steele, Lea, Flood 2014): enough for jitter.
class Jitter {
 public:
  explicit Jitter(uint64_t seed) : state_(seed) {}
  // Uniform in [0, bound); 0 for bound <= 0.
  int64_t Below(int64_t bound) {
    state_ += 0x9e3779b97f4a7c15ULL;
    uint64_t z = state_;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
    z ^= z >> 31;
    return bound <= 0 ? 0 : static_cast<int64_t>(z % static_cast<uint64_t>(bound));
  }

 private:
  uint64_t state_;
};

// The wait before attempt `failures + 1`: first_ms doubled per failure up to max_ms, plus jitter of
// up to once that.
inline int64_t BackoffMs(int failures, int64_t first_ms, int64_t max_ms, Jitter& jitter) {
  int shift = std::clamp(failures - 1, 0, 20);
  int64_t base = std::min(max_ms, first_ms << shift);
  return base + jitter.Below(base + 1);
}

}  // namespace fairway::kube
