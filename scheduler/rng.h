// Rng: a small deterministic generator for simulations and property tests. The standard library's
// distributions differ between implementations; these integer ones do not. Not for secrets.
// Algorithm: SplitMix64 (Steele, Lea, Flood: "Fast splittable pseudorandom number generators").
#pragma once

#include <cstdint>

#include "scheduler/assert.h"

namespace fairway {

// A probability as a fraction of integers: exact and printable.
struct Ratio {
  uint32_t numerator = 0;
  uint32_t denominator = 1;
  constexpr bool operator==(const Ratio&) const = default;
};

class Rng {
 public:
  explicit constexpr Rng(uint64_t seed) : state_(seed) {}

  constexpr uint64_t Next() {
    uint64_t z = (state_ += 0x9E3779B97F4A7C15ull);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ull;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBull;
    return z ^ (z >> 31);
  }
  // Uniform in [0, bound). The modulo bias is below bound / 2^64.
  constexpr uint64_t Below(uint64_t bound) {
    FAIRWAY_ASSERT(bound > 0);
    return Next() % bound;
  }
  // Uniform in [low, high], both included.
  constexpr int64_t Between(int64_t low, int64_t high) {
    FAIRWAY_ASSERT(low <= high);
    return low + static_cast<int64_t>(Below(static_cast<uint64_t>(high - low) + 1));
  }
  constexpr bool Chance(Ratio p) { return Below(p.denominator) < p.numerator; }
  // An independent stream, so that one consumer's appetite does not shift another's numbers.
  constexpr Rng Fork() { return Rng(Next()); }

 private:
  uint64_t state_;
};

}  // namespace fairway
