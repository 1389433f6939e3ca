// ScoreLoop: the bare placement loop: clusters as columns, six filters (three resources, a label
// mask, a taint mask, health), a score of six terms, the best one, its reservation. What a
// placement cannot do without, and the least that it can cost.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace fairway::bench {

class ScoreLoop {
 public:
  explicit ScoreLoop(size_t clusters);

  struct Demand {
    float cpu, memory, pods;
    uint64_t labels, tolerated;
  };
  // The cluster that was chosen, or -1. Reserves there.
  int64_t Place(const Demand& demand);
  void Release(int64_t cluster, const Demand& demand);

 private:
  std::vector<float> cpu_, memory_, pods_;                          // free
  std::vector<float> cpu_inverse_, memory_inverse_, pods_inverse_;  // of what is allocatable
  std::vector<float> cost_, distance_, preference_, score_;
  std::vector<uint64_t> labels_, taints_;
  std::vector<uint32_t> healthy_;
};

}  // namespace fairway::bench
