// CommitWaiter: answers of writes, held back until what they tell is saved. One that is not saved
// in time is told so (504) and nothing else is ever said about it.
//
// Thread: the loop.
#pragma once

#include <deque>
#include <functional>
#include <memory>

#include "clusters/loop/call.h"
#include "clusters/loop/loop.h"
#include "gateway/api/context.h"
#include "scheduler/ids.h"
#include "store/object_store.h"

namespace fairway::gateway::api {

class CommitWaiter {
 public:
  CommitWaiter(Loop& loop, store::ObjectStore& store, int64_t timeout_ms)
      : loop_(loop), store_(store), timeout_ms_(timeout_ms) {}

  // Runs `answer` once everything up to `revision` is committed. ?timeout= may shorten the wait.
  void Answer(const ContextPtr& context, Revision revision, std::function<void()> answer);
  size_t waiting() const { return waiting_; }

 private:
  struct Pending {
    ContextPtr context;
    std::function<void()> answer;
    int64_t deadline_ms = 0;
  };
  void Expire();

  Loop& loop_;
  store::ObjectStore& store_;
  const int64_t timeout_ms_;
  size_t waiting_ = 0;
  std::deque<std::weak_ptr<Pending>> queue_;  // in the order of arrival
  Call timer_;                                // runs while something waits
};

// The span of ?timeout= ("30s", "1m30s") in milliseconds; 400 when it is no duration. Nothing when
// absent, zero or above `max_ms`.
Result<int64_t> RequestTimeoutMs(const Request& request, int64_t max_ms);

}  // namespace fairway::gateway::api
