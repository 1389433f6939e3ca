#include "tests/bench/score_loop.h"

namespace fairway::bench {

namespace {

constexpr float kExcluded = -1e30f;

struct Columns {
  const float *cpu, *memory, *pods, *cpu_inverse, *memory_inverse, *pods_inverse;
  const float *cost, *distance, *preference;
  const uint64_t *labels, *taints;
  const uint32_t* healthy;
};

__attribute__((target_clones("avx2", "default"), optimize("O3,fast-math"))) void Score(
    const Columns& c, const ScoreLoop::Demand& d, size_t size, float* __restrict score) {
  for (size_t i = 0; i < size; ++i) {
    bool fits = (c.cpu[i] >= d.cpu) & (c.memory[i] >= d.memory) & (c.pods[i] >= d.pods) &
                ((c.labels[i] & d.labels) == d.labels) & ((c.taints[i] & ~d.tolerated) == 0) &
                (c.healthy[i] != 0);
    float points = (c.cpu[i] - d.cpu) * c.cpu_inverse[i] * 30.f +
                   (c.memory[i] - d.memory) * c.memory_inverse[i] * 30.f +
                   (c.pods[i] - d.pods) * c.pods_inverse[i] * 10.f + c.preference[i] -
                   c.cost[i] * 10.f - c.distance[i] * 5.f;
    score[i] = fits ? points : kExcluded;
  }
}

__attribute__((target_clones("avx2", "default"), optimize("O3,fast-math"))) float Highest(
    const float* score, size_t size) {
  float lanes[16];
  for (float& lane : lanes) lane = kExcluded;
  size_t whole = size / 16 * 16;
  for (size_t i = 0; i < whole; i += 16) {
    for (size_t k = 0; k < 16; ++k) lanes[k] = score[i + k] > lanes[k] ? score[i + k] : lanes[k];
  }
  float best = kExcluded;
  for (float lane : lanes) best = lane > best ? lane : best;
  for (size_t i = whole; i < size; ++i) best = score[i] > best ? score[i] : best;
  return best;
}

}  // namespace

ScoreLoop::ScoreLoop(size_t clusters)
    : cpu_(clusters),
      memory_(clusters),
      pods_(clusters),
      cpu_inverse_(clusters),
      memory_inverse_(clusters),
      pods_inverse_(clusters),
      cost_(clusters),
      distance_(clusters),
      preference_(clusters),
      score_(clusters),
      labels_(clusters),
      taints_(clusters),
      healthy_(clusters, 1) {
  uint64_t state = 1;
  for (size_t i = 0; i < clusters; ++i) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    cpu_[i] = 10'000'000.f + 10.f * static_cast<float>(state >> 48);
    memory_[i] = 4.f * cpu_[i];
    pods_[i] = 100'000.f;
    cpu_inverse_[i] = 1.f / cpu_[i];
    memory_inverse_[i] = 1.f / memory_[i];
    pods_inverse_[i] = 1.f / pods_[i];
    cost_[i] = static_cast<float>(state >> 60) / 16.f;
    distance_[i] = static_cast<float>((state >> 56) & 15) / 16.f;
    preference_[i] = static_cast<float>((state >> 52) & 15);
    labels_[i] = (i % 2 == 0 ? 1u : 2u) | 4u;
    taints_[i] = i % 16 == 15 ? 1u : 0u;
  }
}

int64_t ScoreLoop::Place(const Demand& d) {
  Columns columns{cpu_.data(),         memory_.data(),         pods_.data(),
                  cpu_inverse_.data(), memory_inverse_.data(), pods_inverse_.data(),
                  cost_.data(),        distance_.data(),       preference_.data(),
                  labels_.data(),      taints_.data(),         healthy_.data()};
  Score(columns, d, score_.size(), score_.data());
  float best = Highest(score_.data(), score_.size());
  if (best <= kExcluded) return -1;
  size_t chosen = 0;
  while (score_[chosen] != best) ++chosen;
  cpu_[chosen] -= d.cpu;
  memory_[chosen] -= d.memory;
  pods_[chosen] -= d.pods;
  return static_cast<int64_t>(chosen);
}

void ScoreLoop::Release(int64_t cluster, const Demand& d) {
  size_t i = static_cast<size_t>(cluster);
  cpu_[i] += d.cpu;
  memory_[i] += d.memory;
  pods_[i] += d.pods;
}

}  // namespace fairway::bench
