// SimGateway: what stands around the core in the real gateway, reduced to its rules. Events go
// through Core::Step; edits, objects and store effects of a step form one batch; replies and remote
// commands wait in an Outbox until their batch is committed. Towards the members it keeps what the
// real member layer promises: one request in flight per copy, tried again until answered or given
// up.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <set>
#include <vector>

#include "scheduler/core.h"
#include "scheduler/outbox.h"
#include "scheduler/reconcile.h"
#include "tests/sim/checkers/backfill_is_bounded.h"
#include "tests/sim/checkers/drill_is_bounded.h"
#include "tests/sim/checkers/ends_are_awaited.h"
#include "tests/sim/checkers/failures_are_told_apart.h"
#include "tests/sim/checkers/operator_is_obeyed.h"
#include "tests/sim/checkers/placement_was_possible.h"
#include "tests/sim/checkers/rebalance_is_sober.h"
#include "tests/sim/checkers/settles_first.h"
#include "tests/sim/sim_context.h"

namespace fairway::sim {

enum class ClientOp : uint8_t { kDelete, kDeleteOrphan, kSuspend, kResume, kApprove };
enum class RequestKind : uint8_t { kDispatch, kWithdraw, kRenew };
enum class AnswerKind : uint8_t { kAcked, kRejected, kGone, kRenewed };
enum RequestFlag : uint8_t { kSuspendedFlag = 1, kUpdateOnlyFlag = 2 };
// Of kWatch: only the copy's trouble is told, as its pods show it.
inline constexpr uint8_t kTroubleFlag = 1;
inline constexpr uint8_t kWatchGone = 255;  // SimEvent::what of a kWatch, else a RunPhase

// What a member tells of a copy's start and deadline.
inline void FillLease(const SimCopy& copy, SimEvent& event) {
  event.indexes = copy.done;
  event.failures = copy.failures;
  event.lease_generation = copy.lease_generation;
  event.started = copy.job_started.ms;
  event.trouble = copy.trouble;
  event.lease = 0;
  if (!copy.job_started) return;
  event.lease = copy.deadline.ms < 0 ? INT64_MAX : (copy.job_started + copy.deadline).ms;
}

// The settings of a run; a canary may tell the core others.
inline scheduler::FailoverConfig PlannedFailover(const FaultPlan& plan) {
  scheduler::FailoverConfig config;
  config.suspect_after = Milliseconds(plan.unreachable_after.ms / 3);
  config.unreachable_after = plan.unreachable_after;
  config.lease = plan.lease;
  config.clock_skew_max = Milliseconds(100);
  config.guard = Milliseconds(500);
  config.probation = Seconds(3);
  config.probation_max = Seconds(30);
  config.isolation_window = Seconds(10);
  config.settle_max = plan.settle_max;
  config.stalled_after = Seconds(12);
  config.moves_per_second = plan.moves_per_second;
  config.moves_burst = plan.moves_per_second;
  config.failback_after = plan.failback_after;
  config.failbacks_per_minute = 120;
  config.trouble_after = plan.trouble_after;
  config.trouble_avoid = plan.trouble_avoid;
  config.rebalance.enabled = plan.rebalance;
  config.rebalance.gain_min = plan.rebalance_gain_min;
  config.rebalance.run_min = plan.rebalance_run_min;
  config.rebalance.cooldown = plan.rebalance_cooldown;
  config.rebalance.every = plan.rebalance_every;
  config.rebalance.moves_per_minute = plan.rebalances_per_minute;
  config.rebalance.moving_max = plan.rebalances_moving_max;
  return config;
}

class SimGateway {
 public:
  explicit SimGateway(SimContext& sim)
      : sim_(sim), book_(sim), operator_(sim), drills_(sim), failures_(sim), rebalances_(sim) {}

  bool up() const { return core_ != nullptr; }
  const scheduler::Core& core() const { return *core_; }

  // Reads the journal and goes on from there.
  void Start();
  void Crash();
  void AddCluster(ClusterId id, const scheduler::ClusterSpec& spec);
  void RemoveCluster(ClusterId id);
  // The operator's switch.
  void Freeze(bool frozen, bool all);
  // A rebalance is asked for, or the one that is under way ended.
  void Rebalance(bool begins, int64_t moves_max);
  // A live drill is asked for, or the one that is under way aborted.
  void Drill(const scheduler::DrillWish& wish);
  void AbortDrill();
  void CheckDrill() { drills_.CheckTime(); }
  // The queue with this index as it stands in SimContext, with its LocalQueue; the flavor as well.
  void PutQueue(size_t index);
  JobId Submit(const SimJob& job);
  uint32_t incarnation() const { return incarnation_; }
  void Ask(JobId job, ClientOp op);
  void ReportCapacity(ClusterId id, const scheduler::Capacity& capacity, const SimCounts& counted);

