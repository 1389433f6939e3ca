// LoopLoad: whether the loop has much to do, so that what can wait may give way to what cannot.
//
// Thread: the loop. Lifetime: the loop outlives it.
#pragma once

#include <cstdint>

#include "clusters/loop/loop.h"

namespace fairway::gateway {

class LoopLoad {
 public:
  explicit LoopLoad(Loop& loop);

  // Of the last window that is over (a quarter of a second or more, as often as this is asked) the
  // loop has spent so much, in per cent, other than waiting for input. 0 before the first is over.
  int BusyPercent();
  bool IsBusy() { return BusyPercent() >= kBusyPercent; }

 private:
  static constexpr int kBusyPercent = 40;
  static constexpr uint64_t kWindowNs = 250'000'000;

  Loop& loop_;
  uint64_t began_ns_;
  uint64_t idle_ns_;  // of the loop, when the window began
  int percent_ = 0;
};

}  // namespace fairway::gateway
