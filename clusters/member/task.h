// Task: one errand at a member (a dispatch, a withdrawal), made of several requests. A run starts
// from scratch every time: what an earlier run, or an earlier life of the gateway, has done already
// is found and kept. The Dispatcher decides when it runs, and whether again.
//
// Thread: the loop. A task may be destroyed at any time but inside its own callbacks.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "clusters/member/member_api.h"
#include "scheduler/ids.h"
#include "scheduler/result.h"

namespace fairway::clusters {

struct Outcome {
  Status status;
  bool retryable = false;
  // > 0: not a failure; run again after this long (something is still ending at the member).
  int64_t poll_ms = 0;
};

// What the errors of a member mean for a task: retryable are 401 (new credentials may help), 408,
// 429, 5xx, conflicts of writers, and namespaces that are being deleted.
Outcome OutcomeOf(Error error);

// 409 with this reason: what we find at the member is in the way.
Error Refusal(std::string_view reason, std::string message);

// "member dev-eu: " before the member's own words, so that a client sees who refused.
Error Attributed(Error error, std::string_view member);

class Task {
 public:
  virtual ~Task() = default;
  // Calls `finished` once, never inside Run().
  virtual void Run(std::function<void(Outcome)> finished) = 0;
  virtual void Report(const Outcome& outcome) = 0;
  // Tasks of one key run one after the other.
  virtual uint64_t key() const = 0;
};

}  // namespace fairway::clusters
