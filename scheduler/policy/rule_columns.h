// The fast path of PlacementRules: after ClusterIndex::Score, closes the clusters that the rules
// exclude and adds the points that they give, column by column. Judge (judge.h) says the same,
// cluster by cluster.
#pragma once

#include <cstdint>

#include "scheduler/cluster_index.h"
#include "scheduler/records.h"
#include "scheduler/world.h"

namespace fairway::scheduler {

// Groups outweigh every score: a cluster of an earlier group goes before all of a later one.
inline constexpr int64_t kPointsPerGroup = int64_t{1} << 40;

// On world.mutable_index(), which has just scored for this very job.
void ApplyRules(World& world, const JobRecord& record, const SpecEntry& spec);
// Points that need no rules of the job: price and former place, where they have weight.
void ApplyOptionalScores(World& world, const JobRecord& record, const SpecEntry& spec,
                         const ScoreWeights& weights);

// Points of a preference for or against company, and for evenness.
inline constexpr int64_t kSkewPointsMax = 10'000;
constexpr int64_t SkewPenalty(int64_t jobs_there, int64_t fewest) {
  const int64_t skew = jobs_there - fewest;
  return skew >= kSkewPointsMax / 100 ? kSkewPointsMax : skew * 100;
}

// The last cluster of a job that it might go back to; 0 when there is none.
ClusterId FormerCluster(const JobRecord& record);

}  // namespace fairway::scheduler
