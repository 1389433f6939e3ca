// ExplanationRefresh: keeps what Placements say about waiting jobs true. The core explains a job
// when it decides about it; when clusters come, go or change, the reasons of jobs that go on
// waiting change too. They are worded anew a few at a time, behind the work that matters.
//
// Thread: the loop. Lifetime: loop and pump outlive it.
#pragma once

#include <functional>

#include "clusters/loop/loop.h"
#include "gateway/driver/core_pump.h"

namespace fairway::gateway {

class ExplanationRefresh {
 public:
  using Publish = std::function<void(const scheduler::JobRecord&, const scheduler::Decision&)>;

  ExplanationRefresh(Loop& loop, store::ObjectStore& store, CorePump& pump, Publish publish)
      : loop_(loop), store_(store), pump_(pump), publish_(std::move(publish)) {}

  // Something that reasons are made of has changed.
  void Want();

 private:
  void Slice();

  Loop& loop_;
  store::ObjectStore& store_;
  CorePump& pump_;
  Publish publish_;
  bool again_ = false;  // changed since the sweep under way began
  JobId at_;            // the last job that the sweep has looked at
  Call timer_;
};

}  // namespace fairway::gateway
