// OperatorService: what operators ask of the whole gateway rather than of an object. Routes for
// administrators; who may read the history may read the plans and the freeze:
//
//   GET    /fairway/v1/plans/drain?cluster=&mode=Graceful|Now&deadline=&limit=
//   GET    /fairway/v1/plans/removal?cluster=&limit=
//   GET    /fairway/v1/freeze
//   PUT    /fairway/v1/freeze  {"reason": "...", "all": false}   answered once it is saved
//   DELETE /fairway/v1/freeze
//
// A plan is made by the core's own rules and changes nothing.
//
// Thread: the loop. Lifetime: the Driver outlives it, but may come later (`driver` returns null
// until then).
#pragma once

#include <functional>
#include <string_view>

#include "clusters/loop/loop.h"
#include "gateway/driver/driver.h"
#include "gateway/server/exchange.h"

namespace fairway::gateway {

inline constexpr std::string_view kPlansPath = "/fairway/v1/plans";
inline constexpr std::string_view kFreezePath = "/fairway/v1/freeze";

class OperatorService {
 public:
  OperatorService(Loop& loop, std::function<Driver*()> driver)
      : loop_(loop), driver_(std::move(driver)) {}

  void HandlePlans(ExchangePtr exchange);
  void HandleFreeze(ExchangePtr exchange);

 private:
  void TellFreeze(const ExchangePtr& exchange, const scheduler::World& world) const;

  Loop& loop_;
  std::function<Driver*()> driver_;
};

}  // namespace fairway::gateway
