#include "scheduler/world.h"

#include <algorithm>

#include "scheduler/assert.h"
#include "scheduler/drill/scope.h"

namespace fairway::scheduler {
namespace {

// A lie about a negative load must not make room.
void DropNegatives(Resources& amounts) {
  amounts.cpu_milli = std::max<int64_t>(amounts.cpu_milli, 0);
  amounts.memory_bytes = std::max<int64_t>(amounts.memory_bytes, 0);
  amounts.ephemeral_storage_bytes = std::max<int64_t>(amounts.ephemeral_storage_bytes, 0);
  amounts.pods = std::max<int64_t>(amounts.pods, 0);
  std::erase_if(amounts.extended, [](const auto& entry) { return entry.second <= 0; });
}

bool IsOnItsWay(const JobRecord& record) {
  return record.state == JobState::kPlacing || record.state == JobState::kDispatched;
}

void OverrideAllocatable(const ClusterSpec& spec, Resources& allocatable) {
  for (const auto& [name, amount] : spec.overrides) allocatable.Set(name, amount);
}

}  // namespace

bool IsPending(const JobRecord& record) {
  return record.state == JobState::kQueued && !record.suspended;
}

bool IsFinished(const JobRecord& record) {
  return record.state == JobState::kDone || record.state == JobState::kFailed ||
         record.state == JobState::kCommitting;
}

bool HoldsRoom(const JobRecord& record) {
  return record.cluster && record.spec && !record.suspended && !IsFinished(record);
}

int64_t PodsInFlightOf(const JobRecord& record, const SpecEntry& spec, const ClusterState& state) {
  if (!HoldsRoom(record)) return 0;
  const int64_t pods = RoomOf(record, spec).pods;
  if (!state.tells_counted) return IsOnItsWay(record) ? pods : 0;
  const auto at = state.counted.find(record.job);
  const bool known = at != state.counted.end() && at->second.epoch == record.epoch;
  return std::max<int64_t>(pods - (known ? at->second.pods : 0), 0);
}

const ScoreWeights& WeightsOf(const World& world, const SpecEntry& spec) {
  const PlacementRules* rules = spec.rules();
  return rules == nullptr || rules->weights.empty() ? world.weights() : rules->weights.front();
}

bool HoldsClaim(const Capacity& capacity, const std::string& claim) {
  return std::binary_search(capacity.claims.begin(), capacity.claims.end(), claim);
}

bool IsHeldSomewhere(const World& world, const std::string& claim) {
  return std::any_of(world.clusters().begin(), world.clusters().end(),
                     [&](const auto& entry) { return HoldsClaim(entry.second.capacity, claim); });
}

Resources RoomOf(const JobRecord& record, const SpecEntry& spec) {
  if (!record.quota || record.quota->pod_sets.size() != 1) return spec.total;
  const int32_t pods = record.quota->pod_sets.front().count;
  if (pods == spec.spec.parallelism) return spec.total;
  Resources one = spec.pod;
  one.pods = 1;
  return one.Times(std::max(pods, 0));
}

bool HasRejections(const JobRecord& record) {
  return std::any_of(record.former.begin(), record.former.end(), KeepsAway);
}

GroupId GroupOf(const JobRecord& record) {
  return {record.spec, HasRejections(record) || record.part ? record.job : JobId{}};
}

Instant ExpiryOf(const JobRecord& record) {
  if (!IsFinished(record) || record.ttl_seconds < 0 || record.delete_requested) return {};
  int64_t at = 0;
  if (__builtin_add_overflow(record.finished.ms, int64_t{record.ttl_seconds} * 1000, &at)) {
    at = std::numeric_limits<int64_t>::max();
  }
  return Instant{std::max<int64_t>(at, 1)};
}

Resources ClusterState::Free() const {
  Resources free = capacity.allocatable;
  free.Subtract(capacity.requested);
  free.Subtract(reserved);
  free.Subtract(claimed);
  return free;
}

const JobRecord* World::FindJob(JobId job) const {
  const auto at = jobs_.find(job);
  return at == jobs_.end() ? nullptr : &*at->second;
}

const ClusterState* World::FindCluster(ClusterId cluster) const {
  const auto at = clusters_.find(cluster);
  return at == clusters_.end() ? nullptr : &at->second;
}

const JobSpec* World::FindSpec(SpecId spec) const {
  const SpecEntry* entry = specs_.Find(spec);
  return entry == nullptr ? nullptr : &entry->spec;
}

void World::Apply(const Edit& edit) {
  if (const auto* put_job = std::get_if<PutJob>(&edit)) {
    Put(put_job->record);
  } else if (const auto* erase_job = std::get_if<EraseJob>(&edit)) {
    Erase(erase_job->job);
  } else if (const auto* put_spec = std::get_if<PutSpec>(&edit)) {
    specs_.Put(put_spec->id, put_spec->spec);
    job_index_.PutSpec(put_spec->id, put_spec->spec);
  } else if (const auto* erase_spec = std::get_if<EraseSpec>(&edit)) {
    job_index_.EraseSpec(erase_spec->id);
    specs_.Erase(erase_spec->id);
  } else if (const auto* put_cluster = std::get_if<PutCluster>(&edit)) {
    Put(put_cluster->record);
  } else if (const auto* erase_cluster = std::get_if<EraseCluster>(&edit)) {
    Erase(erase_cluster->cluster);
  } else if (const auto* put_residue = std::get_if<PutResidue>(&edit)) {
    Put(put_residue->record);
  } else if (const auto* erase_residue = std::get_if<EraseResidue>(&edit)) {
    EraseResidueOf(erase_residue->job);
  } else if (const auto* put_freeze = std::get_if<PutFreeze>(&edit)) {
    freeze_ = put_freeze->record;
    ++generation_;  // what is held or may be placed has changed
  } else if (std::holds_alternative<EraseFreeze>(edit)) {
    freeze_ = {};
    ++generation_;
  } else if (const auto* put_drill = std::get_if<PutDrill>(&edit)) {
    Put(put_drill->record);
  } else if (std::holds_alternative<EraseDrill>(edit)) {
    Put(DrillRecord{});
  } else if (const auto* put_rebalance = std::get_if<PutRebalance>(&edit)) {
    rebalance_ = put_rebalance->record;
  } else {
    ApplyQuota(edit);
  }
}

// ---- jobs ----

bool World::SameContribution(const JobRecord& a, const JobRecord& b) {
  return a.spec == b.spec && a.cluster == b.cluster && a.suspended == b.suspended &&
         IsPending(a) == IsPending(b) && IsFinished(a) == IsFinished(b) && a.epoch == b.epoch &&
         IsOnItsWay(a) == IsOnItsWay(b) && ExpiryOf(a) == ExpiryOf(b) &&
         (!IsPending(a) || GroupOf(a) == GroupOf(b)) && a.quota == b.quota &&
         IsLeaving(a) == IsLeaving(b);
}

void World::Put(const JobRecord& record) {
  const auto hint =
      jobs_.empty() || jobs_.rbegin()->first < record.job ? jobs_.end() : jobs_.find(record.job);
  if (hint == jobs_.end()) {
    jobs_.emplace_hint(hint, record.job, Box<JobRecord>(record));
    Count(record, +1);
    return;
  }
  JobRecord& kept = *hint->second;
  if (SameContribution(kept, record)) {
    --counts_[static_cast<size_t>(kept.state)];
    ++counts_[static_cast<size_t>(record.state)];
    kept = record;
    return;
  }
  Count(kept, -1);
  DropCounted(kept, &record);
  kept = record;
  Count(kept, +1);
}

void World::Adopt(Box<JobRecord> record) {
  const JobId job = record->job;
  if (!jobs_.empty() && job <= jobs_.rbegin()->first) {
    Put(*record);
    return;
  }
  Count(*record, +1);
  jobs_.emplace_hint(jobs_.end(), job, std::move(record));
}

void World::Erase(JobId job) {
  const auto at = jobs_.find(job);
  if (at == jobs_.end()) return;
  Count(*at->second, -1);
  DropCounted(*at->second, nullptr);
  jobs_.erase(at);
}

void World::Count(const JobRecord& record, int sign) {
  counts_[static_cast<size_t>(record.state)] += sign;
  if (record.spec) sign > 0 ? specs_.AddJob(record.spec) : specs_.RemoveJob(record.spec);
  if (record.quota) {
    const SpecId next = record.quota->next_spec;
    if (next) sign > 0 ? specs_.AddJob(next) : specs_.RemoveJob(next);
    ledger_.Count(record, FindSpec(record.spec), sign);
  }
  if (IsPending(record) && !record.quota) {
    const SpecEntry& spec = specs_.Get(record.spec);
    if (sign > 0) {
      queue_.Add(GroupOf(record), spec.spec.priority, record.job);
    } else {
      queue_.Remove(GroupOf(record), record.job);
    }
  }
  if (record.cluster) {
    if (sign > 0) {
      // Most often the youngest job: at the end, where there is one cluster.
      by_cluster_.emplace_hint(by_cluster_.end(), record.cluster, record.job);
    } else {
      by_cluster_.erase({record.cluster, record.job});
    }
    if (!IsFinished(record)) {
      CountReservation(record, sign);
      if (sign > 0) {
        live_.emplace(record.cluster, record.job);
      } else {
        live_.erase({record.cluster, record.job});
      }
    }
  }
  if (const Instant expiry = ExpiryOf(record)) {
    if (sign > 0) {
      expiries_.emplace(expiry, record.job);
    } else {
      expiries_.erase({expiry, record.job});
    }
  }
}

void World::CountReservation(const JobRecord& record, int sign) {
  const auto at = clusters_.find(record.cluster);
  FAIRWAY_ASSERT(at != clusters_.end());
  ClusterState& state = at->second;
  state.jobs += sign;
  // Company that came may be wanted, company that left may have been in the way.
  if (job_index_.Count(record.spec, record.cluster, sign)) ++generation_;
  if (!HoldsRoom(record)) return;
  const SpecEntry& spec = specs_.Get(record.spec);
  CountFlight(record, PodsInFlightOf(record, spec, state), sign, state);
  Resources fewer;
  if (record.quota) fewer = RoomOf(record, spec);
  const Resources& total = record.quota ? fewer : spec.total;
  if (IsLeaving(record)) sign > 0 ? state.leaving.Add(total) : state.leaving.Subtract(total);
  if (sign > 0) {
    state.reserved.Add(total);
  } else {
    state.reserved.Subtract(total);
    ++generation_;
  }
  index_.SetFree(record.cluster, {state.Free(), &state.capacity, state.IsOpen()});
}

void World::CountFlight(const JobRecord& record, int64_t pods, int sign, ClusterState& state) {
  if (pods == 0) return;
  Resources load = specs_.Get(record.spec).pod;
  load.pods = 1;
  load = load.Times(pods);
  state.charged.Reset();
  const auto at = state.in_flight.emplace(record.spec, 0).first;
  at->second += sign * pods;
  if (at->second == 0) state.in_flight.erase(at);
  if (sign > 0) {
    state.in_flight_load.Add(load);
    return;
  }
  state.in_flight_load.Subtract(load);
  if (!state.flight_awaited) return;
  state.flight_awaited = false;
  ++generation_;
}

void World::TakeCounted(ClusterState& state, const std::vector<CountedPods>& counted) {
  const ClusterId cluster = state.record.cluster;
  const auto count = [&](const JobRecord& record, int sign) {
    if (!HoldsRoom(record)) return;
    CountFlight(record, PodsInFlightOf(record, specs_.Get(record.spec), state), sign, state);
  };
  if (!state.tells_counted) {
    // The first word of it: what runs was believed to be counted, and may not be.
    std::vector<JobId> live;
    for (auto at = live_.lower_bound({cluster, JobId{}}); at != live_.end() && at->first == cluster;
         ++at) {
      live.push_back(at->second);
    }
    for (const JobId job : live) count(*FindJob(job), -1);
    state.tells_counted = true;
    for (const JobId job : live) count(*FindJob(job), +1);
  }
  for (const CountedPods& each : counted) {
    const JobRecord* record = FindJob(each.job);
    if (record == nullptr || record->cluster != cluster || record->epoch != each.epoch ||
        IsFinished(*record)) {
      continue;
    }
    count(*record, -1);
    if (each.pods > 0) {
      state.counted[each.job] = {each.epoch, each.pods};
    } else {
      state.counted.erase(each.job);
    }
    count(*record, +1);
  }
}

void World::DropCounted(const JobRecord& before, const JobRecord* after) {
  if (!before.cluster) return;
  const bool same = after != nullptr && after->cluster == before.cluster &&
                    after->epoch == before.epoch && !IsFinished(*after);
  const auto at = clusters_.find(before.cluster);
  if (!same && at != clusters_.end()) at->second.counted.erase(before.job);
}

// ---- clusters ----

void World::SetWeights(const ScoreWeights& weights) {
  if (weights_ == weights) return;
  weights_ = weights;
  ++generation_;
}

void World::RefreshRoom(const ClusterState& state) {
  index_.SetRoom(state.record.cluster, {state.Free(), &state.capacity, state.IsOpen()});
}

void World::Put(const DrillRecord& record) {
  drill_ = record;
  for (auto& [id, state] : clusters_) {
    const bool drilled = drill_.phase != DrillPhase::kNone && IsDrilled(drill_.wish, id);
    if (drilled == state.drilled) continue;
    state.drilled = drilled;
    RefreshRoom(state);
    ++generation_;
  }
}

void World::Put(const ClusterRecord& record) {
  const auto [at, is_new] = clusters_.try_emplace(record.cluster);
  ClusterState& state = at->second;
  const bool was_open = state.IsOpen();
  const bool same_spec = !is_new && state.record.spec == record.spec;
  state.record = record;
  state.drilled = drill_.phase != DrillPhase::kNone && IsDrilled(drill_.wish, record.cluster);
  // A lease's horizon moves every few seconds: no reason to look at the queue.
  if (same_spec && was_open == state.IsOpen()) return;
  if (!same_spec) {
    state.capacity.allocatable = state.allocatable;
    OverrideAllocatable(record.spec, state.capacity.allocatable);
    index_.PutSpec(record.cluster, record.spec);
  }
  RefreshRoom(state);
  ++generation_;
}

void World::Erase(ClusterId cluster) {
  const auto at = clusters_.find(cluster);
  if (at == clusters_.end()) return;
  FAIRWAY_ASSERT(at->second.jobs == 0);
  clusters_.erase(at);
  index_.Erase(cluster);
  ForgetClaimsOn(cluster);
}

// ---- residue ----

bool World::HasResidue(JobId job, ClusterId cluster, Epoch epoch) const {
  const auto at = residues_.find(job);
  if (at == residues_.end()) return false;
  const std::vector<Residue>& copies = at->second.copies;
  return std::find(copies.begin(), copies.end(), Residue{cluster, epoch}) != copies.end();
}

void World::EraseResidueOf(JobId job) {
  const auto at = residues_.find(job);
  if (at == residues_.end()) return;
  for (const Residue& copy : at->second.copies) residue_by_cluster_.erase({copy.cluster, job});
  residues_.erase(at);
}

void World::Put(const ResidueRecord& record) {
  EraseResidueOf(record.job);
  for (const Residue& copy : record.copies) residue_by_cluster_.emplace(copy.cluster, record.job);
  residues_[record.job] = record;
}

bool World::ObserveCapacity(ClusterId cluster, const Capacity& capacity,
                            const std::vector<CountedPods>* counted) {
  const auto at = clusters_.find(cluster);
  if (at == clusters_.end()) return false;
  ClusterState& state = at->second;
  if (counted != nullptr) TakeCounted(state, *counted);
  Capacity sane = capacity;
  for (Resources* amounts : {&sane.allocatable, &sane.requested, &sane.largest_node_free,
                             &sane.largest_node_allocatable}) {
    DropNegatives(*amounts);
  }
  for (NodeClass& nodes : sane.node_classes) {
    for (NodeRoom& room : nodes.free) DropNegatives(room.amounts);
    for (NodeRoom& room : nodes.whole) DropNegatives(room.amounts);
  }
  state.allocatable = sane.allocatable;
  OverrideAllocatable(state.record.spec, sane.allocatable);
  if (state.measured && state.capacity == sane) return false;
  state.charged.Reset();
  const Resources before = state.Free();
  const Capacity was = std::exchange(state.capacity, std::move(sane));
  const bool was_measured = std::exchange(state.measured, true);
  RefreshRoom(state);
  if (!state.IsOpen()) return false;
  const bool only_less = was_measured && state.Free().FitsIn(before) &&
                         state.capacity.largest_node_free.FitsIn(was.largest_node_free) &&
                         OnlyLess(state.capacity.node_classes, was.node_classes) &&
                         state.capacity.claims == was.claims;
  if (only_less) return false;
  ++generation_;
  return true;
}

void World::SetSettling(bool settling) {
  if (settling_ == settling) return;
  settling_ = settling;
  if (settling) return;
  NoteRoom();
  ledger_.WakeAll();
}

bool World::ObserveLink(ClusterId cluster, bool ready) {
  const auto at = clusters_.find(cluster);
  if (at == clusters_.end() || at->second.ready == ready) return false;
  at->second.ready = ready;
  RefreshRoom(at->second);
  if (!at->second.IsOpen()) return false;
  ++generation_;
  return true;
}

}  // namespace fairway::scheduler
