// CorePump: feeds events to the core and sees to what comes out of it, in the order that the whole
// house rests on: edits into the current batch, store effects into the same batch, remote effects
// held in the Outbox until that batch is committed. No decisions are made here.
//
// Thread: the loop. Lifetime: the store, the loop and the effects outlive the pump.
#pragma once

#include <cstdint>
#include <deque>
#include <vector>

#include "clusters/loop/loop.h"
#include "gateway/driver/history_recorder.h"
#include "scheduler/core.h"
#include "scheduler/outbox.h"
#include "store/object_store.h"

namespace fairway::gateway {

// What the core's commands mean outside. Called on the loop, never while the core is stepping.
class Effects {
 public:
  virtual ~Effects() = default;
  // Store effects: stage changes, in the batch of the decision. `decision` is null unless the job
  // was just decided upon.
  virtual void PublishPlacement(JobId job, const scheduler::Decision* decision) = 0;
  virtual void PublishStatus(const scheduler::PublishStatus& command) = 0;
  virtual void ReleaseJob(JobId job) = 0;
  virtual void ExpireJob(JobId job) = 0;
  virtual void PublishCluster(ClusterId cluster) = 0;
  virtual void PublishStale(JobId job) = 0;
  virtual void PublishDrain(ClusterId cluster) = 0;
  virtual void PublishQueues() = 0;
  // Remote effects: everything that they rest on is committed.
  virtual void Dispatch(const scheduler::Dispatch& command) = 0;
  virtual void Withdraw(const scheduler::Withdraw& command) = 0;
  virtual void RenewLease(const scheduler::RenewLease& command) = 0;
  virtual void CloseLink(ClusterId cluster) = 0;
  virtual void TakeInventory(ClusterId cluster) = 0;
  virtual void CutLink(ClusterId cluster) = 0;
  virtual void RestoreLink(ClusterId cluster) = 0;
};

// Sees what each step has changed, after it and before anything of it is done. Must not post
// events.
class StepObserver {
 public:
  virtual ~StepObserver() = default;
  virtual void Stepped(const scheduler::World& world, const std::vector<scheduler::Edit>& edits,
                       Instant now) = 0;
};

class CorePump {
 public:
  CorePump(Loop& loop, store::ObjectStore& store, Effects& effects,
           const scheduler::FailoverConfig& failover = {},
           const scheduler::ScoreWeights& weights = {});

  // Rebuilds the world from the store. Before any event.
  Status Recover();

  // Steps the core at once, or after the event that is being handled. What `event` points to is
  // only read inside this call when the pump is idle; nested posts must point to what outlives the
  // outermost one.
  void Post(const scheduler::Event& event);

  // After a restore, before any member is connected to: what PlanRestored has decided.
  void Replace(const std::vector<scheduler::Edit>& edits);

  // Tells `recorder` of every step; null: nobody.
  void RecordBy(HistoryRecorder* recorder) { recorder_ = recorder; }

  // The same; null: nobody.
  void ObserveBy(StepObserver* observer) { observer_ = observer; }

  const scheduler::World& world() const { return core_.world(); }
  // Why a job waits or is where it is, as of now.
  scheduler::Decision Explain(const scheduler::JobRecord& record);
  const scheduler::RebalanceState& rebalance() const { return core_.rebalance(); }
  scheduler::RebalancePlan PlanRebalance(int64_t moves_max);
  const scheduler::FailoverConfig& failover() const { return failover_; }
  const scheduler::DrainState& drains() const { return core_.drains(); }
  // Remote effects waiting for their commit.
  size_t held() const { return outbox_.size(); }

 private:
  void Step(const scheduler::Event& event);
  void Perform(const scheduler::Command& command);
  void Hold(const std::vector<scheduler::Command>& commands);
  void SetTimer(Instant at);

  Loop& loop_;
  store::ObjectStore& store_;
  Effects& effects_;
  HistoryRecorder* recorder_ = nullptr;
  StepObserver* observer_ = nullptr;
  scheduler::FailoverConfig failover_;
  scheduler::ScoreWeights weights_;
  scheduler::Core core_;
  scheduler::CommandSink sink_;
  scheduler::Outbox<scheduler::Command> outbox_;
  std::deque<scheduler::Event> queue_;
  bool stepping_ = false;
  Call timer_;
};

}  // namespace fairway::gateway
