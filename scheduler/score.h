// Soft preferences as integer points: more is better, ties go to the lowest ClusterId. Small named
// functions on plain values, each weighted in hundredths (ScoreWeights); cluster_index.h computes
// the same numbers column by column. With the default weights:
//
//   score = 100 per point of preferred weight that matches          (PreferredAffinity)
//         - 2000 per PreferNoSchedule taint that is not tolerated    (PreferNoSchedule, unweighted)
//         + 100 per point of preferred weight of a dataset there     (Locality)
//         + 0..1000, the share of cpu and memory left free           (Spread)
//         - 0..250, how unevenly the two are left                    (Balance)
// and where their weights are set:
//         + 0..1000, the share of cpu and memory in use              (Pack)
//         + 0..1000, how much cheaper than the dearest cluster       (Cost)
//         + 1000 where the job ran last                              (Stability)
// So ten points of preferred weight outweigh an idle cluster over a full one, and a soft taint
// twice that.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "scheduler/cluster_view.h"
#include "scheduler/constraint.h"
#include "scheduler/job.h"
#include "scheduler/policy/rules.h"

namespace fairway::scheduler {

inline constexpr int32_t kPointsPerWeight = 100;
inline constexpr int32_t kPreferNoSchedulePenalty = 2000;
inline constexpr int32_t kShareMax = 1000;
inline constexpr int32_t kBalanceDivisor = 4;
// Bounds what labels and taints may add up to, so that no sum overflows.
inline constexpr int32_t kStaticScoreMax = 1 << 28;

// How to compute amount / whole in thousandths with one 32-bit multiplication: the whole is shifted
// below 2^16, then multiplied by its reciprocal. The error is below two thousandths.
struct ShareScale {
  int32_t shift = 0;
  uint32_t whole = 0;       // 0 = no such resource: the share is 0
  uint32_t reciprocal = 0;  // (kShareMax << 22) / whole
  bool operator==(const ShareScale&) const = default;
};
inline constexpr int kShareFractionBits = 22;

constexpr ShareScale MakeShareScale(int64_t whole) {
  ShareScale scale;
  if (whole <= 0) return scale;
  while ((whole >> scale.shift) >= (int64_t{1} << 16)) ++scale.shift;
  scale.whole = static_cast<uint32_t>(whole >> scale.shift);
  scale.reciprocal = (static_cast<uint32_t>(kShareMax) << kShareFractionBits) / scale.whole;
  return scale;
}

// 0..kShareMax.
constexpr int32_t Share(int64_t amount, const ShareScale& scale) {
  const uint64_t positive = amount > 0 ? static_cast<uint64_t>(amount) : 0;
  const uint64_t shifted = positive >> scale.shift;
  const uint32_t part = shifted < scale.whole ? static_cast<uint32_t>(shifted) : scale.whole;
  return static_cast<int32_t>((part * scale.reciprocal) >> kShareFractionBits);
}

// Points for the terms of the preferred affinity that match the cluster's labels.
int32_t PreferredAffinityScore(const std::vector<PreferredTerm>& preferred, const Labels& labels);
// Minus points for soft taints.
int32_t PreferNoScheduleScore(const std::vector<Taint>& taints,
                              const std::vector<Toleration>& tolerations);
// Points for the datasets that are there, of those that are preferred.
int32_t LocalityScore(const std::vector<DatasetWish>& datasets,
                      const std::vector<std::string>& held);
// Points that depend on what the Cluster object says alone, bounded by kStaticScoreMax.
int32_t StaticScore(const JobSpec& spec, const ClusterSpec& cluster, const ScoreWeights& weights);

constexpr int32_t SpreadScore(int32_t cpu_share, int32_t memory_share) {
  return (cpu_share + memory_share) / 2;
}
constexpr int32_t PackScore(int32_t cpu_share, int32_t memory_share) {
  return kShareMax - SpreadScore(cpu_share, memory_share);
}
constexpr int32_t BalanceScore(int32_t cpu_share, int32_t memory_share) {
  const int32_t difference =
      cpu_share > memory_share ? cpu_share - memory_share : memory_share - cpu_share;
  return -(difference / kBalanceDivisor);
}
constexpr int64_t Weighted(int64_t points, int32_t weight) { return points * weight / 100; }
constexpr int64_t RoomScoreOf(int32_t cpu_share, int32_t memory_share, const ScoreWeights& w) {
  return Weighted(SpreadScore(cpu_share, memory_share), w.spread) +
         Weighted(PackScore(cpu_share, memory_share), w.pack) +
         Weighted(BalanceScore(cpu_share, memory_share), w.balance);
}
// Points for what is left of `free` once `total` is taken.
int64_t RoomScore(const Resources& total, const Resources& free, const Resources& allocatable,
                  const ScoreWeights& weights);

// What an hour costs, in millionths; -1 = not known. Saturates.
int64_t HourlyCost(const Resources& total, const ClusterSpec& cluster);
// 0 for the dearest cluster and for one without prices, 1000 for one that is free of charge.
constexpr int64_t CostScore(int64_t cost, int64_t dearest) {
  if (cost < 0 || dearest <= 0) return 0;
  const int64_t unit = dearest / kShareMax + (dearest % kShareMax != 0 ? 1 : 0);
  return kShareMax - cost / unit;
}
inline constexpr int64_t kStabilityPoints = 1000;

}  // namespace fairway::scheduler
