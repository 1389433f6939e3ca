// A cluster returns: its copies are known before anything is written to it; what succeeded there
// counts, the rest goes.
#include <algorithm>

#include "scheduler/failover/failover.h"
#include "scheduler/split/split_steps.h"

namespace fairway::scheduler {
namespace {

constexpr Duration kResidueRetry = Seconds(15);
constexpr int kResiduePerStep = 256;

void SaveResidue(StepContext& step, ResidueRecord record) {
  if (record.copies.empty()) {
    step.Persist(EraseResidue{record.job});
  } else {
    step.Persist(PutResidue{std::move(record)});
  }
}

// Where a job stands whose cluster is in order again. What the member has shown of it was taken
// over before.
void Settle(StepContext& step, JobRecord record) {
  const JobRecord before = record;
  if (record.update_due && record.state != JobState::kRequeued &&
      record.state != JobState::kDeleting) {
    record.dispatch_pending = true;
  }
  record.update_due = false;
  record.approved = false;
  if (record.state == JobState::kUncertain || record.state == JobState::kFenced) {
    record.state =
        record.dispatch_pending && !record.started ? JobState::kPlacing : JobState::kDispatched;
    step.Emit(PublishPlacement{record.job});
    step.Emit(PublishStale{record.job});
  }
  step.CommandWhatIsDue(record);
  if (record != before) step.PutRecord(std::move(record));
}

}  // namespace

void AddResidue(StepContext& step, const JobRecord& record, ClusterId cluster, Epoch epoch) {
  if (step.world().HasResidue(record.job, cluster, epoch)) return;
  ResidueRecord residue{record.job, record.name, {}};
  const auto known = step.world().residues().find(record.job);
  if (known != step.world().residues().end()) residue = known->second;
  residue.copies.push_back({cluster, epoch});
  SaveResidue(step, std::move(residue));
}

void RemoveResidue(StepContext& step, JobId job, ClusterId cluster, Epoch epoch) {
  if (!step.world().HasResidue(job, cluster, epoch)) return;
  ResidueRecord residue = step.world().residues().find(job)->second;
  std::erase(residue.copies, Residue{cluster, epoch});
  SaveResidue(step, std::move(residue));
  if (IsShard(job)) step.NoteRoom();  // another part may go there now
  ++step.stats().wasted;
  if (const JobRecord* record = step.world().FindJob(job)) {
    for (const FormerEpoch& former : record->former) {
      if (former.epoch == epoch) step.stats().wasted_ms += (former.until - former.since).ms;
    }
  }
}

void RemoveResidueOn(StepContext& step, ClusterId cluster) {
  std::vector<JobId> jobs;
  const World::JobsByCluster& residue = step.world().residue_by_cluster();
  for (auto at = residue.lower_bound({cluster, JobId{}});
       at != residue.end() && at->first == cluster; ++at) {
    jobs.push_back(at->second);
  }
  for (const JobId job : jobs) {
    ResidueRecord record = step.world().residues().find(job)->second;
    std::erase_if(record.copies, [&](const Residue& copy) { return copy.cluster == cluster; });
    SaveResidue(step, std::move(record));
  }
}

void WithdrawResidue(StepContext& step, ClusterId cluster) {
  const World::JobsByCluster& residue = step.world().residue_by_cluster();
  for (auto at = residue.lower_bound({cluster, JobId{}});
       at != residue.end() && at->first == cluster; ++at) {
    for (const Residue& copy : step.world().residues().find(at->second)->second.copies) {
      if (copy.cluster == cluster) step.Emit(Withdraw{at->second, cluster, copy.epoch});
    }
  }
}

void RetryResidue(StepContext& step) {
  FailoverState& failover = step.failover();
  for (int i = 0; i < kResiduePerStep; ++i) {
    if (failover.residue_due.empty() || step.now() < failover.residue_due.begin()->first) return;
    const JobId job = failover.residue_due.begin()->second;
    failover.residue_due.erase(failover.residue_due.begin());
    const auto known = step.world().residues().find(job);
    if (known == step.world().residues().end()) continue;
    ++step.stats().retries;
    for (const Residue& copy : known->second.copies) {
      step.Emit(Withdraw{job, copy.cluster, copy.epoch});
    }
  }
}

void RetryResidueLater(StepContext& step, JobId job) {
  step.failover().residue_due.emplace(step.now() + kResidueRetry, job);
  step.failover().dirty = true;
}

bool TryRescue(StepContext& step, const JobRecord& known, const RunObserved& event) {
  if (event.phase != RunPhase::kSucceeded || IsFinished(known)) return false;
  if (known.state == JobState::kDeleting) return false;
  if (!step.world().HasResidue(known.job, event.cluster, event.epoch)) return false;
  ++step.stats().rescued;
  JobRecord record = known;
  if (record.cluster) {
    // The later epoch's copy goes first; its result, should it have one by now, comes second.
    record.former.push_back(
        {record.epoch, record.cluster, record.since, step.now(), EndReason::kSuperseded});
    if (record.former.size() > kFormerEpochsMax) record.former.erase(record.former.begin());
    step.Emit(Withdraw{record.job, record.cluster, record.epoch});
    record.state = JobState::kCommitting;
  } else {
    record.state = JobState::kDone;
  }
  step.Conclude(record, event);
  step.Emit(PublishStatus{record.job, event.cluster, event.epoch});
  step.Emit(PublishPlacement{record.job});
  const bool split = record.split;
  step.PutRecord(std::move(record));
  if (IsShard(event.job)) NotePartEnded(step, event.job);
  if (split) NoteWholeEnded(step, event.job);
  return true;
}

void On(StepContext& step, const InventoryTaken& event) {
  const ClusterState* known = step.world().FindCluster(event.cluster);
  if (known == nullptr || known->record.link.state != LinkState::kRejoining) {
    ++step.stats().stale_reports;
    return;
  }
  const FailoverConfig& config = step.failover().config;
  LinkRecord link = known->record.link;
  const int64_t length = config.probation.ms << std::clamp(link.flaps - 1, 0, 20);
  link.state = LinkState::kProbation;
  link.stalled = false;
  link.probation_until = step.now() + std::min(Duration{length}, config.probation_max);
  SetLink(step, event.cluster, link);
  std::vector<JobId> jobs;
  const World::JobsByCluster& all = step.world().jobs_by_cluster();
  for (auto at = all.lower_bound({event.cluster, JobId{}});
       at != all.end() && at->first == event.cluster; ++at) {
    jobs.push_back(at->second);
  }
  for (const JobId job : jobs) {
    const JobRecord& record = *step.world().FindJob(job);
    if (!IsFinished(record) || record.state == JobState::kCommitting) Settle(step, record);
  }
  WithdrawResidue(step, event.cluster);
  WantRenewals(step, event.cluster);
}

}  // namespace fairway::scheduler
