#include "gateway/driver/explanation_pace.h"

namespace fairway::gateway {

namespace {

constexpr int64_t kSliceMs = 50;

}  // namespace

bool ExplanationPace::Take() {
  const Instant now{loop_.MonotonicMs()};
  if (rate_.WaitMs("", now) > 0) return false;
  rate_.Charge("", now);
  return true;
}

bool ExplanationPace::MayNow(JobId job) {
  if (late_.size() >= kLateMax) return true;
  if (late_.empty() && Take()) return true;
  late_.push_back(job);
  if (!timer_) timer_ = loop_.StartTimer(kSliceMs, [this] { Drain(); });
  return false;
}

void ExplanationPace::Drain() {
  timer_ = Call();
  while (store_.CanWrite() && !late_.empty() && Take()) {
    const JobId job = late_.front();
    late_.pop_front();
    write_(job);
  }
  if (!late_.empty()) timer_ = loop_.StartTimer(kSliceMs, [this] { Drain(); });
}

}  // namespace fairway::gateway