  void OnAnswer(const SimEvent& event);
  void OnRequestTimeout(const SimEvent& event);
  void OnWatch(const SimEvent& event);
  void OnListAsk(const SimEvent& event);
  void OnListAtMember(const SimEvent& event);
  void OnListAnswer(const SimEvent& event);
  void OnListTimeout(const SimEvent& event);
  void OnCommit(const SimEvent& event);
  void OnCoreTimer(const SimEvent& event);
  bool IsMine(const SimEvent& event) const { return up() && event.incarnation == incarnation_; }

 private:
  struct Reply {
    JobId job;
  };
  struct Request {
    RequestKind kind;
    int64_t id = 0;
    int tries = 0;
    Instant lease;  // as commanded; 0 = none
    bool has_next = false;
    RequestKind next{};
    Instant next_lease;
  };
  using RequestKey = std::pair<ClusterId, CopyKey>;
  struct List {
    std::vector<scheduler::CopyRef> expected;
    std::vector<std::pair<CopyKey, SimCopy>> copies;
    scheduler::Capacity capacity;
    SimCounts counted;
    bool inventory = false;  // asked for by TakeInventory
  };
  struct Link {
    int64_t list = 0;  // under way; 0 = none
    int failures = 0;
    Instant seen;                // the last answer
    bool inventory_due = false;  // the next list answers TakeInventory
  };
  // What a copy's report said of its start: what renewals are reckoned from. The member's clock.
  struct Started {
    int64_t job_started = 0;
    uint16_t lease_generation = 0;
  };

  void Step(const scheduler::Event& event);
  void Observe(ClusterId id, const scheduler::Capacity& capacity, const SimCounts& counted);
  // Of these, what the core was not told before.
  std::vector<scheduler::CountedPods> NewsOf(ClusterId id, const SimCounts& counted);
  scheduler::JobSpec WishOf(const SimJob& job) const;
  void RecoverFreeze(const scheduler::World& world);
  void PlantBug(const scheduler::Event& event);
  void CloseBatch();
  void StoreEffect(const scheduler::Command& command);
  // Of Indexed jobs: what the stored status takes over from the report of this step, and what a
  // dispatch says of indexes.
  void StoreIndexes(const scheduler::PublishStatus& command);
  void FillIndexes(SimEvent& dispatch);
  void Release();
  void SendRemote(const scheduler::Command& command);
  void Send(const RequestKey& key, RequestKind kind, Instant lease);
  // What the member told of a copy, into the core's words.
  void Report(ClusterId cluster, CopyKey key, scheduler::RunPhase phase, Instant finished,
              const SimEvent& lease);
  void MeasureClock(ClusterId cluster);
  void CloseLink(ClusterId cluster);
  bool IsOvertakenUpdate(const SimEvent& answer) const;
  bool IsDeaf(const SimEvent& event) const { return sim_.drill_cut[event.cluster.value - 1] != 0; }
  void Transmit(const RequestKey& key, const Request& request);
  void Finish(const RequestKey& key);
  void OnCommitted(const JournalBatch& batch);
  SimEvent Mine(Happening kind, ClusterId cluster) const {
    SimEvent event{kind};
    event.incarnation = incarnation_;
    event.cluster = cluster;
    return event;
  }

  SimContext& sim_;
  PlacementBook book_;
  OperatorBook operator_;
  DrillBook drills_;
  FailureBook failures_;
  RebalanceBook rebalances_;
  BackfillChecker backfill_;
  AwaitChecker awaits_;
  SettleChecker settle_;
  Revision freeze_told_;               // when what SimContext says of the freeze was told
  std::set<ClusterId> removals_told_;  // a client whose removal was not answered repeats it
  uint32_t incarnation_ = 0;
  std::unique_ptr<scheduler::Core> core_;
  scheduler::CommandSink sink_;
  scheduler::Outbox<scheduler::Command> outbox_;
  scheduler::Outbox<Reply> replies_;
  JournalBatch batch_;
  Revision revision_;
  Instant commit_at_;
  std::map<RequestKey, Request> requests_;
  int64_t next_request_ = 0;
  std::map<ClusterId, Link> links_;
  std::map<RequestKey, Started> started_;
  std::map<ClusterId, SimCounts> counted_;  // as told
  std::deque<Instant> moves_;               // of the last second
  std::map<int64_t, List> lists_;
  int64_t timer_ = 0;             // the latest wish; earlier ones are void
  std::vector<JobId> to_delete_;  // asked for by ExpireJob in this step
  uint64_t reported_ = 0;         // indexes that the report of this step says are complete
};

}  // namespace fairway::sim
