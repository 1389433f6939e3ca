// ConcurrencyLimit: how much may be under way at a member, learnt from what its answers tell:
//
//   latency   the gradient of the usual to the present latency shrinks the limit, plus a little
//   room
//             that lets it grow while answers stay quick: "Gradient2" of Netflix's
//             concurrency-limits, once per round of as many answers as the limit allows at once;
//   429, 503, timeouts   multiplicative decrease, once per round, as TCP does on loss (AIMD).
//
// It begins low, so that the usual latency is that of a member which is not overloaded, and grows
// by half a round until the first sign of trouble (TCP's slow start); a member that is slow but not
// slowed down by us ends at the maximum. Answers that came while less than
// half of the limit was used say nothing about it.
//
// Thread: the loop. Pure: durations are handed in. Unit: microseconds.
#pragma once

#include <cstdint>

namespace fairway::clusters {

class ConcurrencyLimit {
 public:
  // Stays within [least, most].
  ConcurrencyLimit(int least, int most);

  int limit() const;
  // An answer came after `rtt_us`, while `in_flight` were under way (it included).
  void OnAnswer(int64_t rtt_us, int in_flight);
  // The member said that it has too much to do, or did not answer in time.
  void OnOverload();
  // How often it was made smaller by a half or so because of OnOverload.
  uint64_t backoffs() const { return backoffs_; }
  // The usual latency; 0 until known.
  int64_t usual_us() const { return static_cast<int64_t>(usual_us_); }

 private:
  void EndRound();
  void Clamp();

  const double least_, most_;
  double limit_;
  double usual_us_ = 0;
  int64_t round_us_ = 0;  // sum of the round's latencies
  int round_answers_ = 0;
  int round_in_flight_ = 0;  // most under way
  int deaf_answers_ = 0;     // until the next overload counts: those on their way tell nothing new
  uint64_t backoffs_ = 0;
  bool starting_ = true;
};

}  // namespace fairway::clusters
