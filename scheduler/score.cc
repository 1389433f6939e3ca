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

int32_t StaticScore(const JobSpec& spec, const ClusterSpec& cluster) {
  return std::clamp(PreferredAffinityScore(spec.preferred, cluster.labels) +
                        PreferNoScheduleScore(cluster.taints, spec.tolerations),
                    -kStaticScoreMax, kStaticScoreMax);
}

int32_t RoomScore(const Resources& total, const Resources& free, const Resources& allocatable) {
  const int32_t cpu =
      Share(free.cpu_milli - total.cpu_milli, MakeShareScale(allocatable.cpu_milli));
  const int32_t memory =
      Share(free.memory_bytes - total.memory_bytes, MakeShareScale(allocatable.memory_bytes));
  return LeastAllocatedScore(cpu, memory) + BalanceScore(cpu, memory);
}

}  // namespace fairway::scheduler
