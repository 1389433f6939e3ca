// FaultInjector: what a simulated cluster does wrong. Sits in front of its API server and is
// steered by an admin route, so that tests and drills can break a member while everything else is
// real.
//
//   GET  /simulated/faults             the faults in force
//   PUT  /simulated/faults  {"latencyMs":200,"errorPercent":30,"errorCode":500,"hang":true,...}
//   POST /simulated/drop-watches       ends every open watch now
//   POST /simulated/lose-state         forgets all objects but nodes and namespaces
//   POST /simulated/lose-nodes         every pod that runs fails with its node, which comes back
//
// Thread: the loop.
#pragma once

#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <string>

#include "clusters/loop/loop.h"
#include "gateway/server/exchange.h"
#include "scheduler/result.h"
#include "scheduler/rng.h"

namespace fairway::gateway {

struct Faults {
  int64_t latency_ms = 0;     // before each answer
  int64_t error_percent = 0;  // of requests that get error_code
  int64_t error_code = 500;   // 429 comes with Retry-After
  int64_t drop_after_ms = 0;  // open watches end this long after they began; 0 = never
  bool hang = false;          // requests are taken and never answered
  bool half_open = false;     // open watches say nothing more and do not end
  bool garbage = false;       // answers are not JSON
  bool freeze = false;        // the API answers, but no pod starts or ends
  bool no_images = false;     // no image can be pulled: new pods do not start
  bool no_pods = false;       // pods may not be made, as where a quota is used up
};

class FaultInjector {
 public:
  struct Hooks {
    // Of freeze, no_images and no_pods.
    std::function<void(const Faults&)> changed;
    std::function<void()> lose_nodes;
    std::function<Status()> lose_state;
  };
  FaultInjector(Loop& loop, Handler next, Hooks hooks, uint64_t seed);
  ~FaultInjector();

  void Handle(ExchangePtr exchange);
  Status Set(const Faults& faults);
  const Faults& faults() const { return faults_; }
  void DropWatches();

 private:
  class Stream;

  void HandleAdmin(const ExchangePtr& exchange);
  void Serve(ExchangePtr exchange);
  bool IsWatch(const Request& request) const;

  Loop& loop_;
  Handler next_;
  Hooks hooks_;
  Faults faults_;
  Rng rng_;
  std::list<std::weak_ptr<Stream>> streams_;
  // Delayed and hung requests, so that they are freed with the injector.
  std::map<uint64_t, std::pair<Call, ExchangePtr>> delayed_;
  std::list<ExchangePtr> hung_;
  uint64_t next_id_ = 1;
};

}  // namespace fairway::gateway
