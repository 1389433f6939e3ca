#include "clusters/member/concurrency_limit.h"

#include <algorithm>

namespace fairway::clusters {

namespace {

constexpr int kRoundAnswersMin = 8;
// The usual latency is an exponential average over about so many rounds.
constexpr double kUsualRounds = 50;
// Answers this much slower than usual are nothing: in relation, and (turns of our own loop, a
// neighbour's garbage collection) in microseconds.
constexpr double kTolerance = 1.5;
constexpr double kNoiseUs = 10'000;
// When latency has fallen by half, the usual one follows faster.
constexpr double kRecovery = 0.95;
constexpr double kRoom = 4;
constexpr double kSmoothing = 0.2;
constexpr double kGradientMin = 0.5;
constexpr double kDecrease = 0.6;

}  // namespace

ConcurrencyLimit::ConcurrencyLimit(int least, int most)
    : least_(std::max(1, std::min(least, most))),
      most_(std::max(1, most)),
      limit_(std::clamp(most_ / 4, least_, most_)) {}

int ConcurrencyLimit::limit() const { return static_cast<int>(limit_); }

void ConcurrencyLimit::OnAnswer(int64_t rtt_us, int in_flight) {
  if (deaf_answers_ > 0) --deaf_answers_;
  round_us_ += std::max<int64_t>(0, rtt_us);
  round_in_flight_ = std::max(round_in_flight_, in_flight);
  if (++round_answers_ >= std::max(kRoundAnswersMin, limit())) EndRound();
}

void ConcurrencyLimit::OnOverload() {
  if (deaf_answers_ > 0) {
    --deaf_answers_;
    return;
  }
  deaf_answers_ = limit() - 1;
  starting_ = false;
  limit_ *= kDecrease;
  Clamp();
  ++backoffs_;
}

void ConcurrencyLimit::EndRound() {
  double now_us = static_cast<double>(round_us_) / round_answers_;
  bool used = 2 * round_in_flight_ >= limit();
  round_us_ = 0;
  round_answers_ = 0;
  round_in_flight_ = 0;
  usual_us_ = usual_us_ == 0 ? now_us : usual_us_ + (now_us - usual_us_) * 2 / (kUsualRounds + 1);
  if (usual_us_ > 2 * now_us) usual_us_ *= kRecovery;
  if (!used) return;
  bool noise = now_us <= usual_us_ + kNoiseUs;
  double gradient = noise ? 1 : std::clamp(kTolerance * usual_us_ / now_us, kGradientMin, 1.0);
  starting_ = starting_ && gradient == 1;
  limit_ += starting_ ? limit_ / 2 : (limit_ * gradient + kRoom - limit_) * kSmoothing;
  Clamp();
}

void ConcurrencyLimit::Clamp() { limit_ = std::clamp(limit_, least_, most_); }

}  // namespace fairway::clusters
