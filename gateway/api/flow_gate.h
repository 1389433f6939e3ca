// FlowGate: between "who, may they" and the handlers. Handlers run to the end on the loop, so what
// clients compete for is the time of a turn, and the place in the batch that the turn commits. A
// request that comes first in its turn while nobody waits runs at once; all others queue by flow
// (FairQueue) and run at the end of the turn's input, the fairest first, for as long as the turn's
// budget lasts. The rest waits for the next turn, behind a look at the sockets: so watches, health
// checks and commits are never held up longer than one budget.
//
// While several users are about, none may have more than a few requests wait for the same commit:
// what is in a batch makes all wait that are in it.
//
// Writes wait while the disk has a backlog (below the store's own limit, beyond which everybody
// would be refused), reads do not.
//
// A flow that is full gets 429 with Retry-After, and its connections are not read until there is
// room again, so that neither its bytes nor its refusals cost others their turn. A connection that
// brings many requests at once (HTTP/2) is held before it comes to that; all streams of it are.
//
// Thread: the loop. Units: the clock tells nanoseconds.
#pragma once

#include <array>
#include <functional>
#include <memory>
#include <string>

#include "clusters/loop/call.h"
#include "clusters/loop/loop.h"
#include "gateway/api/context.h"
#include "gateway/api/flow_schema.h"
#include "gateway/fairness/fair_queue.h"

namespace fairway::gateway::api {

// Since the start, of one priority level.
struct FlowCounters {
  uint64_t dispatched = 0;  // ran
  uint64_t queued = 0;      // of these, after they had waited in a queue
  uint64_t refused = 0;     // 429, full
  uint64_t timed_out = 0;   // 429, waited too long
  uint64_t cancelled = 0;   // the client went away first
};

class FlowGate {
 public:
  struct Options {
    FairLimits limits = {};
    int64_t turn_budget_ns = 1'000'000;
    // Seats of a user while others are about: what he may put into one batch of the disk.
    size_t contended_seats_max = 16;
    int64_t wait_max_ms = 15'000;  // a quarter of the request timeout, as in Kubernetes
    // Whether the disk keeps up; empty: always.
    std::function<bool()> may_write = {};
    // Empty: a clock that never steps.
    std::function<int64_t()> clock_ns = {};
  };
  using Run = std::function<void(const ContextPtr&)>;

  FlowGate(Loop& loop, Options options, Run run);
  ~FlowGate();

  // Runs the request, now or later, or answers it with 429. User and info are known.
  void Admit(const ContextPtr& context);

  // Requests under way: with a seat, or queued.
  size_t seats() const { return queue_.seats(); }
  size_t queued() const { return queue_.queued(); }
  const FlowCounters& counters(size_t level) const { return counters_[level]; }
  // As kube-apiserver's /debug/api_priority_and_fairness/dump_priority_levels.
  std::string DumpLevels() const;

 private:
  void NoteUser(const std::string& name);
  bool RunAtOnce(const ContextPtr& context, const FairQueue::Flow& flow);
  void Enqueue(const ContextPtr& context, const FairQueue::Flow& flow);
  void Refuse(const ContextPtr& context, const FairQueue::Flow& flow, bool timed_out);
  void AskDrain();
  void Drain();
  int64_t Execute(FairQueue::Turn turn);
  bool MayWrite() const { return !options_.may_write || options_.may_write(); }
  void Tick();

  Loop& loop_;
  const Options options_;
  const Run run_;
  bool turn_used_ = false;  // something has run at once in this turn
  bool asked_ = false;      // Drain() will run
  bool draining_ = false;
  int64_t spent_ns_ = 0;  // in this turn
  std::string last_user_;
  int64_t contended_until_ms_ = 0;
  bool contended_ = false;
  Call tick_;  // while something waits
  std::array<FlowCounters, 4> counters_;
  std::shared_ptr<FlowGate*> self_ = std::make_shared<FlowGate*>(this);
  FairQueue queue_;
};

}  // namespace fairway::gateway::api
