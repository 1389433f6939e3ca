#include "scheduler/score.h"

#include <algorithm>

namespace fairway::scheduler {

int32_t PreferredAffinityScore(const std::vector<PreferredTerm>& preferred, const Labels& labels) {
  int64_t points = 0;
  for (const PreferredTerm& term : preferred) {
    if (MatchesTerm(term.term, labels)) points += int64_t{term.weight} * kPointsPerWeight;
  }
  return static_cast<int32_t>(std::clamp<int64_t>(points, -kStaticScoreMax, kStaticScoreMax));
}

int32_t PreferNoScheduleScore(const std::vector<Taint>& taints,
                              const std::vector<Toleration>& tolerations) {
  const int64_t count = CountUntoleratedPreferences(taints, tolerations);
  return static_cast<int32_t>(
      std::max<int64_t>(-count * kPreferNoSchedulePenalty, -kStaticScoreMax));
}

int32_t LocalityScore(const std::vector<DatasetWish>& datasets,
                      const std::vector<std::string>& held) {
  int64_t points = 0;
  for (const DatasetWish& wish : datasets) {
    if (wish.weight > 0 && std::binary_search(held.begin(), held.end(), wish.name)) {
      points += int64_t{wish.weight} * kPointsPerWeight;
    }
  }
  return static_cast<int32_t>(std::min<int64_t>(points, kStaticScoreMax));
}

int32_t StaticScore(const JobSpec& spec, const ClusterSpec& cluster, const ScoreWeights& weights) {
  int64_t points =
      Weighted(PreferredAffinityScore(spec.preferred, cluster.labels), weights.preferred_affinity) +
      PreferNoScheduleScore(cluster.taints, spec.tolerations);
  if (!spec.rules.empty()) {
    points +=
        Weighted(LocalityScore(spec.rules.front().datasets, cluster.datasets), weights.locality);
  }
  return static_cast<int32_t>(std::clamp<int64_t>(points, -kStaticScoreMax, kStaticScoreMax));
}

int64_t RoomScore(const Resources& total, const Resources& free, const Resources& allocatable,
                  const ScoreWeights& weights) {
  return RoomScoreOf(
      Share(free.cpu_milli - total.cpu_milli, MakeShareScale(allocatable.cpu_milli)),
      Share(free.memory_bytes - total.memory_bytes, MakeShareScale(allocatable.memory_bytes)),
      weights);
}

int64_t HourlyCost(const Resources& total, const ClusterSpec& cluster) {
  if (cluster.cost_core_micro < 0 && cluster.cost_gib_micro < 0) return -1;
  constexpr int64_t kMost = int64_t{1} << 60;
  const auto price = [](int64_t amount, int64_t micro, int64_t unit) {
    if (amount <= 0 || micro <= 0) return int64_t{0};
    int64_t cost = 0;
    if (!__builtin_mul_overflow(amount / unit, micro, &cost) && cost < kMost &&
        micro < kMost / unit) {
      return cost + amount % unit * micro / unit;
    }
    return kMost;
  };
  return price(total.cpu_milli, cluster.cost_core_micro, 1000) +
         price(total.memory_bytes, cluster.cost_gib_micro, int64_t{1} << 30);
}

}  // namespace fairway::scheduler
