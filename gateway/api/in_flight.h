// InFlight: how many requests wait for an answer, in all and per user. Thread: the loop.
#pragma once

#include <memory>
#include <string>
#include <unordered_map>

#include "gateway/api/context.h"

namespace fairway::gateway::api {

class InFlight {
 public:
  explicit InFlight(const ApiLimits& limits) : limits_(limits) {}

  // A token whose release ends the request; null when there are too many.
  std::shared_ptr<void> Enter(const std::string& user);
  size_t total() const { return state_->total; }

 private:
  // Outlives the object: answers may still be on their way when it goes.
  struct State {
    size_t total = 0;
    std::unordered_map<std::string, size_t> per_user;
  };
  const ApiLimits& limits_;
  std::shared_ptr<State> state_ = std::make_shared<State>();
};

}  // namespace fairway::gateway::api
