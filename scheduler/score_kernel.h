// The inner loop of placement: filter and score over columns, one entry per cluster. It computes
// exactly what constraint.h and score.h say (tests/scheduler/placement_test.cc holds them
// together), in 64-bit integers so that the compiler can run several clusters per instruction.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>

namespace fairway::scheduler {

inline constexpr int64_t kNoScore = std::numeric_limits<int64_t>::min();

// Columns of `size` entries. Free amounts are never negative; `pods` is -1 where the cluster takes
// no new job (not ready, not measured, cordoned).
struct RoomColumns {
  const int64_t* cpu;
  const int64_t* memory;
  const int64_t* storage;
  const int64_t* pods;
  const int64_t* node_cpu;
  const int64_t* node_memory;
  const int64_t* node_storage;
  const uint32_t* cpu_shift;  // ShareScale of the allocatable amounts
  const uint32_t* cpu_reciprocal;
  const uint32_t* memory_shift;
  const uint32_t* memory_reciprocal;
  const int32_t* fixed_score;  // kClosedScore where affinity or taints exclude the cluster
};
inline constexpr int32_t kClosedScore = std::numeric_limits<int32_t>::min();

// All amounts are >= 0. The node amounts are 0 for a job without pods.
struct Demand {
  int64_t cpu, memory, storage, pods;
  int64_t node_cpu, node_memory, node_storage;
};

// scores[i] = the points of cluster i, or kNoScore, for i in [0, size).
void ScoreClusters(const RoomColumns& columns, const Demand& demand, size_t size, int64_t* scores);
// scores[i] = kNoScore where need > free[i].
void FilterClusters(const int64_t* free, int64_t need, size_t size, int64_t* scores);
// The first index of the highest score; `size` when all are kNoScore.
size_t BestCluster(const int64_t* scores, size_t size);

}  // namespace fairway::scheduler
