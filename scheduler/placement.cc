#include "scheduler/placement.h"

#include <algorithm>

#include "scheduler/assert.h"
#include "scheduler/score.h"

namespace fairway::scheduler {
namespace {

bool WasRejectedBy(const JobRecord& record, ClusterId cluster) {
  return std::any_of(record.former.begin(), record.former.end(), [&](const FormerEpoch& former) {
    return former.reason == EndReason::kRejected && former.cluster == cluster;
  });
}

bool WasRejectedByMost(const JobRecord& record) {
  return std::count_if(record.former.begin(), record.former.end(), [](const FormerEpoch& former) {
           return former.reason == EndReason::kRejected;
         }) >= kRejectionsMax;
}

// A cluster that could not be brought to take the job is the last choice the next time.
ClusterId AvoidedCluster(const JobRecord& record) {
  if (record.former.empty() || record.former.back().reason != EndReason::kWithdrawn) return {};
  return record.former.back().cluster;
}

}  // namespace

PlaceScope FlavorScope(const Labels& node_labels) {
  PlaceScope scope;
  if (node_labels.empty()) return scope;
  SelectorTerm& term = scope.only.emplace_back();
  for (const auto& [key, value] : node_labels) {
    term.requirements.push_back({key, LabelRequirement::Op::kIn, {value}});
  }
  return scope;
}

PlacementPick PlaceJob(World& world, const JobRecord& record, const PlaceScope& scope) {
  const SpecEntry& spec = world.specs().Get(record.spec);
  std::vector<ClusterId> excluded;  // allocates only for a job that has moved before
  for (const FormerEpoch& former : record.former) {
    if (former.reason == EndReason::kRejected) excluded.push_back(former.cluster);
  }
  if (!excluded.empty() && WasRejectedByMost(record)) return {};
  if (!scope.only.empty()) {
    for (const auto& [id, state] : world.clusters()) {
      if (!MatchesRequiredAffinity(scope.only, state.record.spec.labels)) excluded.push_back(id);
    }
  }
  const ClusterIndex::Query query = {&spec.spec, spec.selector_hash, &spec.total, &spec.pod,
                                     &excluded};
  const ClusterId avoided = AvoidedCluster(record);
  if (avoided) excluded.push_back(avoided);
  IndexPick pick = world.mutable_index().Find(query);
  if (avoided && !pick.cluster) {
    excluded.pop_back();
    pick = world.mutable_index().Find(query);
  }
  return {pick.cluster, pick.score};
}

ClusterAnswer JudgeCluster(const JobRecord& record, const SpecEntry& spec,
                           const ClusterState& cluster) {
  const ClusterSpec& wishes = cluster.record.spec;
  if (!cluster.ready || !TakesNewJobs(cluster.record.link)) return {Verdict::kNotReady};
  if (!cluster.measured) return {Verdict::kNotMeasured};
  if (wishes.cordoned) return {Verdict::kCordoned};
  if (WasRejectedBy(record, cluster.record.cluster)) return {Verdict::kRejected};
  if (!MatchesRequiredAffinity(spec.spec.required, wishes.labels)) return {Verdict::kAffinity};
  if (FirstUntoleratedTaint(wishes.taints, spec.spec.tolerations) != nullptr) {
    return {Verdict::kTaint};
  }
  const Resources free = cluster.Free();
  if (!HasRoom(spec.total, spec.pod, free, cluster.capacity)) return {Verdict::kInsufficient};
  const int64_t score = int64_t{StaticScore(spec.spec, wishes)} +
                        RoomScore(spec.total, free, cluster.capacity.allocatable);
  return {Verdict::kFits, score};
}

PlacementPick PlaceJobReadably(const World& world, const JobRecord& record,
                               const PlaceScope& scope) {
  PlacementPick best;
  PlacementPick last_choice;
  if (WasRejectedByMost(record)) return best;
  const SpecEntry& spec = world.specs().Get(record.spec);
  const ClusterId avoided = AvoidedCluster(record);
  for (const auto& [id, state] : world.clusters()) {
    if (!MatchesRequiredAffinity(scope.only, state.record.spec.labels)) continue;
    const ClusterAnswer answer = JudgeCluster(record, spec, state);
    if (answer.verdict != Verdict::kFits) continue;
    PlacementPick& choice = id == avoided ? last_choice : best;
    if (!choice.cluster || answer.score > choice.score) choice = {id, answer.score};
  }
  return best.cluster ? best : last_choice;
}

Verdict JudgeEmptyCluster(const JobRecord& record, const SpecEntry& spec,
                          const ClusterState& cluster) {
  const ClusterSpec& wishes = cluster.record.spec;
  if (WasRejectedBy(record, cluster.record.cluster)) return Verdict::kRejected;
  if (!MatchesRequiredAffinity(spec.spec.required, wishes.labels)) return Verdict::kAffinity;
  if (FirstUntoleratedTaint(wishes.taints, spec.spec.tolerations) != nullptr) {
    return Verdict::kTaint;
  }
  if (!cluster.measured || HasRoomWhenEmpty(spec.total, spec.pod, cluster.capacity)) {
    return Verdict::kFits;
  }
  return Verdict::kInsufficient;
}

bool IsFeasible(const World& world, const JobRecord& record, const SpecEntry& spec) {
  if (world.clusters().empty()) return true;
  if (WasRejectedByMost(record)) return false;
  return std::any_of(world.clusters().begin(), world.clusters().end(), [&](const auto& entry) {
    return JudgeEmptyCluster(record, spec, entry.second) == Verdict::kFits;
  });
}

}  // namespace fairway::scheduler
