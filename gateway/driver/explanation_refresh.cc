#include "gateway/driver/explanation_refresh.h"

namespace fairway::gateway {

namespace {

// One slice: how often, how many jobs are looked at, and how many of them are explained.
constexpr int64_t kRefreshSliceMs = 500;
constexpr int kLooked = 4096;
constexpr int kExplained = 64;

}  // namespace

void ExplanationRefresh::Want() {
  if (timer_) {
    again_ = true;
    return;
  }
  at_ = JobId{};
  timer_ = loop_.StartTimer(kRefreshSliceMs, [this] { Slice(); });
}

void ExplanationRefresh::Slice() {
  timer_ = loop_.StartTimer(kRefreshSliceMs, [this] { Slice(); });
  if (!store_.CanWrite()) return;
  const scheduler::World& world = pump_.world();
  int looked = 0;
  int explained = 0;
  auto it = world.jobs().upper_bound(at_);
  for (; it != world.jobs().end() && looked < kLooked && explained < kExplained; ++it, ++looked) {
    at_ = it->first;
    if (!scheduler::IsPending(*it->second)) continue;
    publish_(*it->second, pump_.Explain(*it->second));
    ++explained;
  }
  if (it != world.jobs().end()) return;
  timer_ = Call();
  if (again_) {
    again_ = false;
    Want();
  }
}

}  // namespace fairway::gateway
