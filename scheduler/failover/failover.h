// Failover: what to believe of a silent cluster, when its jobs may go elsewhere, and what to do
// when it returns. Internal to scheduler/; the parts that handlers call. design.md section 4,
// docs/operating/failover.md.
//
// Safety of `fenced` rests on this: a copy is given up by time only when the member had started it
// under a deadline (JobRecord::leased) and no request that could start it anew is unanswered. Every
// deadline that we ever ask for is at or before the cluster's saved LinkRecord::horizon, and that
// is saved before the request leaves. So it does not matter which requests arrived.
#pragma once

#include "scheduler/failover/rules.h"
#include "scheduler/handlers/step.h"

namespace fairway::scheduler {

// ---- detector.cc: link states ----
// Moves links along whose time has come.
void AdvanceLinks(StepContext& step);
Instant NextLinkChange(StepContext& step);
void SetLink(StepContext& step, ClusterId cluster, const LinkRecord& link);

// ---- lease.cc: the fence ----
// Saves that leases on this cluster may end as late as `until`.
void RaiseHorizon(StepContext& step, ClusterId cluster, Instant until);
// What a Dispatch of this record says of its lease; the horizon is raised. 0 = none.
Instant LeaseForDispatch(StepContext& step, const JobRecord& record);
// Takes over what a report says of the copy's deadline.
void TakeLeaseReport(StepContext& step, JobRecord& record, const RunObserved& event);
// What is known of the copy's deadline is void from now on.
void VoidLease(JobRecord& record);
// Some live jobs came to a cluster: renewals begin.
void WantRenewals(StepContext& step, ClusterId cluster);
void RenewLeases(StepContext& step);
// The copy has certainly ended by then, pods and all.
Instant FenceEnd(const World& world, const FailoverConfig& config, const JobRecord& record);

// ---- moves.cc: leaving a lost cluster ----
// Begins to take stock of the jobs of a cluster that was lost.
void BeginMarking(StepContext& step, ClusterId cluster);
// Jobs become Uncertain; those that may leave, or soon may, are queued for it.
void MarkLost(StepContext& step);
// The same for one job, when something about it has changed.
void ConsiderMove(StepContext& step, const JobRecord& record);
void RunMoves(StepContext& step);
Instant NextMove(const StepContext& step);

// One of the tokens that moves are drawn from; false = none is left now.
bool TakeMoveToken(StepContext& step);

// ---- troubles.cc: what its cluster cannot run ----
// What a live copy's cluster is to blame for now; kNone = nothing.
void NoteTrouble(StepContext& step, const JobRecord& record, Trouble trouble);
// A copy has failed on its cluster's account: true when the job gets another epoch for it, false
// when that is its result.
bool RetriesElsewhere(StepContext& step, const JobRecord& record, Trouble trouble);
// Clusters that this job avoids are to be avoided no longer, some day.
void NoteAvoidance(StepContext& step, const JobRecord& record);
void RunTroubles(StepContext& step);
Instant NextTrouble(const StepContext& step);

// ---- returns.cc: what was left behind ----
void AddResidue(StepContext& step, const JobRecord& record, ClusterId cluster, Epoch epoch);
void RemoveResidue(StepContext& step, JobId job, ClusterId cluster, Epoch epoch);
void RemoveResidueOn(StepContext& step, ClusterId cluster);
// Asks for every residue there to be deleted.
void WithdrawResidue(StepContext& step, ClusterId cluster);
void RetryResidue(StepContext& step);
void RetryResidueLater(StepContext& step, JobId job);
// A copy of an earlier epoch had succeeded: when no result is saved yet, it is this one.
bool TryRescue(StepContext& step, const JobRecord& record, const RunObserved& event);

// ---- all ----
void RecoverFailover(StepContext& step);
void RunFailoverTimers(StepContext& step);
Instant NextFailover(StepContext& step);

}  // namespace fairway::scheduler
