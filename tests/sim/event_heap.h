// EventHeap: what happens next in a simulation, ordered by (Instant, sequence): events of one
// instant happen in the order in which they were scheduled, on every run and compiler.
#pragma once

#include <algorithm>
#include <cstdint>
#include <type_traits>
#include <vector>

#include "scheduler/instant.h"

namespace fairway::sim {

template <typename T>
class EventHeap {
  static_assert(std::is_trivially_copyable_v<T>);

 public:
  void Push(Instant at, const T& event) {
    heap_.push_back({at, next_sequence_++, event});
    std::push_heap(heap_.begin(), heap_.end(), Later);
  }
  bool empty() const { return heap_.empty(); }
  size_t size() const { return heap_.size(); }
  Instant NextAt() const { return heap_.front().at; }
  T Pop() {
    std::pop_heap(heap_.begin(), heap_.end(), Later);
    const T event = heap_.back().event;
    heap_.pop_back();
    return event;
  }

 private:
  struct Entry {
    Instant at;
    uint64_t sequence;
    T event;
  };
  static bool Later(const Entry& a, const Entry& b) {
    return a.at != b.at ? a.at > b.at : a.sequence > b.sequence;
  }

  std::vector<Entry> heap_;
  uint64_t next_sequence_ = 0;
};

}  // namespace fairway::sim
