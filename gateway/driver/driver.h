// Driver: the pump between the API's objects, the core, the journal and the members. Builds the
// parts, wires them and performs the core's commands; decides nothing.
//
// Thread: the loop. Lifetime: loop, writer and its store outlive the Driver.
#pragma once

#include <deque>
#include <memory>
#include <string>
#include <string_view>

#include "clusters/loop/loop.h"
#include "gateway/api/object_writer.h"
#include "gateway/driver/cluster_bridge.h"
#include "gateway/driver/core_pump.h"
#include "gateway/driver/explanation_pace.h"
#include "gateway/driver/explanation_refresh.h"
#include "gateway/driver/fleet.h"
#include "gateway/driver/job_bridge.h"
#include "gateway/driver/placement_forms.h"
#include "gateway/driver/queue_bridge.h"
#include "gateway/driver/restore_gate.h"
#include "gateway/fairness/pending_gauge.h"
#include "scheduler/drill/rehearsal.h"

namespace fairway::gateway {

struct DriverOptions {
  std::string gateway_id;  // value of the label fairway.flext.sh/gateway on all copies
  clusters::MemberLimits member_limits;
  ClusterBridge::TrustedAccess trusted_clusters;
  scheduler::ScoreWeights weights;  // where a policy sets none
  scheduler::FailoverConfig failover;
  // Told of every job that begins or ends to wait for a cluster; may be null.
  PendingGauge* pending = nullptr;
  scheduler::QuotaSettings quota;
  store::HistoryLog* history = nullptr;  // outlives the Driver; null: no history is kept
};

// How an Event on a Job is recorded: type (Normal, Warning), reason, message.
using EventSink = std::function<void(const store::ObjectKey& about, std::string_view type,
                                     std::string_view reason, std::string message)>;

class Driver : private Effects {
 public:
  Driver(Loop& loop, api::ObjectWriter& writer, DriverOptions options, EventSink events);

  // Rebuilds the world, connects to the stored clusters and asks for every effect that was not
  // acknowledged. Once, before requests are served.
  Status Start();

  const scheduler::World& world() const { return pump_.world(); }
  const scheduler::FailoverConfig& failover() const { return pump_.failover(); }
  // Turns the operator's switch; `committed` is called once that is saved.
  Status Freeze(const scheduler::FreezeRecord& wish, std::function<void()> committed);
  // Jobs are to be moved to better places, at most so many (0 = no limit), or the run that is under
  // way is to end; `committed` is called once that is saved.
  Status Rebalance(bool begins, int64_t moves_max, std::function<void()> committed);
  const scheduler::RebalanceState& rebalance() const { return pump_.rebalance(); }
  scheduler::RebalancePlan PlanRebalance(int64_t moves_max) {
    return pump_.PlanRebalance(moves_max);
  }
  // A live drill is to begin (with a wish), or the one with this id is to end.
  Status AskDrill(uint64_t id, const scheduler::DrillWish* wish);
  // Whoever measures drills: what each step changes, and what members say of copies (times by our
  // clock). Null: nobody.
  void ObserveDrills(StepObserver* steps, std::function<void(const scheduler::CopySeen&)> copies);
  // Why this queued job waits.
  std::string WhyItWaits(const scheduler::JobRecord& record) {
    return pump_.Explain(record).message;
  }
  // What the core would be told of a Job (JobBridge::WishOf).
  Result<kube::JobWish> WishOf(const kube::Object& job, const std::string& ns) const {
    return jobs_.WishOf(job, ns);
  }
  size_t held_effects() const { return pump_.held(); }
  // After a restore: the clusters whose inventory is awaited, for people; "" once all is well.
  std::string AwaitedInventory() const { return gate_.Awaited(); }

 private:
  void PublishPlacement(JobId job, const scheduler::Decision* decision) override;
  void PublishStatus(const scheduler::PublishStatus& command) override;
  void ReleaseJob(JobId job) override;
  void ExpireJob(JobId job) override;
  void PublishQueues() override { queues_.PublishQueues(); }
  void Dispatch(const scheduler::Dispatch& command) override { fleet_.Dispatch(command); }
  void Withdraw(const scheduler::Withdraw& command) override { fleet_.Withdraw(command); }
  void PublishCluster(ClusterId cluster) override;
  void PublishStale(JobId job) override;
  void PublishDrain(ClusterId cluster) override { clusters_.CapacityChanged(cluster); }
  void RenewLease(const scheduler::RenewLease& command) override { fleet_.RenewLease(command); }
  void CloseLink(ClusterId cluster) override { fleet_.CloseLink(cluster); }
  void TakeInventory(ClusterId cluster) override { fleet_.TakeInventory(cluster); }
  void CutLink(ClusterId cluster) override { fleet_.CutLink(cluster, true); }
  void RestoreLink(ClusterId cluster) override { fleet_.CutLink(cluster, false); }

  void CopySeen(ClusterId cluster, const clusters::CopyReport& copy);
  // Of a part of a split job: what is written is its whole's.
  void PublishPart(const scheduler::JobRecord& part, const scheduler::Decision* decision);
  void PublishPartStatus(const scheduler::JobRecord& part, const clusters::CopyReport& report);
  void PublishDecision(const scheduler::JobRecord& record, const scheduler::Decision* decision);
  // `late_uid`: of a job whose first Placement had to wait; else "".
  void WritePlacement(const scheduler::JobRecord& record, const scheduler::Decision* decision,
                      std::string_view late_uid = {});
  // With its Job, in the same batch.
  void RemovePlacement(const api::Written& job);
  void RecordDecision(const scheduler::JobRecord& record, const scheduler::Decision& decision);
  void CountPending(const scheduler::JobRecord& record);
  void ArmWaiting();
  // After a restore (RestoreGate).
  void Restored(const scheduler::RestorePlan& plan, const std::string& summary);
  void HoldJob(JobId job);
  // A Warning on the Job about what a member did.
  void Tell(JobId job, ClusterId cluster, std::string_view reason, const std::string& what);
  std::string UidOf(const scheduler::JobRecord& record, const kube::Object* placement);
  void WatchDependencies();

  struct Waiting {
    Instant due;
    JobId job;
    std::string outcome, message;
  };

  Loop& loop_;
  api::ObjectWriter& writer_;
  EventSink events_;
  PendingGauge* pending_;
  scheduler::QuotaSettings quota_settings_;
  store::HistoryLog* history_log_;
  HistoryRecorder recorder_;
  Fleet fleet_;
  CorePump pump_;
  QueueBridge queues_;
  JobBridge jobs_;
  ClusterBridge clusters_;
  RestoreGate gate_;
  ExplanationRefresh refresh_;
  ExplanationPace pace_;
  PlacementForms forms_;
  std::deque<Waiting> waiting_;  // oldest first; bounded
  Call waiting_timer_;
  std::function<void(const scheduler::CopySeen&)> copy_seen_;
};

}  // namespace fairway::gateway
