#include "gateway/driver/postponed.h"

#include <utility>

namespace fairway::gateway {

namespace {

// How often a refusing store is asked again, and how many reports one turn takes in afterwards.
constexpr int64_t kPostponedRetryMs = 100;
constexpr int kPerTurn = 256;

}  // namespace

bool Postponed::Blocked() const {
  if (running_) return false;
  return !order_.empty() || !store_.CanWrite();
}

void Postponed::Keep(Kind kind, ClusterId cluster, JobId job, std::function<void()> later) {
  Key key{kind, cluster, job};
  if (auto known = entries_.find(key); known != entries_.end()) {
    order_.erase(known->second);
    entries_.erase(known);
  }
  entries_[key] = order_.insert(order_.end(), {key, std::move(later)});
  if (!timer_) timer_ = loop_.StartRepeating(kPostponedRetryMs, [this] { RunSome(); });
}

void Postponed::RunSome() {
  for (int i = 0; i < kPerTurn && !order_.empty() && store_.CanWrite(); ++i) {
    std::function<void()> later = std::move(order_.front().later);
    entries_.erase(order_.front().key);
    order_.pop_front();
    running_ = true;
    later();
    running_ = false;
  }
  if (order_.empty()) timer_ = Call();
}

}  // namespace fairway::gateway
