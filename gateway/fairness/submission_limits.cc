#include "gateway/fairness/submission_limits.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "clusters/kube/errors.h"

namespace fairway::gateway {

namespace {

constexpr int64_t kSecondUs = 1'000'000;
// How long it takes until some of what waits has found its place is not known.
constexpr int kPendingRetrySeconds = 5;

Status TooFast(std::string_view what, std::string_view name, int64_t per_second, int64_t wait_ms) {
  int64_t seconds = std::max<int64_t>(1, (wait_ms + 999) / 1000);
  return Fail(kube::TooManyRequests(
      fmt::format("{} \"{}\" submits more than {} workloads a second, please try again later", what,
                  name, per_second),
      static_cast<int>(std::min<int64_t>(seconds, 3600))));
}

}  // namespace

RateTable::RateTable(int64_t per_second, int64_t burst, size_t names_max)
    : interval_us_(per_second > 0 ? std::max<int64_t>(1, kSecondUs / per_second) : 0),
      burst_us_(interval_us_ * std::max<int64_t>(1, burst > 0 ? burst : per_second)),
      names_max_(names_max) {}

int64_t RateTable::WaitMs(std::string_view name, Instant now) const {
  if (interval_us_ == 0) return 0;
  auto found = full_at_us_.find(name);
  if (found == full_at_us_.end()) return 0;
  int64_t over = found->second + interval_us_ - burst_us_ - now.ms * 1000;
  return over <= 0 ? 0 : (over + 999) / 1000;
}

void RateTable::Charge(std::string_view name, Instant now) {
  if (interval_us_ == 0) return;
  int64_t now_us = now.ms * 1000;
  auto found = full_at_us_.find(name);
  if (found == full_at_us_.end()) {
    if (full_at_us_.size() >= names_max_) Forget(now_us);
    found = full_at_us_.emplace(name, now_us).first;
  }
  found->second = std::max(found->second, now_us) + interval_us_;
}

// Drops those whose buckets are full again, and half of all when that is too little: those that
// owe least.
void RateTable::Forget(int64_t now_us) {
  std::erase_if(full_at_us_, [&](const auto& entry) { return entry.second <= now_us; });
  if (full_at_us_.size() < names_max_) return;
  std::vector<int64_t> moments;
  for (const auto& [name, moment] : full_at_us_) moments.push_back(moment);
  auto middle = moments.begin() + static_cast<std::ptrdiff_t>(moments.size() / 2);
  std::nth_element(moments.begin(), middle, moments.end());
  std::erase_if(full_at_us_, [&](const auto& entry) { return entry.second <= *middle; });
}

SubmissionLimits::SubmissionLimits(const SubmissionRules& rules)
    : rules_(rules),
      users_(rules.user_per_second, rules.user_burst, rules.tenants_max),
      namespaces_(rules.namespace_per_second, rules.namespace_burst, rules.tenants_max) {}

Status SubmissionLimits::Admit(std::string_view user, std::string_view ns, Instant now,
                               const PendingGauge& pending) {
  if (rules_.pending_max > 0 && pending.total() >= static_cast<size_t>(rules_.pending_max)) {
    return Fail(kube::TooManyRequests(
        fmt::format("{} jobs wait for a cluster, no more are taken now", pending.total()),
        kPendingRetrySeconds));
  }
  size_t waiting = pending.of(ns);
  if (rules_.pending_per_namespace_max > 0 &&
      waiting >= static_cast<size_t>(rules_.pending_per_namespace_max)) {
    return Fail(kube::TooManyRequests(
        fmt::format("{} jobs of namespace \"{}\" wait for a cluster, no more are taken now",
                    waiting, ns),
        kPendingRetrySeconds));
  }
  if (int64_t wait = users_.WaitMs(user, now); wait > 0) {
    return TooFast("user", user, rules_.user_per_second, wait);
  }
  if (int64_t wait = namespaces_.WaitMs(ns, now); wait > 0) {
    return TooFast("namespace", ns, rules_.namespace_per_second, wait);
  }
  users_.Charge(user, now);
  namespaces_.Charge(ns, now);
  return {};
}

}  // namespace fairway::gateway
