#include "scheduler/policy/judge.h"

#include <algorithm>
#include <limits>

#include "scheduler/policy/rule_columns.h"
#include "scheduler/score.h"
#include "scheduler/split/family.h"

namespace fairway::scheduler {

bool WasRejectedBy(const JobRecord& record, ClusterId cluster) {
  return std::any_of(record.former.begin(), record.former.end(), [&](const FormerEpoch& former) {
    return former.reason == EndReason::kRejected && former.cluster == cluster;
  });
}

const FormerEpoch* AvoidanceOf(const JobRecord& record, ClusterId cluster) {
  const FormerEpoch* found = nullptr;
  for (const FormerEpoch& former : record.former) {
    if (former.avoided && former.cluster == cluster) found = &former;
  }
  return found;
}

Judge::Judge(const World& world, const JobRecord& record)
    : Judge(world, record, world.specs().Get(record.spec)) {}

Judge::Judge(const World& world, const JobRecord& record, const SpecEntry& spec)
    : world_(world), record_(record), spec_(spec), weights_(WeightsOf(world, spec)) {
  if (weights_.cost > 0) {
    for (const auto& [id, state] : world.clusters()) {
      dearest_ = std::max(dearest_, HourlyCost(spec_.total, state.record.spec));
    }
  }
  const PlacementRules* rules = spec_.rules();
  if (rules == nullptr) return;
  const JobIndex& jobs = world.job_index();
  for (const JobAffinityTerm& term : rules->job_affinity) {
    const JobIndex::Counts& counts = jobs.CountsOf(term.jobs);
    affinity_.push_back(CountByPlace(counts, term.topology));
    affinity_first_.push_back(counts.empty() && jobs.Matches(record.spec, term.jobs));
  }
  for (const SpreadConstraint& spread : rules->spread) {
    const ByPlace& by_place =
        spread_.emplace_back(CountByPlace(jobs.CountsOf(spread.jobs), spread.topology));
    int64_t& fewest = fewest_.emplace_back(std::numeric_limits<int64_t>::max());
    for (const auto& [id, state] : world.clusters()) {
      const auto place = PlaceOf(spread.topology, state);
      if (!place || !IsOpenBySpec(state)) continue;
      const auto at = by_place.find(*place);
      fewest = std::min(fewest, at == by_place.end() ? 0 : at->second);
    }
  }
  for (const JobIndex::Repelled& each : jobs.RepelledBy(record.spec)) {
    repelled_.emplace_back(each.topology, CountByPlace(*each.holders, each.topology));
  }
  for (const std::string& claim : rules->claims) {
    if (IsHeldSomewhere(world, claim)) bound_claims_.push_back(&claim);
  }
}

std::optional<std::string> Judge::PlaceOf(const TopologyKey& topology,
                                          const ClusterState& cluster) {
  if (topology.empty()) return std::to_string(cluster.record.cluster.value);
  const Labels& labels = cluster.record.spec.labels;
  const auto label = labels.find(topology);
  return label == labels.end() ? std::nullopt : std::optional(label->second);
}

Judge::ByPlace Judge::CountByPlace(const JobIndex::Counts& counts,
                                   const TopologyKey& topology) const {
  ByPlace by_place;
  for (const auto& [cluster, jobs] : counts) {
    const ClusterState* state = world_.FindCluster(cluster);
    if (state == nullptr) continue;
    if (const auto place = PlaceOf(topology, *state)) by_place[*place] += jobs;
  }
  return by_place;
}

bool Judge::IsOpenBySpec(const ClusterState& cluster) const {
  const ClusterSpec& wishes = cluster.record.spec;
  const JobSpec& spec = spec_.spec;
  return MatchesRequiredAffinity(spec.required, wishes.labels) &&
         FirstUntoleratedTaint(wishes.taints, spec.tolerations) == nullptr &&
         (spec_.rules() == nullptr || (FindGroup(*spec_.rules(), wishes.labels) >= 0 &&
                                       FirstMissingDataset(*spec_.rules(), wishes) == nullptr));
}

bool Judge::AffinityHolds(size_t term, const ClusterState& cluster) const {
  const JobAffinityTerm& wish = spec_.rules()->job_affinity[term];
  const auto place = PlaceOf(wish.topology, cluster);
  const bool there = place && affinity_[term].contains(*place);
  if (wish.anti) return !there;
  return there || (affinity_first_[term] && place);
}

const JobAffinityTerm* Judge::FailedAffinity(const ClusterState& cluster, bool anti) const {
  for (size_t i = 0; i < affinity_.size(); ++i) {
    const JobAffinityTerm& term = spec_.rules()->job_affinity[i];
    if (term.weight == 0 && term.anti == anti && !AffinityHolds(i, cluster)) return &term;
  }
  return nullptr;
}

bool Judge::IsRepelled(const ClusterState& cluster) const {
  return std::any_of(repelled_.begin(), repelled_.end(), [&](const auto& entry) {
    const auto place = PlaceOf(entry.first, cluster);
    return place && entry.second.contains(*place);
  });
}

Judge::Skew Judge::SkewAt(size_t i, const ClusterState& cluster) const {
  const SpreadConstraint& spread = spec_.rules()->spread[i];
  const auto place = PlaceOf(spread.topology, cluster);
  Skew skew{&spread, 0, fewest_[i], std::numeric_limits<int64_t>::max()};
  if (!place) return skew;
  const auto at = spread_[i].find(*place);
  if (at != spread_[i].end()) skew.there = at->second;
  const int64_t self = world_.job_index().Matches(record_.spec, spread.jobs) ? 1 : 0;
  skew.skew = skew.there + self - skew.fewest;
  return skew;
}

Judge::Skew Judge::FailedSpread(const ClusterState& cluster) const {
  for (size_t i = 0; i < spread_.size(); ++i) {
    const Skew skew = SkewAt(i, cluster);
    if (skew.spread->required && skew.skew > skew.spread->max_skew) return skew;
  }
  return {};
}

const std::string* Judge::FailedClaim(const ClusterState& cluster) const {
  for (const std::string* claim : bound_claims_) {
    if (!HoldsClaim(cluster.capacity, *claim)) return claim;
  }
  return nullptr;
}

const std::vector<NodeClass>& Judge::NodesOf(const ClusterState& cluster) const {
  return cluster.charged.Get(cluster.capacity, cluster.in_flight, world_.specs());
}

Verdict Judge::AskRules(const ClusterState& cluster, std::optional<Verdict> spared) const {
  if (spared != Verdict::kClaim && FailedClaim(cluster) != nullptr) return Verdict::kClaim;
  if (spared != Verdict::kJobAffinity && FailedAffinity(cluster, false) != nullptr) {
    return Verdict::kJobAffinity;
  }
  if (spared != Verdict::kJobAntiAffinity &&
      (FailedAffinity(cluster, true) != nullptr || IsRepelled(cluster))) {
    return Verdict::kJobAntiAffinity;
  }
  if (spared != Verdict::kSpread && FailedSpread(cluster).spread != nullptr) {
    return Verdict::kSpread;
  }
  return Verdict::kFits;
}

ClusterAnswer Judge::Ask(const ClusterState& cluster, std::optional<Verdict> spared) const {
  const ClusterSpec& wishes = cluster.record.spec;
  const JobSpec& spec = spec_.spec;
  const auto asked = [&](Verdict verdict) { return spared != verdict; };
  if (asked(Verdict::kNotReady) &&
      (!cluster.ready || cluster.drilled || !TakesNewJobs(cluster.record.link))) {
    return {Verdict::kNotReady};
  }
  if (!cluster.measured) return {Verdict::kNotMeasured};
  if (asked(Verdict::kCordoned) && wishes.IsClosed()) return {Verdict::kCordoned};
  if (WasRejectedBy(record_, cluster.record.cluster)) return {Verdict::kRejected};
  if (AvoidanceOf(record_, cluster.record.cluster) != nullptr) return {Verdict::kAvoided};
  if (record_.part && FamilyIsOn(world_, record_.job, cluster.record.cluster)) {
    return {Verdict::kSibling};
  }
  const PlacementRules* rules = spec_.rules();
  const int32_t group = rules == nullptr ? 0 : FindGroup(*rules, wishes.labels);
  if (asked(Verdict::kAffinity) &&
      (!MatchesRequiredAffinity(spec.required, wishes.labels) || group < 0)) {
    return {Verdict::kAffinity};
  }
  if (asked(Verdict::kTaint) && FirstUntoleratedTaint(wishes.taints, spec.tolerations) != nullptr) {
    return {Verdict::kTaint};
  }
  if (rules != nullptr) {
    if (asked(Verdict::kDataset) && FirstMissingDataset(*rules, wishes) != nullptr) {
      return {Verdict::kDataset};
    }
    const Verdict verdict = AskRules(cluster, spared);
    if (verdict != Verdict::kFits) return {verdict};
  }
  if (asked(Verdict::kInsufficient) &&
      !HasRoom(spec_.need, spec_.pod, cluster.Free(), cluster.capacity)) {
    return {Verdict::kInsufficient};
  }
  if (!FitsOnNodes(spec_, cluster.capacity, cluster.in_flight, cluster.in_flight_load,
                   cluster.charged, world_.specs())) {
    const Verdict nodes =
        VerdictOf(AskNodes(spec_, NodesOf(cluster), cluster.capacity, Rooms::kFree));
    if (asked(nodes)) return {nodes};
  }
  return {Verdict::kFits, ScoreOf(cluster), std::max(group, 0)};
}

ClusterAnswer Judge::Rate(const ClusterState& cluster) const {
  const PlacementRules* rules = spec_.rules();
  const int32_t group = rules == nullptr ? 0 : FindGroup(*rules, cluster.record.spec.labels);
  return {Verdict::kFits, ScoreOf(cluster), std::max(group, 0)};
}

int64_t Judge::ScoreOf(const ClusterState& cluster) const {
  const ClusterSpec& wishes = cluster.record.spec;
  int64_t score = StaticScore(spec_.spec, wishes, weights_) +
                  RoomScore(spec_.need, cluster.Free(), cluster.capacity.allocatable, weights_);
  if (weights_.cost > 0) {
    score += Weighted(CostScore(HourlyCost(spec_.total, wishes), dearest_), weights_.cost);
  }
  if (weights_.stability > 0 && FormerCluster(record_) == cluster.record.cluster) {
    score += Weighted(kStabilityPoints, weights_.stability);
  }
  for (size_t i = 0; i < affinity_.size(); ++i) {
    const JobAffinityTerm& term = spec_.rules()->job_affinity[i];
    const auto place = PlaceOf(term.topology, cluster);
    if (term.weight == 0 || !place || !affinity_[i].contains(*place)) continue;
    score += (term.anti ? -kPointsPerWeight : kPointsPerWeight) * term.weight;
  }
  for (size_t i = 0; i < spread_.size(); ++i) {
    const Skew skew = SkewAt(i, cluster);
    if (skew.spread->required) continue;
    const bool placed = PlaceOf(skew.spread->topology, cluster).has_value();
    score -= placed ? SkewPenalty(skew.there, skew.fewest) : kSkewPointsMax;
  }
  return score;
}

Verdict Judge::AskEmpty(const ClusterState& cluster) const {
  const ClusterSpec& wishes = cluster.record.spec;
  const JobSpec& spec = spec_.spec;
  if (WasRejectedBy(record_, cluster.record.cluster)) return Verdict::kRejected;
  if (!MatchesRequiredAffinity(spec.required, wishes.labels)) return Verdict::kAffinity;
  if (FirstUntoleratedTaint(wishes.taints, spec.tolerations) != nullptr) return Verdict::kTaint;
  if (const PlacementRules* rules = spec_.rules()) {
    if (FindGroup(*rules, wishes.labels) < 0) return Verdict::kAffinity;
    if (FirstMissingDataset(*rules, wishes) != nullptr) return Verdict::kDataset;
    for (const JobAffinityTerm& term : rules->job_affinity) {
      if (!term.anti && term.weight == 0 && !PlaceOf(term.topology, cluster)) {
        return Verdict::kJobAffinity;
      }
    }
    for (const SpreadConstraint& spread : rules->spread) {
      if (spread.required && !PlaceOf(spread.topology, cluster)) return Verdict::kSpread;
    }
  }
  if (!cluster.measured) return Verdict::kFits;
  if (FailedClaim(cluster) != nullptr) return Verdict::kClaim;
  if (!HasRoomWhenEmpty(spec_.need, spec_.pod, cluster.capacity)) return Verdict::kInsufficient;
  return VerdictOf(AskNodes(spec_, cluster.capacity.node_classes, cluster.capacity, Rooms::kWhole));
}

}  // namespace fairway::scheduler
