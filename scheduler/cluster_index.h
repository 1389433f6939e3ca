// ClusterIndex: a derived struct-of-arrays copy of what placement reads of every cluster, kept in
// step by World. Never the truth: World::CheckInvariants compares it, and the readable path
// (placement.h, JudgeCluster) must give the same answers.
//
// What depends on labels and taints alone is computed once per selector (a job's affinities and
// tolerations) and kept for the most recent kSelectorsMax selectors.
#pragma once

#include <absl/container/btree_map.h>

#include <cstdint>
#include <string>
#include <vector>

#include "scheduler/cluster_view.h"
#include "scheduler/ids.h"
#include "scheduler/job.h"
#include "scheduler/score_kernel.h"

namespace fairway::scheduler {

// One cluster as the index needs it.
struct ClusterRoom {
  Resources free;  // allocatable less requested less reserved
  const Capacity* capacity = nullptr;
  bool open = false;  // ready, measured and not cordoned
};

// The winner of a search; slot == npos when no cluster will do.
struct IndexPick {
  static constexpr size_t npos = static_cast<size_t>(-1);
  size_t slot = npos;
  ClusterId cluster;
  int64_t score = 0;
};

class ClusterIndex {
 public:
  static constexpr size_t kSelectorsMax = 64;

  size_t size() const { return ids_.size(); }
  // Adds a cluster, or takes its changed labels and taints over. O(selectors), O(n) for a new one.
  void PutSpec(ClusterId cluster, const ClusterSpec& spec);
  void SetRoom(ClusterId cluster, const ClusterRoom& room);
  // The same when only `room.free` differs from the last SetRoom.
  void SetFree(ClusterId cluster, const ClusterRoom& room);
  void Erase(ClusterId cluster);

  // The best cluster for a job: highest score, ties to the lowest ClusterId. `specs` gives the
  // labels and taints by slot when a selector is met for the first time.
  struct Query {
    const JobSpec* spec;
    uint64_t selector_hash;  // HashSelector(*spec)
    const Resources* total;  // TotalRequest(*spec)
    const Resources* pod;    // PodRequest(*spec)
    const std::vector<ClusterId>* excluded;
  };
  IndexPick Find(const Query& query);

  // Aborts unless the columns of this cluster hold exactly this.
  void CheckCluster(ClusterId cluster, const ClusterSpec& spec, const ClusterRoom& room) const;

 private:
  struct Selector {
    std::vector<SelectorTerm> required;
    std::vector<PreferredTerm> preferred;
    std::vector<Toleration> tolerations;
    std::vector<int32_t> scores;  // per slot
    uint64_t used = 0;
  };
  // What one extended resource ("nvidia.com/gpu") has left, in the cluster and on its roomiest
  // node.
  struct ExtendedColumns {
    std::vector<int64_t> free, node_free;
  };
  struct Row {
    int64_t cpu, memory, storage, pods, node_cpu, node_memory, node_storage;
    uint32_t cpu_shift, cpu_reciprocal, memory_shift, memory_reciprocal;
  };

  static Row MakeRow(const ClusterRoom& room);
  static bool SameSelector(const Selector& selector, const JobSpec& spec);
  static int32_t FixedScore(const JobSpec& spec, const ClusterSpec& cluster);
  static JobSpec SpecOf(const Selector& selector);
  size_t FindSlot(ClusterId cluster) const;  // npos when absent
  void SetRow(size_t slot, const Row& row);
  void SetExtended(size_t slot, const ClusterRoom& room);
  Selector& UseSelector(const Query& query);
  template <typename Visit>
  void ForEachColumn(Visit visit);

  std::vector<ClusterId> ids_;
  std::vector<ClusterSpec> specs_;
  std::vector<int64_t> cpu_, memory_, storage_, pods_, node_cpu_, node_memory_, node_storage_;
  std::vector<uint32_t> cpu_shift_, cpu_reciprocal_, memory_shift_, memory_reciprocal_;
  absl::btree_map<std::string, ExtendedColumns> extended_;
  absl::btree_map<uint64_t, Selector> selectors_;
  uint64_t uses_ = 0;
  std::vector<int64_t> scores_;  // scratch of Find
};

// The same for equal affinities and tolerations, on every machine.
uint64_t HashSelector(const JobSpec& spec);

}  // namespace fairway::scheduler
