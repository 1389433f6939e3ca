#include "gateway/api/flow_gate.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "clusters/kube/errors.h"
#include "gateway/api/reply.h"

namespace fairway::gateway::api {

namespace {

constexpr int64_t kGateTickMs = 1'000;
// How long two users who ask in turn are taken to compete.
constexpr int64_t kContendedMs = 1'000;
// What a request costs the loop outside of its handler: TLS, parsing, its share of the answer's
// way. Measured roughly; it only has to keep cheap requests from looking free.
constexpr int64_t kRequestNs = 10'000;
constexpr int64_t kByteNs = 2;

int64_t SteadyNs() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

FairQueue::Flow FlowOf(const Context& context) {
  return {FlowClassOf(context.info, context.user), context.user.name, context.info.ns,
          context.request().peer.address};
}

ContextPtr ContextOf(const FairQueue::Item& item) {
  return std::static_pointer_cast<Context>(item.work);
}

FlowGate::Options Completed(FlowGate::Options options) {
  if (!options.clock_ns) options.clock_ns = SteadyNs;
  return options;
}

}  // namespace

FlowGate::FlowGate(Loop& loop, Options options, Run run)
    : loop_(loop),
      options_(Completed(std::move(options))),
      run_(std::move(run)),
      queue_(FlowClasses(), options_.limits, [this] {
        if (!draining_) AskDrain();
      }) {}

FlowGate::~FlowGate() = default;

void FlowGate::Admit(const ContextPtr& context) {
  FairQueue::Flow flow = FlowOf(*context);
  if (IsExemptClass(flow.class_index)) {
    context->in_flight = queue_.TrySeat(flow);
    if (context->in_flight == nullptr) return Refuse(context, flow, false);
    ++counters_[flow.class_index / 2].dispatched;
    return run_(context);
  }
  NoteUser(context->user.name);
  if (!RunAtOnce(context, flow)) Enqueue(context, flow);
}

void FlowGate::NoteUser(const std::string& name) {
  int64_t now = loop_.MonotonicMs();
  if (name != last_user_) {
    if (!last_user_.empty()) contended_until_ms_ = now + kContendedMs;
    last_user_ = name;
  }
  bool contended = now < contended_until_ms_;
  if (contended == contended_) return;
  contended_ = contended;
  size_t most = options_.limits.user_seats_max;
  queue_.LimitUsers(contended ? std::min(options_.contended_seats_max, most) : most);
}

bool FlowGate::RunAtOnce(const ContextPtr& context, const FairQueue::Flow& flow) {
  if (turn_used_ || (context->info.Changes() && !MayWrite())) return false;
  FairQueue::Seat seat = queue_.TrySeat(flow);
  if (seat == nullptr) return false;
  turn_used_ = true;
  AskDrain();
  int64_t began = options_.clock_ns();
  context->in_flight = std::move(seat);
  ++counters_[flow.class_index / 2].dispatched;
  run_(context);
  spent_ns_ += options_.clock_ns() - began;
  return true;
}

void FlowGate::Enqueue(const ContextPtr& context, const FairQueue::Flow& flow) {
  FairQueue::Added added =
      queue_.Add(flow, {context, context->request().body.size(), loop_.MonotonicMs()});
  if (added.client_full) queue_.HoldClient(flow, context->exchange->HoldInput());
  for (const FairQueue::Item& item : added.refused) {
    ContextPtr refused = ContextOf(item);
    Refuse(refused, FlowOf(*refused), false);
  }
  if (queue_.queued() == 0) return;
  AskDrain();
  if (!tick_) tick_ = loop_.StartRepeating(kGateTickMs, [this] { Tick(); });
}

void FlowGate::Refuse(const ContextPtr& context, const FairQueue::Flow& flow, bool timed_out) {
  FlowCounters& counters = counters_[flow.class_index / 2];
  ++(timed_out ? counters.timed_out : counters.refused);
  if (!timed_out) queue_.HoldUser(flow, context->exchange->HoldInput());
  const FlowLevel& level = LevelOfClass(flow.class_index);
  context->flow_schema_uid = level.schema_uid;
  context->priority_level_uid = level.level_uid;
  ReplyError(*context, kube::TooManyRequests(
                           timed_out ? "the request has waited too long, please try again later"
                                     : "too many requests, please try again later"));
}

void FlowGate::AskDrain() {
  if (asked_) return;
  asked_ = true;
  // Behind all input of this turn.
  loop_.Defer([weak = std::weak_ptr<FlowGate*>(self_)] {
    if (auto self = weak.lock()) (*self)->Drain();
  });
}

void FlowGate::Drain() {
  asked_ = false;
  turn_used_ = false;
  int64_t spent = std::exchange(spent_ns_, 0);
  if (queue_.queued() == 0) return;
  draining_ = true;
  bool writes = MayWrite();
  FairQueue::Turn turn;
  while (spent < options_.turn_budget_ns && queue_.Take(writes, turn)) {
    int64_t cost = Execute(std::move(turn));
    queue_.Charge(cost);
    spent += cost;
  }
  draining_ = false;
  if (!queue_.CanTake(writes)) return;
  // The sockets have their turn first.
  asked_ = true;
  loop_.Post([weak = std::weak_ptr<FlowGate*>(self_)] {
    auto self = weak.lock();
    if (!self) return;
    (*self)->asked_ = false;
    (*self)->AskDrain();
  });
}

int64_t FlowGate::Execute(FairQueue::Turn turn) {
  ContextPtr context = ContextOf(turn.item);
  turn.item.work.reset();
  FlowCounters& counters = counters_[FlowClassOf(context->info, context->user) / 2];
  if (context->exchange->closed()) {
    ++counters.cancelled;
    return 1;
  }
  ++counters.dispatched;
  ++counters.queued;
  int64_t bytes = static_cast<int64_t>(turn.item.bytes);
  context->in_flight = std::move(turn.seat);
  int64_t began = options_.clock_ns();
  run_(context);
  return options_.clock_ns() - began + kRequestNs + bytes * kByteNs;
}

void FlowGate::Tick() {
  for (const FairQueue::Item& item : queue_.Expire(loop_.MonotonicMs() - options_.wait_max_ms)) {
    ContextPtr expired = ContextOf(item);
    Refuse(expired, FlowOf(*expired), true);
  }
  queue_.ReleaseHolds();
  if (queue_.queued() == 0) {
    tick_.Cancel();
  } else {
    // Also when the backlog of the disk has gone without anybody's answer.
    AskDrain();
  }
}

std::string FlowGate::DumpLevels() const {
  std::string text =
      "PriorityLevelName, IsIdle, WaitingRequests, ExecutingRequests, DispatchedRequests, "
      "QueuedRequests, RejectedRequests, TimedoutRequests, CancelledRequests\n";
  for (size_t level = 0; level < counters_.size(); ++level) {
    const FlowCounters& counters = counters_[level];
    size_t waiting = queue_.queued(level * 2) + queue_.queued(level * 2 + 1);
    size_t running = queue_.seats(level * 2) + queue_.seats(level * 2 + 1);
    text += fmt::format("{}, {}, {}, {}, {}, {}, {}, {}, {}\n", FlowLevels()[level].name,
                        waiting + running == 0, waiting, running, counters.dispatched,
                        counters.queued, counters.refused, counters.timed_out, counters.cancelled);
  }
  return text;
}

}  // namespace fairway::gateway::api
