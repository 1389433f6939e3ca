#include "clusters/kube/kinds/run_time.h"

#include <charconv>

namespace fairway::kube {
namespace {

struct Unit {
  std::string_view name;
  int64_t ms;
};
constexpr Unit kUnits[] = {{"h", 3'600'000}, {"m", 60'000}, {"s", 1000}, {"ms", 1}};
constexpr int64_t kYearMs = 366LL * 86'400'000;

}  // namespace

std::optional<Duration> ParseRunTime(std::string_view text) {
  int64_t sum = 0;
  int64_t smallest = kYearMs;  // each unit once, from large to small
  while (!text.empty()) {
    int64_t count = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
    if (error != std::errc() || count < 0) return std::nullopt;
    text.remove_prefix(static_cast<size_t>(end - text.data()));
    const std::string_view name = text.substr(0, text.find_first_of("0123456789"));
    int64_t ms = 0;
    for (const Unit& unit : kUnits) {
      if (unit.name == name) ms = unit.ms;
    }
    if (ms == 0 || ms >= smallest || count > kYearMs / ms) return std::nullopt;
    smallest = ms;
    sum += count * ms;
    text.remove_prefix(name.size());
  }
  if (sum <= 0 || sum > kYearMs) return std::nullopt;
  return Duration{sum};
}

std::string RunTimeText(Duration span) {
  if (span.ms <= 0) return "0s";
  if (span.ms < 1000) return std::to_string(span.ms) + "ms";
  int64_t left = span.ms / 1000 * 1000;
  std::string out;
  for (const Unit& unit : kUnits) {
    if (left < unit.ms) continue;
    out += std::to_string(left / unit.ms) + std::string(unit.name);
    left %= unit.ms;
  }
  return out;
}

}  // namespace fairway::kube
