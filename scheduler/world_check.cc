// World::CheckInvariants: recomputes every derived index from the records alone.
#include "scheduler/assert.h"
#include "scheduler/constraint.h"
#include "scheduler/drill/scope.h"
#include "scheduler/world.h"

namespace fairway::scheduler {
namespace {

void CheckRecord(const JobRecord& record) {
  FAIRWAY_ASSERT(record.job);
  FAIRWAY_ASSERT(record.former.size() <= kFormerEpochsMax);
  const bool live = record.state == JobState::kPlacing || record.state == JobState::kDispatched ||
                    record.state == JobState::kRunning || record.state == JobState::kRequeued ||
                    record.state == JobState::kUncertain || record.state == JobState::kFenced;
  if (live) {
    const bool bare = record.state == JobState::kRequeued && record.quota;
    FAIRWAY_ASSERT(record.cluster || bare);
    FAIRWAY_ASSERT(record.epoch);
    FAIRWAY_ASSERT(record.spec);
  }
  if (record.state == JobState::kDeleting) {
    FAIRWAY_ASSERT(record.cluster || record.split);
    FAIRWAY_ASSERT(record.delete_requested);
  }
  if (record.split) {
    FAIRWAY_ASSERT(!record.cluster && !record.part && record.epoch);
    FAIRWAY_ASSERT(!record.quota || !record.quota->IsAdmitted());
  }
  FAIRWAY_ASSERT(record.state != JobState::kSplit || (record.split && record.spec));
  FAIRWAY_ASSERT(static_cast<bool>(record.part) == IsShard(record.job));
  if (record.state == JobState::kQueued) {
    FAIRWAY_ASSERT(!record.cluster);
    FAIRWAY_ASSERT(record.spec);
    FAIRWAY_ASSERT(!record.dispatch_pending);
    FAIRWAY_ASSERT(!record.quota || !record.quota->IsAdmitted());
  }
  if (record.state == JobState::kAdmitted) {
    FAIRWAY_ASSERT(!record.cluster);
    FAIRWAY_ASSERT(record.quota && record.quota->IsAdmitted());
  }
  if (IsFinished(record)) {
    FAIRWAY_ASSERT(!record.spec);
    FAIRWAY_ASSERT(!record.quota);
    FAIRWAY_ASSERT(record.finished);
    FAIRWAY_ASSERT(record.epoch);
    FAIRWAY_ASSERT(!record.dispatch_pending);
  }
  if (record.state == JobState::kPlacing) FAIRWAY_ASSERT(record.dispatch_pending);
  if (record.state == JobState::kCommitting) FAIRWAY_ASSERT(record.cluster);
  if (record.leased) FAIRWAY_ASSERT(record.started);
  if (record.started || record.approved) {
    FAIRWAY_ASSERT(live || record.state == JobState::kDeleting);
  }
  FAIRWAY_ASSERT((record.state == JobState::kRequeued) == (record.ending != EndReason::kNone));
  for (const FormerEpoch& former : record.former) FAIRWAY_ASSERT(former.epoch <= record.epoch);
}

struct ClusterTotals {
  Resources reserved, leaving, claimed;
  PodsInFlight in_flight;
  int64_t jobs = 0;
};

}  // namespace

void World::CheckInvariants() const {
  absl::btree_map<ClusterId, ClusterTotals> totals;
  absl::btree_map<SpecId, int64_t> spec_jobs;
  std::array<int64_t, std::tuple_size_v<decltype(counts_)>> counts{};
  JobIndex job_index;
  for (const auto& [id, entry] : specs_.entries()) job_index.PutSpec(id, entry->spec);
  size_t pending = 0;
  size_t with_copy = 0;
  size_t expiring = 0;
  size_t live = 0;
  for (const auto& [id, box] : jobs_) {
    const JobRecord& record = *box;
    FAIRWAY_ASSERT(record.job == id);
    CheckRecord(record);
    ++counts[static_cast<size_t>(record.state)];
    if (record.spec) ++spec_jobs[record.spec];
    if (record.quota && record.quota->next_spec) ++spec_jobs[record.quota->next_spec];
    if (IsPending(record) && !record.quota) {
      ++pending;
      FAIRWAY_ASSERT(queue_.Contains(GroupOf(record), id));
    }
    if (record.cluster) {
      ++with_copy;
      FAIRWAY_ASSERT(by_cluster_.contains({record.cluster, id}));
      if (!IsFinished(record)) {
        ++totals[record.cluster].jobs;
        ++live;
        FAIRWAY_ASSERT(live_.contains({record.cluster, id}));
      }
    }
    if (HoldsRoom(record)) {
      const Resources room = RoomOf(record, specs_.Get(record.spec));
      totals[record.cluster].reserved.Add(room);
      if (IsLeaving(record)) totals[record.cluster].leaving.Add(room);
      const int64_t flying =
          PodsInFlightOf(record, specs_.Get(record.spec), clusters_.at(record.cluster));
      if (flying > 0) totals[record.cluster].in_flight[record.spec] += flying;
    }
    if (record.cluster && !IsFinished(record)) job_index.Count(record.spec, record.cluster, +1);
    if (const Instant expiry = ExpiryOf(record)) {
      ++expiring;
      FAIRWAY_ASSERT(expiries_.contains({expiry, id}));
    }
  }
  FAIRWAY_ASSERT(counts == counts_);
  FAIRWAY_ASSERT(queue_.jobs() == pending);
  FAIRWAY_ASSERT(by_cluster_.size() == with_copy);
  FAIRWAY_ASSERT(expiries_.size() == expiring);
  FAIRWAY_ASSERT(live_.size() == live);
  JobsByCluster residue;
  for (const auto& [id, record] : residues_) {
    FAIRWAY_ASSERT(record.job == id && !record.copies.empty());
    for (const Residue& copy : record.copies) residue.emplace(copy.cluster, id);
  }
  FAIRWAY_ASSERT(residue == residue_by_cluster_);
  for (const auto& [id, entry] : specs_.entries()) {
    FAIRWAY_ASSERT(entry->jobs == spec_jobs[id]);
    FAIRWAY_ASSERT(entry->total == TotalRequest(entry->spec));
    FAIRWAY_ASSERT(entry->need == NeedAtOnce(entry->spec));
  }
  FAIRWAY_ASSERT(spec_jobs.size() == specs_.entries().size());
  FAIRWAY_ASSERT(index_.size() == clusters_.size());
  for (const auto& [id, claim] : ledger_.claims()) {
    if (claim.cluster) totals[claim.cluster].claimed.Add(claim.room);
  }
  ledger_.CheckInvariants(*this);
  for (const auto& [id, state] : clusters_) {
    FAIRWAY_ASSERT(state.record.cluster == id);
    FAIRWAY_ASSERT(state.reserved == totals[id].reserved);
    FAIRWAY_ASSERT(state.leaving == totals[id].leaving);
    FAIRWAY_ASSERT(state.claimed == totals[id].claimed);
    FAIRWAY_ASSERT(state.jobs == totals[id].jobs);
    FAIRWAY_ASSERT(state.drilled ==
                   (drill_.phase != DrillPhase::kNone && IsDrilled(drill_.wish, id)));
    FAIRWAY_ASSERT(state.in_flight == totals[id].in_flight);
    for (const auto& [job, copy] : state.counted) {
      const JobRecord* record = FindJob(job);
      FAIRWAY_ASSERT(record != nullptr && record->cluster == id && record->epoch == copy.epoch);
      FAIRWAY_ASSERT(!IsFinished(*record) && copy.pods > 0);
    }
    FAIRWAY_ASSERT(state.charged.Get(state.capacity, state.in_flight, specs_) ==
                   ChargeNodes(state.capacity, state.in_flight, specs_));
    index_.CheckCluster(id, state.record.spec, {state.Free(), &state.capacity, state.IsOpen()});
  }
  FAIRWAY_ASSERT(totals.size() == clusters_.size());
  FAIRWAY_ASSERT(job_index == job_index_);
}

}  // namespace fairway::scheduler
