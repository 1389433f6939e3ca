#include "scheduler/placement.h"

#include <algorithm>
#include <optional>

#include "scheduler/assert.h"
#include "scheduler/policy/judge.h"
#include "scheduler/policy/rule_columns.h"
#include "scheduler/split/family.h"
#include "scheduler/split/split_plan.h"

namespace fairway::scheduler {
namespace {

bool WasRejectedByMost(const JobRecord& record) {
  return std::count_if(record.former.begin(), record.former.end(), [](const FormerEpoch& former) {
           return former.reason == EndReason::kRejected;
         }) >= kRejectionsMax;
}

// A cluster that could not be brought to take the job, or had to send it away, is the last choice
// the next time.
ClusterId AvoidedCluster(const JobRecord& record) {
  if (record.former.empty()) return {};
  const FormerEpoch& last = record.former.back();
  return WasSentAway(last.reason) ? last.cluster : ClusterId{};
}

// Beyond so many picks that fail on their nodes, all candidates are asked, so that the whole stays
// linear in clusters.
constexpr int kPicksMax = 4;

bool NodesTake(World& world, const SpecEntry& spec, ClusterId cluster) {
  const ClusterState& state = *world.FindCluster(cluster);
  if (state.capacity.node_classes.empty()) return true;
  if (FitsOnNodes(spec, state.capacity, state.in_flight, state.in_flight_load, state.charged,
                  world.specs())) {
    return true;
  }
  // It may fit once the pods on their way are seen where they are.
  if (!state.in_flight.empty()) world.WaitForFlight(cluster);
  return false;
}

bool AsksForFewer(const PlaceScope& scope, const SpecEntry& spec) {
  return scope.pods >= 0 && scope.pods != spec.spec.parallelism;
}

const Labels& LabelsOf(const World& world, const IndexPick& pick) {
  return world.FindCluster(pick.cluster)->record.spec.labels;
}

IndexPick BestWithNodes(World& world, const SpecEntry& spec) {
  ClusterIndex& index = world.mutable_index();
  for (int picks = 0; picks < kPicksMax; ++picks) {
    const IndexPick pick = index.Best();
    if (!pick.cluster || NodesTake(world, spec, pick.cluster)) return pick;
    index.scores()[pick.slot] = kNoScore;
  }
  for (size_t slot = 0; slot < index.ids().size(); ++slot) {
    int64_t& score = index.scores()[slot];
    if (score != kNoScore && !NodesTake(world, spec, index.ids()[slot])) score = kNoScore;
  }
  return index.Best();
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

Resources TotalOf(const SpecEntry& spec, int32_t pods) {
  Resources one = spec.pod;
  one.pods = 1;
  return one.Times(std::max(pods, 0));
}

SpecEntry WithPods(const SpecEntry& spec, int32_t pods) {
  SpecEntry fewer = spec;
  fewer.spec.parallelism = pods;
  fewer.total = TotalRequest(fewer.spec);
  fewer.need = NeedAtOnce(fewer.spec);
  return fewer;
}

PlacementPick PlaceJob(World& world, const JobRecord& record, const PlaceScope& scope) {
  const SpecEntry& whole = world.specs().Get(record.spec);
  std::optional<SpecEntry> fewer;
  if (AsksForFewer(scope, whole)) fewer = WithPods(whole, scope.pods);
  const SpecEntry& spec = fewer ? *fewer : whole;
  if (!record.former.empty() && WasRejectedByMost(record)) return {};
  const ScoreWeights& weights = WeightsOf(world, spec);
  ClusterIndex& index = world.mutable_index();
  index.Score({&spec.spec, spec.selector_hash, &spec.need, &spec.pod, &weights});
  if (spec.rules() != nullptr) ApplyRules(world, record, spec);
  if (weights.cost > 0 || weights.stability > 0) ApplyOptionalScores(world, record, spec, weights);
  if (!scope.only.empty()) index.CloseOutside(scope.only);
  for (const FormerEpoch& former : record.former) {
    if (KeepsAway(former)) index.Close(former.cluster);
  }
  if (record.part) {
    for (const ClusterId cluster : ClustersOfFamily(world, record.job)) index.Close(cluster);
  }
  const ClusterId avoided = AvoidedCluster(record);
  int64_t avoided_score = kNoScore;
  if (avoided) {
    avoided_score = index.ScoreOf(avoided);
    index.Close(avoided);
  }
  IndexPick pick = BestWithNodes(world, spec);
  if (!pick.cluster && avoided_score != kNoScore && NodesTake(world, spec, avoided)) {
    pick = {IndexPick::npos, avoided, avoided_score};
  }
  if (!pick.cluster) return {};
  // Groups were folded into the score: take them out again.
  const int32_t group =
      spec.rules() == nullptr ? 0 : std::max(FindGroup(*spec.rules(), LabelsOf(world, pick)), 0);
  return {pick.cluster, pick.score + group * kPointsPerGroup, group};
}

PlacementPick PlaceJobReadably(const World& world, const JobRecord& record,
                               const PlaceScope& scope) {
  PlacementPick best;
  PlacementPick last_choice;
  if (WasRejectedByMost(record)) return best;
  const SpecEntry& whole = world.specs().Get(record.spec);
  std::optional<SpecEntry> fewer;
  if (AsksForFewer(scope, whole)) fewer = WithPods(whole, scope.pods);
  const Judge judge(world, record, fewer ? *fewer : whole);
  const ClusterId avoided = AvoidedCluster(record);
  for (const auto& [id, state] : world.clusters()) {
    if (!MatchesRequiredAffinity(scope.only, state.record.spec.labels)) continue;
    const ClusterAnswer answer = judge.Ask(state);
    if (answer.verdict != Verdict::kFits) continue;
    PlacementPick& choice = id == avoided ? last_choice : best;
    if (!choice.cluster || answer.group < choice.group ||
        (answer.group == choice.group && answer.score > choice.score)) {
      choice = {id, answer.score, answer.group};
    }
  }
  return best.cluster ? best : last_choice;
}

bool IsFeasible(const World& world, const JobRecord& record) {
  if (world.clusters().empty()) return true;
  if (WasRejectedByMost(record)) return false;
  const Judge judge(world, record);
  if (MaySplit(record, judge.spec().spec) &&
      !PlanSplit(world, record, {}, SplitRoom::kWhenEmpty).empty()) {
    return true;
  }
  return std::any_of(world.clusters().begin(), world.clusters().end(), [&](const auto& entry) {
    return judge.AskEmpty(entry.second) == Verdict::kFits;
  });
}

}  // namespace fairway::scheduler
