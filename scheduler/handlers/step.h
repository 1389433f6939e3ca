// StepContext: what the handlers of one Core::Step share. Internal to scheduler/. Every durable
// change goes through Put and its kin, so an edit that is applied is also handed out, and the other
// way round.
#pragma once

#include "scheduler/core.h"
#include "scheduler/placement.h"

namespace fairway::scheduler {

// A failed dispatch or withdrawal is asked for again after 1 s, 2 s, 4 s ... at most
// kRetryDelayMax.
inline constexpr Duration kRetryDelayMin = Seconds(1);
inline constexpr Duration kRetryDelayMax = Seconds(60);
// A copy that a reachable member will not take after so many tries is given up there.
inline constexpr int32_t kDispatchAttemptsMax = 8;

class StepContext {
 public:
  StepContext(Instant now, World& world, CoreState& state, CommandSink& sink)
      : now_(now), world_(world), state_(state), sink_(sink) {}

  Instant now() const { return now_; }
  World& world() { return world_; }
  CoreState& state() { return state_; }
  FailoverState& failover() { return state_.failover; }
  WorldStats& stats() { return world_.mutable_stats(); }

  // ---- durable changes ----
  void Persist(Edit edit);
  // Saves a record; a spec that thereby loses its last job goes too.
  void PutRecord(JobRecord record);
  // The id of this spec, saving it when it is new.
  SpecId Intern(const JobSpec& spec);
  // Saves and drops a new spec that no job came to use.
  void DropUnusedSpec(SpecId spec);

  // A request to a cluster that may not be written to now is left out: whoever wants it sees to it
  // that it is asked for again (CommandWhatIsDue, WithdrawResidue) once the cluster has returned.
  void Emit(Command command);
  // With the lease that the job wants.
  void EmitDispatch(const JobRecord& record);

  // ---- moves that several handlers make ----
  // Chooses a cluster for a queued job and commands its dispatch; saves the record either way.
  // False when none will do now: the job waits in the queue.
  bool TryPlace(JobRecord record);
  // The same over several clusters at once, where the job may be split.
  bool TrySplit(const JobRecord& record, SplitMode mode);
  // The next epoch begins on this cluster: saves the record and commands the dispatch.
  void Launch(JobRecord record, ClusterId cluster);
  // The live epoch has ended without a result: back to the queue.
  void Requeue(JobRecord record, EndReason reason);
  // The same when a copy may be left or still come: it is withdrawn first, and the job queues again
  // only when the member has confirmed that it is gone.
  void GiveUpEpoch(JobRecord record, EndReason reason);
  // What a record keeps once its result is committed.
  void Conclude(JobRecord& record, const RunObserved& event);
  // The job and its object go.
  void Release(const JobRecord& record);
  // Asks for the Dispatch or Withdraw that this job stands in need of; nothing otherwise.
  void CommandWhatIsDue(const JobRecord& record);
  void RetryLater(JobId job);
  // A waiting job may go where it might not before.
  void NoteRoom();
  bool WantsDecisions() const { return sink_.want_decisions; }
  void EmitDecision(Decision decision) { sink_.decisions.push_back(std::move(decision)); }
  void EmitDecision(const JobRecord& record, const PlacementPick& pick);
  void EmitWaiting(const JobRecord& record);

  // The record of a live or withdrawn copy that a report names; nullptr when the report is about an
  // unknown job or another epoch, which is counted.
  const JobRecord* FindCopy(JobId job, ClusterId cluster, Epoch epoch);

 private:
  Instant now_;
  World& world_;
  CoreState& state_;
  CommandSink& sink_;
};

// One per event kind; the name of the file says which.
void On(StepContext& step, const Recovered& event);
void On(StepContext& step, const TimerFired& event);
void On(StepContext& step, const JobSubmitted& event);
void On(StepContext& step, const JobChanged& event);
void On(StepContext& step, const JobRelabeled& event);
void On(StepContext& step, const JobDeleted& event);
void On(StepContext& step, const ClusterChanged& event);
void On(StepContext& step, const ClusterRemoved& event);
void On(StepContext& step, const CapacityObserved& event);
void On(StepContext& step, const LinkObserved& event);
void On(StepContext& step, const DispatchAcked& event);
void On(StepContext& step, const DispatchFailed& event);
void On(StepContext& step, const RunObserved& event);
void On(StepContext& step, const CopyGone& event);
void On(StepContext& step, const WithdrawFailed& event);
void On(StepContext& step, const FlavorChanged& event);
void On(StepContext& step, const FlavorRemoved& event);
void On(StepContext& step, const CohortChanged& event);
void On(StepContext& step, const CohortRemoved& event);
void On(StepContext& step, const ClusterQueueChanged& event);
void On(StepContext& step, const ClusterQueueRemoved& event);
void On(StepContext& step, const LocalQueueChanged& event);
void On(StepContext& step, const LocalQueueRemoved& event);
void On(StepContext& step, const QuotaConfigured& event);
void On(StepContext& step, const WorkloadFinished& event);
void On(StepContext& step, const ClockObserved& event);
void On(StepContext& step, const InventoryTaken& event);
void On(StepContext& step, const FreezeChanged& event);
void On(StepContext& step, const DrillAsked& event);
void On(StepContext& step, const CopyTroubled& event);
void On(StepContext& step, const RebalanceAsked& event);

// A placed job's wishes changed (job_changed.cc): its copy gets them, in the same epoch.
void ChangePlaced(StepContext& step, JobRecord record, const JobRecord& before);

// Places queued jobs after room was gained; bounded, goes on in later steps (pass.cc).
void RunPass(StepContext& step);
// Wishes for the next TimerFired when it is earlier than the one wished for.
void ArmTimer(StepContext& step);

}  // namespace fairway::scheduler
