// ExplanationPace: how fast waiting jobs get their first Placement. A few hundred a second are
// written with their submission; in a storm the rest follows at that pace, behind the submissions.
// A job that is placed meanwhile gets its Placement with that.
//
// Thread: the loop. Lifetime: loop and store outlive it.
#pragma once

#include <deque>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

#include "clusters/loop/loop.h"
#include "gateway/fairness/submission_limits.h"
#include "scheduler/ids.h"
#include "store/object_store.h"

namespace fairway::gateway {

class ExplanationPace {
 public:
  static constexpr int64_t kPerSecond = 500;
  static constexpr int64_t kBurst = 500;
  // Who comes when so many wait is written at once: what is kept is bounded.
  static constexpr size_t kLateMax = 200'000;

  // A job that has to wait, and its uid: whoever writes then need not look for it.
  struct Late {
    JobId job;
    std::string uid;
  };

  // `write` is called for each job that had to wait, whatever became of it.
  ExplanationPace(Loop& loop, store::ObjectStore& store, std::function<void(const Late&)> write)
      : loop_(loop), store_(store), write_(std::move(write)) {}

  // False: `write` is called later. The order is kept.
  bool MayNow(JobId job, std::string_view uid);
  size_t late() const { return late_.size(); }

 private:
  // Takes a token, if there is one.
  bool Take();
  void Drain();

  Loop& loop_;
  store::ObjectStore& store_;
  std::function<void(const Late&)> write_;
  RateTable rate_{kPerSecond, kBurst, 1};  // under one name
  std::deque<Late> late_;
  Call timer_;
};

}  // namespace fairway::gateway
