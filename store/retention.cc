#include "store/retention.h"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>

namespace fairway::store {
namespace {

// Resolution of the bound, and with it the number of marks.
constexpr int64_t kSteps = 32;

template <typename T>
bool TakeNumber(std::string_view& in, char end, T& value) {
  auto [rest, error] = std::from_chars(in.data(), in.data() + in.size(), value);
  if (error != std::errc() || rest == in.data() + in.size() || *rest != end) return false;
  in.remove_prefix(static_cast<size_t>(rest - in.data()) + 1);
  return true;
}

}  // namespace

Status Retention::Load(std::string_view saved) {
  marks_.clear();
  for (std::string_view in = saved; !in.empty();) {
    Mark mark;
    if (!TakeNumber(in, ':', mark.at.ms) || !TakeNumber(in, ';', mark.newest.value)) {
      Error error;
      error.reason = "InternalError";
      error.message = fmt::format(
          "the store is damaged: value {} is malformed; put a backup of the data directory "
          "back, see docs/operating/backup.md",
          kMetaKey);
      return Fail(std::move(error));
    }
    marks_.push_back(mark);
  }
  return {};
}

std::string Retention::Save() const {
  std::string out;
  for (const Mark& mark : marks_) {
    out += fmt::format("{}:{};", mark.at.ms, mark.newest.value);
  }
  return out;
}

bool Retention::Note(Instant now, Revision newest) {
  if (!marks_.empty()) {
    const Mark& last = marks_.back();
    bool old_enough = (now - last.at).ms >= std::max<int64_t>(1, age_.ms / kSteps);
    bool far_enough =
        newest.value - last.newest.value >= std::max<uint64_t>(1, revisions_max_ / kSteps);
    if (newest <= last.newest || (!old_enough && !far_enough)) return false;
    now = std::max(now, last.at);
  }
  marks_.push_back({now, newest});
  return true;
}

std::optional<Revision> Retention::Due(Instant now, Revision newest) {
  std::optional<Revision> until;
  while (!marks_.empty()) {
    const Mark& oldest = marks_.front();
    bool aged = now - oldest.at >= age_;
    bool crowded = newest.value - oldest.newest.value >= revisions_max_;
    if (!aged && !crowded) break;
    until = oldest.newest;
    marks_.pop_front();
  }
  return until;
}

}  // namespace fairway::store
