#include "gateway/driver/explanation_pace.h"

namespace fairway::gateway {

namespace {

constexpr int64_t kPaceSliceMs = 50;

}  // namespace

bool ExplanationPace::Take() {
  const Instant now{loop_.MonotonicMs()};
  if (rate_.WaitMs("", now) > 0) return false;
  rate_.Charge("", now);
  return true;
}

bool ExplanationPace::MayNow(JobId job, std::string_view uid) {
  if (late_.size() >= kLateMax) return true;
  if (late_.empty() && Take()) return true;
  late_.push_back({job, std::string(uid)});
  if (!timer_) timer_ = loop_.StartTimer(kPaceSliceMs, [this] { Drain(); });
  return false;
}

void ExplanationPace::Drain() {
  timer_ = Call();
  while (store_.CanWrite() && !late_.empty() && Take()) {
    const Late late = std::move(late_.front());
    late_.pop_front();
    write_(late);
  }
  if (!late_.empty()) timer_ = loop_.StartTimer(kPaceSliceMs, [this] { Drain(); });
}

}  // namespace fairway::gateway
