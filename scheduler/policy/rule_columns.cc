#include "scheduler/policy/rule_columns.h"

#include <algorithm>
#include <limits>
#include <vector>

#include "scheduler/score.h"

namespace fairway::scheduler {
namespace {

using Counts = JobIndex::Counts;

// Jobs per place. Both the counts and the ids of the index are in ClusterId order.
std::vector<int64_t> CountByPlace(const ClusterIndex& index, const ClusterIndex::Places& places,
                                  const Counts& counts) {
  std::vector<int64_t> by_place(static_cast<size_t>(places.count), 0);
  const std::vector<ClusterId>& ids = index.ids();
  size_t slot = 0;
  for (const auto& [cluster, jobs] : counts) {
    while (slot < ids.size() && ids[slot] < cluster) ++slot;
    if (slot == ids.size()) break;
    if (ids[slot] == cluster && places.of_slot[slot] >= 0) {
      by_place[static_cast<size_t>(places.of_slot[slot])] += jobs;
    }
  }
  return by_place;
}

class Columns {
 public:
  Columns(World& world, SpecId spec)
      : jobs_(world.job_index()), index_(world.mutable_index()), spec_(spec) {}

  void Affinity(const JobAffinityTerm& term) {
    const ClusterIndex::Places& places = index_.PlacesOf(term.topology);
    const Counts& counts = jobs_.CountsOf(term.jobs);
    const std::vector<int64_t> by_place = CountByPlace(index_, places, counts);
    // The first of a group that wants to be together goes anywhere.
    const bool first = counts.empty() && jobs_.Matches(spec_, term.jobs);
    std::vector<int64_t>& scores = index_.scores();
    for (size_t slot = 0; slot < scores.size(); ++slot) {
      const int32_t place = places.of_slot[slot];
      const bool there = place >= 0 && by_place[static_cast<size_t>(place)] > 0;
      if (term.weight > 0) {
        if (scores[slot] != kNoScore && there) {
          scores[slot] += (term.anti ? -kPointsPerWeight : kPointsPerWeight) * term.weight;
        }
      } else if (term.anti ? there : !there && !(first && place >= 0)) {
        scores[slot] = kNoScore;
      }
    }
  }

  void Repel(const JobIndex::Repelled& repelled) {
    const ClusterIndex::Places& places = index_.PlacesOf(repelled.topology);
    const std::vector<int64_t> by_place = CountByPlace(index_, places, *repelled.holders);
    std::vector<int64_t>& scores = index_.scores();
    for (size_t slot = 0; slot < scores.size(); ++slot) {
      const int32_t place = places.of_slot[slot];
      if (place >= 0 && by_place[static_cast<size_t>(place)] > 0) scores[slot] = kNoScore;
    }
  }

  void Spread(const SpreadConstraint& spread) {
    const ClusterIndex::Places& places = index_.PlacesOf(spread.topology);
    const std::vector<int64_t> by_place = CountByPlace(index_, places, jobs_.CountsOf(spread.jobs));
    int64_t fewest = std::numeric_limits<int64_t>::max();
    std::vector<int64_t>& scores = index_.scores();
    for (size_t slot = 0; slot < scores.size(); ++slot) {
      const int32_t place = places.of_slot[slot];
      if (place < 0 || !index_.IsOpenBySpec(slot)) continue;
      fewest = std::min(fewest, by_place[static_cast<size_t>(place)]);
    }
    const int64_t self = jobs_.Matches(spec_, spread.jobs) ? 1 : 0;
    for (size_t slot = 0; slot < scores.size(); ++slot) {
      if (scores[slot] == kNoScore) continue;
      const int32_t place = places.of_slot[slot];
      const int64_t there = place < 0 ? 0 : by_place[static_cast<size_t>(place)];
      if (!spread.required) {
        scores[slot] -= place < 0 ? kSkewPointsMax : SkewPenalty(there, fewest);
      } else if (place < 0 || there + self - fewest > spread.max_skew) {
        scores[slot] = kNoScore;
      }
    }
  }

 private:
  const JobIndex& jobs_;
  ClusterIndex& index_;
  SpecId spec_;
};

// Volumes that some cluster holds bind the job to those that do.
void ApplyClaims(World& world, const PlacementRules& rules) {
  ClusterIndex& index = world.mutable_index();
  for (const std::string& claim : rules.claims) {
    if (!IsHeldSomewhere(world, claim)) continue;
    for (size_t slot = 0; slot < index.ids().size(); ++slot) {
      if (index.scores()[slot] == kNoScore) continue;
      if (!HoldsClaim(world.FindCluster(index.ids()[slot])->capacity, claim)) {
        index.scores()[slot] = kNoScore;
      }
    }
  }
}

}  // namespace

ClusterId FormerCluster(const JobRecord& record) {
  if (record.former.empty()) return {};
  const FormerEpoch& last = record.former.back();
  const bool unwelcome = KeepsAway(last) || WasSentAway(last.reason);
  return unwelcome ? ClusterId{} : last.cluster;
}

void ApplyOptionalScores(World& world, const JobRecord& record, const SpecEntry& spec,
                         const ScoreWeights& weights) {
  ClusterIndex& index = world.mutable_index();
  std::vector<int64_t>& scores = index.scores();
  if (weights.cost > 0) {
    std::vector<int64_t> costs(scores.size());
    int64_t dearest = 0;
    for (size_t slot = 0; slot < scores.size(); ++slot) {
      costs[slot] = HourlyCost(spec.total, index.SpecAt(slot));
      dearest = std::max(dearest, costs[slot]);
    }
    for (size_t slot = 0; slot < scores.size(); ++slot) {
      if (scores[slot] == kNoScore) continue;
      scores[slot] += Weighted(CostScore(costs[slot], dearest), weights.cost);
    }
  }
  if (weights.stability == 0 || record.former.empty()) return;
  const ClusterId former = FormerCluster(record);
  for (size_t slot = 0; slot < scores.size(); ++slot) {
    if (index.ids()[slot] == former && scores[slot] != kNoScore) {
      scores[slot] += Weighted(kStabilityPoints, weights.stability);
    }
  }
}

void ApplyRules(World& world, const JobRecord& record, const SpecEntry& spec) {
  const PlacementRules& rules = *spec.rules();
  Columns columns(world, record.spec);
  for (const JobAffinityTerm& term : rules.job_affinity) columns.Affinity(term);
  if (!rules.scope.empty()) {
    for (const auto& repelled : world.job_index().RepelledBy(record.spec)) columns.Repel(repelled);
  }
  for (const SpreadConstraint& spread : rules.spread) columns.Spread(spread);
  if (!rules.claims.empty()) ApplyClaims(world, rules);
  if (rules.groups.empty()) return;
  ClusterIndex& index = world.mutable_index();
  std::vector<int64_t>& scores = index.scores();
  for (size_t slot = 0; slot < scores.size(); ++slot) {
    if (scores[slot] != kNoScore) scores[slot] -= kPointsPerGroup * index.GroupOf(slot);
  }
}

}  // namespace fairway::scheduler
