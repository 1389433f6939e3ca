#include "scheduler/score_kernel.h"

#include "scheduler/score.h"

// One binary serves every x86-64 machine: the loader picks the version of each loop. Sanitizers run
// before that choice is made, so they get the plain version.
#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || \
    __has_feature(memory_sanitizer)
#define FAIRWAY_SANITIZED 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define FAIRWAY_SANITIZED 1
#endif
#if defined(__x86_64__) && defined(__linux__) && !defined(FAIRWAY_SANITIZED) && \
    (!defined(__clang__) || __clang_major__ >= 14)
#define FAIRWAY_VECTOR_CLONES __attribute__((target_clones("avx2", "default")))
#else
#define FAIRWAY_VECTOR_CLONES
#endif

namespace fairway::scheduler {
namespace {

// Thousandths left free, by one multiplication of 32-bit values.
inline __attribute__((always_inline)) int64_t ShareOf(uint64_t left, uint32_t shift,
                                                      uint32_t reciprocal) {
  const uint64_t part = (left >> shift) & 0xFFFFFFFFu;
  return static_cast<int64_t>((part * reciprocal) >> kShareFractionBits);
}

}  // namespace

FAIRWAY_VECTOR_CLONES
void ScoreClusters(const RoomColumns& columns, const Demand& demand, size_t size,
                   int64_t* __restrict scores) {
  const RoomColumns c = columns;
  const Demand d = demand;
  for (size_t i = 0; i < size; ++i) {
    const int64_t fits = -static_cast<int64_t>(
        (c.cpu[i] >= d.cpu) & (c.memory[i] >= d.memory) & (c.pods[i] >= d.pods) &
        (c.node_cpu[i] >= d.node_cpu) & (c.node_memory[i] >= d.node_memory) &
        (c.fixed_score[i] != kClosedScore));
    const int64_t cpu = ShareOf(static_cast<uint64_t>(c.cpu[i]) - static_cast<uint64_t>(d.cpu),
                                c.cpu_shift[i], c.cpu_reciprocal[i]);
    const int64_t memory =
        ShareOf(static_cast<uint64_t>(c.memory[i]) - static_cast<uint64_t>(d.memory),
                c.memory_shift[i], c.memory_reciprocal[i]);
    const int64_t difference = cpu > memory ? cpu - memory : memory - cpu;
    const uint64_t halves = static_cast<uint64_t>(cpu + memory) >> 1;
    const uint64_t uneven = static_cast<uint64_t>(difference) / kBalanceDivisor;
    const int64_t score = c.fixed_score[i] + static_cast<int64_t>(halves - uneven);
    scores[i] = (score & fits) | (kNoScore & ~fits);
  }
  if (d.storage > 0) {
    FilterClusters(c.storage, d.storage, size, scores);
    FilterClusters(c.node_storage, d.node_storage, size, scores);
  }
}

FAIRWAY_VECTOR_CLONES
void FilterClusters(const int64_t* __restrict free, int64_t need, size_t size,
                    int64_t* __restrict scores) {
  for (size_t i = 0; i < size; ++i) scores[i] = free[i] >= need ? scores[i] : kNoScore;
}

FAIRWAY_VECTOR_CLONES
size_t BestCluster(const int64_t* scores, size_t size) {
  int64_t best = kNoScore;
  for (size_t i = 0; i < size; ++i) best = scores[i] > best ? scores[i] : best;
  if (best == kNoScore) return size;
  size_t at = 0;
  while (scores[at] != best) ++at;
  return at;
}

}  // namespace fairway::scheduler
