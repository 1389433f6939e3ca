// Time as a value. The core has no now(): every instant is handed in.
#pragma once

#include <compare>
#include <cstdint>

namespace fairway {

// A span of time in milliseconds.
struct Duration {
  int64_t ms = 0;
  constexpr auto operator<=>(const Duration&) const = default;
  friend constexpr Duration operator+(Duration a, Duration b) { return {a.ms + b.ms}; }
};

// Milliseconds since the Unix epoch, UTC. Zero means "never" or "not yet".
struct Instant {
  int64_t ms = 0;
  constexpr auto operator<=>(const Instant&) const = default;
  constexpr explicit operator bool() const { return ms != 0; }
  friend constexpr Instant operator+(Instant t, Duration d) { return {t.ms + d.ms}; }
  friend constexpr Duration operator-(Instant a, Instant b) { return {a.ms - b.ms}; }
};

constexpr Duration Seconds(int64_t s) { return {s * 1000}; }
constexpr Duration Milliseconds(int64_t ms) { return {ms}; }

}  // namespace fairway
