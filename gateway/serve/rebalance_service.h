// RebalanceService: an operator asks for jobs to be moved to better places, or what that would do.
// For administrators; who may read the history may read the plan and how far it is:
//
//   GET    /fairway/v1/plans/rebalance?max=&limit=
//   GET    /fairway/v1/rebalance
//   PUT    /fairway/v1/rebalance  {"max": 0}   answered once it is saved; 409 beside another
//   DELETE /fairway/v1/rebalance               the one that is under way ends
//
// Thread: the loop. Lifetime: the Driver outlives it, but may come later (`driver` returns null
// until then).
#pragma once

#include <functional>
#include <string_view>
#include <utility>

#include "gateway/driver/driver.h"
#include "gateway/server/exchange.h"

namespace fairway::gateway {

inline constexpr std::string_view kRebalancePath = "/fairway/v1/rebalance";
inline constexpr std::string_view kRebalancePlanPath = "/fairway/v1/plans/rebalance";

class RebalanceService {
 public:
  explicit RebalanceService(std::function<Driver*()> driver) : driver_(std::move(driver)) {}

  void HandlePlan(ExchangePtr exchange);
  void Handle(ExchangePtr exchange);

 private:
  void Begin(Driver& driver, const ExchangePtr& exchange);
  void Ask(Driver& driver, const ExchangePtr& exchange, bool begins, int64_t moves_max);

  std::function<Driver*()> driver_;
};

}  // namespace fairway::gateway
