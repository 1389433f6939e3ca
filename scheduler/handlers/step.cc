#include "scheduler/handlers/step.h"

#include <algorithm>

#include "scheduler/failover/drains.h"
#include "scheduler/failover/failover.h"
#include "scheduler/failover/rebalances.h"
#include "scheduler/former_epochs.h"
#include "scheduler/handlers/evict.h"
#include "scheduler/quota/quota_explain.h"
#include "scheduler/quota/quota_steps.h"
#include "scheduler/split/split_steps.h"

namespace fairway::scheduler {

void StepContext::Emit(Command command) {
  ClusterId to;
  if (const auto* dispatch = std::get_if<Dispatch>(&command)) to = dispatch->cluster;
  if (const auto* withdraw = std::get_if<Withdraw>(&command)) to = withdraw->cluster;
  if (const auto* renew = std::get_if<RenewLease>(&command)) to = renew->cluster;
  if (to) {
    const ClusterState* cluster = world_.FindCluster(to);
    if (cluster != nullptr && !IsWritable(cluster->record.link.state)) return;
  }
  sink_.commands.push_back(command);
}

void StepContext::EmitDispatch(const JobRecord& record) {
  // What does not leave moves no horizon.
  if (!IsWritable(world_.FindCluster(record.cluster)->record.link.state)) return;
  Emit(Dispatch{record.job, record.cluster, record.epoch, LeaseForDispatch(*this, record)});
}

void StepContext::Persist(Edit edit) {
  world_.Apply(edit);
  sink_.edits.push_back(std::move(edit));
}

void StepContext::DropUnusedSpec(SpecId spec) {
  const SpecEntry* entry = world_.specs().Find(spec);
  if (entry != nullptr && entry->jobs == 0) Persist(EraseSpec{spec});
}

void StepContext::PutRecord(JobRecord record) {
  const JobRecord* before = world_.FindJob(record.job);
  const SpecId spec_before = before == nullptr ? SpecId{} : before->spec;
  const SpecId next_before =
      before == nullptr || !before->quota ? SpecId{} : before->quota->next_spec;
  const SpecId spec_after = record.spec;
  // Where it was, another part may go now.
  if (record.part && before != nullptr && before->cluster && before->cluster != record.cluster) {
    NoteRoom();
  }
  if (!record.former.empty()) NoteAway(*this, record);
  Persist(PutJob{std::move(record)});
  if (spec_before != spec_after) DropUnusedSpec(spec_before);
  if (next_before && next_before != spec_after) DropUnusedSpec(next_before);
}

SpecId StepContext::Intern(const JobSpec& spec) {
  if (const SpecId known = world_.specs().FindEqual(spec)) return known;
  const SpecId fresh = world_.specs().NextId();
  Persist(PutSpec{fresh, spec});
  return fresh;
}

bool StepContext::TryPlace(JobRecord record) {
  ++stats().attempts;
  if (TrySplit(record, SplitMode::kAlways)) return true;
  const PlacementPick pick = world_.HoldsPlacement() ? PlacementPick{} : PlaceJob(world_, record);
  if (!pick.cluster && TrySplit(record, SplitMode::kWhenNeeded)) return true;
  if (!pick.cluster) {
    if (record.part) MakeWayFor(*this, record.job);
    const GroupId group = GroupOf(record);
    const JobRecord* known = world_.FindJob(record.job);
    if (known == nullptr || *known != record) PutRecord(record);
    world_.mutable_queue().MarkBlocked(group, world_.generation());
    return false;
  }
  ++stats().placements;
  EmitDecision(record, pick);
  Launch(std::move(record), pick.cluster);
  return true;
}

bool StepContext::TrySplit(const JobRecord& record, SplitMode mode) {
  const JobSpec& spec = *world_.FindSpec(record.spec);
  if (world_.HoldsPlacement() || !MaySplit(record, spec) || spec.split.front().mode != mode) {
    return false;
  }
  const std::vector<SplitPart> parts = PlanSplit(world_, record);
  if (parts.empty()) return false;
  ++stats().placements;
  BeginSplit(*this, record, parts, nullptr);
  return true;
}

void StepContext::Launch(JobRecord record, ClusterId cluster) {
  record.state = JobState::kPlacing;
  record.cluster = cluster;
  record.epoch = Epoch{record.epoch.value + 1};
  record.since = now_;
  record.dispatch_pending = true;
  record.lease_generation = 0;
  EmitDispatch(record);
  Emit(PublishPlacement{record.job});
  if (!record.former.empty() && record.former.back().reason == EndReason::kDrained) {
    WakeDrain(*this, record.former.back().cluster);
  }
  NoteTainted(*this, record);
  NoteWilling(*this, record);
  PutRecord(std::move(record));
}

void StepContext::Requeue(JobRecord record, EndReason reason) {
  ++stats().requeued;
  AddFormer(record.former, {record.epoch, record.cluster, record.since, now_, reason});
  if (WasInTrouble(reason)) NoteAvoidance(*this, record);
  state_.retries.Erase(record.job);
  state_.failover.troubled.erase(record.job);
  ForgetWilling(*this, record.job);
  if (reason == EndReason::kDrained) WakeDrain(*this, record.cluster);
  record.cluster = ClusterId{};
  if (record.quota) EndAdmission(record, now_);
  record.state = JobState::kQueued;
  record.ending = EndReason::kNone;
  record.dispatch_pending = false;
  record.started = record.leased = record.approved = record.update_due = false;
  record.since = now_;
  Emit(PublishPlacement{record.job});
  PutRecord(std::move(record));
  state_.pass_wanted = true;
}

void StepContext::GiveUpEpoch(JobRecord record, EndReason reason) {
  state_.retries.Erase(record.job);
  state_.failover.troubled.erase(record.job);
  record.ending = reason;
  record.state = JobState::kRequeued;
  // A dispatch that is still under way might start it anew: then no clock tells when it ends.
  record.leased = record.leased && !record.dispatch_pending;
  record.dispatch_pending = false;
  record.update_due = false;
  if (record.cluster) Emit(Withdraw{record.job, record.cluster, record.epoch});
  Emit(PublishPlacement{record.job});
  const JobId job = record.job;
  PutRecord(std::move(record));
  ConsiderMove(*this, *world_.FindJob(job));
}

void StepContext::Conclude(JobRecord& record, const RunObserved& event) {
  ++stats().finished;
  state_.retries.Erase(record.job);
  state_.failover.troubled.erase(record.job);
  ForgetWilling(*this, record.job);
  // A member's clock may run ahead of ours; a result is never from the future.
  record.finished = event.finished ? std::min(event.finished, now_) : now_;
  record.finished = std::max(record.finished, Instant{1});
  if (record.quota && record.quota->IsAdmitted()) {
    world_.mutable_ledger().ObserveRun(world_.FindSpec(record.spec)->queueing.local_queue,
                                       (now_ - record.quota->admitted_at).ms);
  }
  // A job that waits ends too, when an earlier epoch turns out to have succeeded.
  world_.DropClaim(record.job);
  record.spec = SpecId{};
  record.quota.Reset();
  record.ending = EndReason::kNone;
  record.dispatch_pending = false;
  record.started = record.leased = record.approved = record.update_due = false;
}

void StepContext::Release(const JobRecord& record) {
  const JobId job = record.job;
  const SpecId spec = record.spec;
  const SpecId next = record.quota ? record.quota->next_spec : SpecId{};
  state_.retries.Erase(job);
  state_.failover.troubled.erase(job);
  ForgetWilling(*this, job);
  world_.DropClaim(job);
  Emit(ReleaseJob{job});
  Persist(EraseJob{job});
  DropUnusedSpec(spec);
  if (next) DropUnusedSpec(next);
  if (IsShard(job)) NotePartReleased(*this, job);
}

void StepContext::CommandWhatIsDue(const JobRecord& record) {
  if (!record.cluster) return;
  if (record.state == JobState::kDeleting || record.state == JobState::kRequeued ||
      record.state == JobState::kCommitting) {
    Emit(Withdraw{record.job, record.cluster, record.epoch});
  } else if (record.dispatch_pending) {
    EmitDispatch(record);
  }
}

void StepContext::RetryLater(JobId job) {
  const int32_t attempts = state_.retries.Attempts(job);
  const int64_t delay = kRetryDelayMin.ms << std::min(attempts, 10);
  state_.retries.Add(job, now_ + Duration{std::min(delay, kRetryDelayMax.ms)});
}

void StepContext::NoteRoom() {
  world_.NoteRoom();
  state_.pass_wanted = true;
}

void StepContext::EmitDecision(const JobRecord& record, const PlacementPick& pick) {
  if (!sink_.want_decisions) return;
  Decision decision = ExplainQueued(world_, record, now_);
  decision.cluster = pick.cluster;
  decision.score = pick.score;
  decision.epoch = Epoch{record.epoch.value + 1};
  sink_.decisions.push_back(std::move(decision));
}

void StepContext::EmitWaiting(const JobRecord& record) {
  Emit(PublishPlacement{record.job});
  if (!sink_.want_decisions) return;
  // Nothing is placed for it: whoever shows why it waits asks when that is shown (Core::Explain).
  if (world_.FindSpec(record.spec)->queueing.workload_only) return;
  if (record.quota) {
    sink_.decisions.push_back(ExplainQueued(world_, record, now_));
    return;
  }
  const GroupId group = GroupOf(record);
  if (state_.explained_group != group || state_.explained_generation != world_.generation()) {
    state_.explained = ExplainJob(world_, record);
    state_.explained_group = group;
    state_.explained_generation = world_.generation();
  }
  sink_.decisions.push_back(state_.explained);
  sink_.decisions.back().job = record.job;
  sink_.decisions.back().epoch = record.epoch;
}

const JobRecord* StepContext::FindCopy(JobId job, ClusterId cluster, Epoch epoch) {
  const JobRecord* record = world_.FindJob(job);
  if (record == nullptr || world_.FindCluster(cluster) == nullptr) {
    ++stats().unknown_reports;
    return nullptr;
  }
  if (record->cluster != cluster || record->epoch != epoch) {
    ++stats().stale_reports;
    return nullptr;
  }
  return record;
}

}  // namespace fairway::scheduler
