// Gate: counts work under way so that a service can drain. Close() stops new work and reports when
// the last piece has left. Thread: the loop.
#pragma once

#include <cstddef>
#include <functional>
#include <utility>

#include "scheduler/assert.h"

namespace fairway {

class Gate {
 public:
  // False when closed: turn the work away.
  bool TryEnter() {
    if (closed_) return false;
    ++inside_;
    return true;
  }
  void Leave() {
    FAIRWAY_ASSERT(inside_ > 0);
    --inside_;
    if (closed_ && inside_ == 0 && on_empty_) std::exchange(on_empty_, nullptr)();
  }
  // `on_empty` runs once, at once when nothing is inside.
  void Close(std::function<void()> on_empty) {
    closed_ = true;
    on_empty_ = std::move(on_empty);
    if (inside_ == 0 && on_empty_) std::exchange(on_empty_, nullptr)();
  }
  size_t inside() const { return inside_; }
  bool closed() const { return closed_; }

 private:
  size_t inside_ = 0;
  bool closed_ = false;
  std::function<void()> on_empty_;
};

}  // namespace fairway
