// The part of World that keeps quota.
#include "scheduler/world.h"

namespace fairway::scheduler {

void World::ApplyQuota(const Edit& edit) {
  if (const auto* put_flavor = std::get_if<PutFlavor>(&edit)) {
    ledger_.book.flavors.Put(put_flavor->record.id, put_flavor->record.spec);
  } else if (const auto* erase_flavor = std::get_if<EraseFlavor>(&edit)) {
    ledger_.book.flavors.Erase(erase_flavor->id);
  } else if (const auto* put_cohort = std::get_if<PutCohort>(&edit)) {
    ledger_.book.cohorts.Put(put_cohort->record.id, put_cohort->record.spec);
  } else if (const auto* erase_cohort = std::get_if<EraseCohort>(&edit)) {
    ledger_.book.cohorts.Erase(erase_cohort->id);
  } else if (const auto* put_queue = std::get_if<PutClusterQueue>(&edit)) {
    ledger_.book.cluster_queues.Put(put_queue->record.id, put_queue->record.spec);
  } else if (const auto* erase_queue = std::get_if<EraseClusterQueue>(&edit)) {
    ledger_.book.cluster_queues.Erase(erase_queue->id);
  } else if (const auto* put_local = std::get_if<PutLocalQueue>(&edit)) {
    ledger_.book.local_queues.Put(put_local->record.id, put_local->record.spec);
    ledger_.HomesChanged();
    return;
  } else if (const auto* erase_local = std::get_if<EraseLocalQueue>(&edit)) {
    ledger_.book.local_queues.Erase(erase_local->id);
    ledger_.HomesChanged();
    return;
  }
  ledger_.BookChanged();
}

void World::ConfigureQuota(const QuotaSettings& settings) {
  if (quota_settings_ == settings) return;
  quota_settings_ = settings;
  ledger_.BookChanged();
}

void World::SetClaim(JobId job, QuotaClaim claim, bool quiet) {
  DropClaim(job, quiet);
  CountClaim(claim, +1, quiet);
  ledger_.AddClaim(job, std::move(claim));
}

void World::DropClaim(JobId job, bool quiet) {
  const auto at = ledger_.claims().find(job);
  if (at == ledger_.claims().end()) return;
  CountClaim(at->second, -1, quiet);
  ledger_.RemoveClaim(job, quiet);
}

void World::CountClaim(const QuotaClaim& claim, int sign, bool quiet) {
  const auto at = clusters_.find(claim.cluster);
  if (at == clusters_.end()) return;
  ClusterState& state = at->second;
  if (sign > 0) {
    state.claimed.Add(claim.room);
  } else {
    state.claimed.Subtract(claim.room);
    if (!quiet) ++generation_;
  }
  index_.SetFree(claim.cluster, {state.Free(), &state.capacity, state.IsOpen()});
}

void World::ForgetClaimsOn(ClusterId cluster) {
  std::vector<JobId> jobs;
  for (const auto& [job, claim] : ledger_.claims()) {
    if (claim.cluster == cluster) jobs.push_back(job);
  }
  for (const JobId job : jobs) ledger_.RemoveClaim(job);
}

}  // namespace fairway::scheduler
