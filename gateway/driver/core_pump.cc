#include "gateway/driver/core_pump.h"

#include <utility>

#include "gateway/driver/recovery.h"

namespace fairway::gateway {

namespace {

constexpr Duration kBlockedRetry = Milliseconds(500);

}  // namespace

CorePump::CorePump(Loop& loop, store::ObjectStore& store, Effects& effects,
                   const scheduler::FailoverConfig& failover,
                   const scheduler::ScoreWeights& weights)
    : loop_(loop), store_(store), effects_(effects), failover_(failover), weights_(weights) {
  sink_.want_decisions = true;
}

Status CorePump::Recover() {
  auto world =
      LoadWorld([this](const RecordVisit& visit) { return store_.journal().Recover(visit); });
  if (!world) return Fail(world.error());
  world->SetWeights(weights_);
  core_ = scheduler::Core(std::move(*world), failover_);
  if (recorder_ != nullptr) recorder_->Start(core_.world());
  return {};
}

void CorePump::Replace(const std::vector<scheduler::Edit>& edits) {
  scheduler::World world = core_.world();
  for (const scheduler::Edit& edit : edits) {
    world.Apply(edit);
    store_.StageEdit(edit);
  }
  core_ = scheduler::Core(std::move(world), failover_);
  if (recorder_ != nullptr) {
    recorder_->Edits(core_.world(), edits, "RestoreInventory", loop_.Now());
  }
}

scheduler::Decision CorePump::Explain(const scheduler::JobRecord& record) {
  return core_.Explain(record, loop_.Now());
}

scheduler::RebalancePlan CorePump::PlanRebalance(int64_t moves_max) {
  return core_.PlanRebalance(moves_max, loop_.Now());
}

void CorePump::Post(const scheduler::Event& event) {
  queue_.push_back(event);
  if (stepping_) return;
  stepping_ = true;
  while (!queue_.empty()) {
    scheduler::Event next = queue_.front();
    queue_.pop_front();
    Step(next);
  }
  stepping_ = false;
}

void CorePump::Step(const scheduler::Event& event) {
  sink_.Clear();
  if (recorder_ != nullptr) recorder_->Before(core_.world(), event);
  core_.Step(loop_.Now(), event, sink_);
  if (recorder_ != nullptr) recorder_->After(core_.world(), event, sink_.edits, loop_.Now());
  if (observer_ != nullptr && !sink_.edits.empty()) {
    observer_->Stepped(core_.world(), sink_.edits, loop_.Now());
  }
  for (scheduler::Edit& edit : sink_.edits) store_.StageEdit(std::move(edit));
  // Store effects may post events, which wait in queue_; the sink is not touched meanwhile.
  for (const scheduler::Command& command : sink_.commands) {
    if (!scheduler::IsRemote(command)) Perform(command);
  }
  Hold(sink_.commands);
}

void CorePump::Hold(const std::vector<scheduler::Command>& commands) {
  bool any = false;
  for (const scheduler::Command& command : commands) any = any || scheduler::IsRemote(command);
  if (!any) return;
  // The batch that holds the edits ends at or after this revision.
  Revision after = store_.NextRevision();
  for (const scheduler::Command& command : commands) {
    if (scheduler::IsRemote(command)) outbox_.Hold(after, command);
  }
  store_.AfterCommit(after, [this, after] {
    outbox_.Release(after, [this](scheduler::Command&& command) { Perform(command); });
  });
}

void CorePump::Perform(const scheduler::Command& command) {
  struct Visitor {
    CorePump& pump;
    void operator()(const scheduler::Dispatch& c) { pump.effects_.Dispatch(c); }
    void operator()(const scheduler::Withdraw& c) { pump.effects_.Withdraw(c); }
    void operator()(const scheduler::PublishStatus& c) { pump.effects_.PublishStatus(c); }
    void operator()(const scheduler::ReleaseJob& c) { pump.effects_.ReleaseJob(c.job); }
    void operator()(const scheduler::ExpireJob& c) { pump.effects_.ExpireJob(c.job); }
    void operator()(const scheduler::PublishQueues&) { pump.effects_.PublishQueues(); }
    void operator()(const scheduler::PublishCluster& c) { pump.effects_.PublishCluster(c.cluster); }
    void operator()(const scheduler::PublishStale& c) { pump.effects_.PublishStale(c.job); }
    void operator()(const scheduler::PublishDrain& c) { pump.effects_.PublishDrain(c.cluster); }
    void operator()(const scheduler::RenewLease& c) { pump.effects_.RenewLease(c); }
    void operator()(const scheduler::CloseLink& c) { pump.effects_.CloseLink(c.cluster); }
    void operator()(const scheduler::TakeInventory& c) { pump.effects_.TakeInventory(c.cluster); }
    void operator()(const scheduler::CutLink& c) { pump.effects_.CutLink(c.cluster); }
    void operator()(const scheduler::RestoreLink& c) { pump.effects_.RestoreLink(c.cluster); }
    void operator()(const scheduler::SetTimer& c) { pump.SetTimer(c.at); }
    void operator()(const scheduler::PublishPlacement& c) {
      const scheduler::Decision* found = nullptr;
      for (const scheduler::Decision& decision : pump.sink_.decisions) {
        if (decision.job == c.job) found = &decision;
      }
      pump.effects_.PublishPlacement(c.job, found);
    }
  };
  std::visit(Visitor{*this}, command);
}

void CorePump::SetTimer(Instant at) {
  int64_t wait = (at - loop_.Now()).ms;
  timer_ = loop_.StartTimer(wait < 0 ? 0 : wait, [this] {
    // While the store takes nothing, time stands still for the core.
    if (!store_.CanWrite()) return SetTimer(loop_.Now() + kBlockedRetry);
    Post(scheduler::TimerFired{});
  });
}

}  // namespace fairway::gateway
