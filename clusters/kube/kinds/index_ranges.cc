#include "clusters/kube/kinds/index_ranges.h"

#include <algorithm>
#include <charconv>

namespace fairway::kube {

namespace {

bool TakeNumber(std::string_view& text, int64_t& number) {
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || number < 0 || text.front() < '0' || text.front() > '9') return false;
  text.remove_prefix(static_cast<size_t>(end - text.data()));
  return true;
}

void Append(IndexRanges& out, std::pair<int64_t, int64_t> next) {
  if (!out.empty() && next.first <= out.back().second + 1) {
    out.back().second = std::max(out.back().second, next.second);
  } else {
    out.push_back(next);
  }
}

}  // namespace

std::optional<IndexRanges> ParseIndexes(std::string_view text) {
  IndexRanges out;
  while (!text.empty()) {
    std::pair<int64_t, int64_t> next;
    if (!TakeNumber(text, next.first)) return std::nullopt;
    next.second = next.first;
    if (!text.empty() && text.front() == '-') {
      text.remove_prefix(1);
      if (text.empty() || !TakeNumber(text, next.second) || next.second <= next.first) {
        return std::nullopt;
      }
    }
    if (!out.empty() && next.first <= out.back().second) return std::nullopt;
    Append(out, next);
    if (text.empty()) break;
    if (text.front() != ',' || text.size() == 1) return std::nullopt;
    text.remove_prefix(1);
  }
  return out;
}

std::string FormatIndexes(const IndexRanges& ranges) {
  std::string out;
  for (const auto& [first, last] : ranges) {
    if (!out.empty()) out += ',';
    out += std::to_string(first);
    // Two neighbours are a list, not a range, as the Job controller writes it.
    if (last == first + 1) out += "," + std::to_string(last);
    if (last > first + 1) out += "-" + std::to_string(last);
  }
  return out;
}

IndexRanges UnionOf(const IndexRanges& a, const IndexRanges& b) {
  IndexRanges sorted(a);
  sorted.insert(sorted.end(), b.begin(), b.end());
  std::sort(sorted.begin(), sorted.end());
  IndexRanges out;
  for (const auto& next : sorted) Append(out, next);
  return out;
}

int64_t CountIndexes(const IndexRanges& ranges) {
  int64_t count = 0;
  for (const auto& [first, last] : ranges) count += last - first + 1;
  return count;
}

IndexRanges Within(const IndexRanges& ranges, int64_t first, int64_t last) {
  IndexRanges out;
  for (const auto& [from, to] : ranges) {
    const std::pair<int64_t, int64_t> part{std::max(from, first), std::min(to, last)};
    if (part.first <= part.second) out.push_back(part);
  }
  return out;
}

IndexRanges AllBut(int64_t count, int64_t first, int64_t last) {
  IndexRanges out;
  if (first > 0) out.emplace_back(0, first - 1);
  if (last + 1 < count) out.emplace_back(last + 1, count - 1);
  return out;
}

}  // namespace fairway::kube
