// Health: /healthz, /livez and /readyz from named checks. Thread: the loop.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gateway/server/exchange.h"
#include "scheduler/result.h"

namespace fairway::gateway::api {

class Health {
 public:
  using Check = std::function<Status()>;

  // Asked by every endpoint, in the order of registration. The Error's message is logged, not told.
  void Add(std::string name, Check check);
  // Asked by /readyz alone: what says whether traffic should come here.
  void AddReadiness(std::string name, Check check);

  // True when `path` is one of the endpoints (or a single check below one).
  static bool Owns(std::string_view path);
  void Handle(const ExchangePtr& exchange) const;

 private:
  struct Entry {
    std::string name;
    Check check;
    bool readiness_only;
  };
  std::vector<Entry> checks_;
};

}  // namespace fairway::gateway::api
