#include "gateway/driver/explanation_pace.h"

#include <algorithm>

namespace fairway::gateway {

namespace {

constexpr int64_t kSliceMs = 50;
constexpr int64_t kOneToken = 1000;

}  // namespace

void ExplanationPace::Refill() {
  const int64_t now = loop_.MonotonicMs();
  // One a second is a thousandth a millisecond.
  tokens_milli_ = std::min(kBurst * kOneToken, tokens_milli_ + (now - refilled_ms_) * kPerSecond);
  refilled_ms_ = now;
}

bool ExplanationPace::MayNow(JobId job) {
  if (late_.size() >= kLateMax) return true;
  if (late_.empty()) {
    Refill();
    if (tokens_milli_ >= kOneToken) {
      tokens_milli_ -= kOneToken;
      return true;
    }
  }
  late_.push_back(job);
  if (!timer_) timer_ = loop_.StartTimer(kSliceMs, [this] { Drain(); });
  return false;
}

void ExplanationPace::Drain() {
  timer_ = Call();
  Refill();
  while (store_.CanWrite() && !late_.empty() && tokens_milli_ >= kOneToken) {
    tokens_milli_ -= kOneToken;
    const JobId job = late_.front();
    late_.pop_front();
    write_(job);
  }
  if (!late_.empty()) timer_ = loop_.StartTimer(kSliceMs, [this] { Drain(); });
}

}  // namespace fairway::gateway
