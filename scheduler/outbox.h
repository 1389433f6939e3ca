// Outbox<T>: holds effects until the revision that they rest on is committed. Journal first, effect
// after, always. It lives in the pure folder so that the simulation drives the very same rule.
#pragma once

#include <cstddef>
#include <deque>
#include <utility>

#include "scheduler/assert.h"
#include "scheduler/ids.h"

namespace fairway::scheduler {

template <typename T>
class Outbox {
 public:
  // Holds `item` until `after` is committed. Revisions never go down from call to call.
  void Hold(Revision after, T item) {
    FAIRWAY_ASSERT(held_.empty() || held_.back().first <= after);
    held_.emplace_back(after, std::move(item));
  }
  // Everything up to `committed` is saved: calls deliver(T&&) for each released item, in order.
  template <typename Deliver>
  void Release(Revision committed, Deliver&& deliver) {
    while (!held_.empty() && held_.front().first <= committed) {
      T item = std::move(held_.front().second);
      held_.pop_front();  // before delivery: deliver() may call Hold()
      deliver(std::move(item));
    }
  }
  size_t size() const { return held_.size(); }

 private:
  std::deque<std::pair<Revision, T>> held_;
};

}  // namespace fairway::scheduler
