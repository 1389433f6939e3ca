// ClusterIndex: a derived struct-of-arrays copy of what placement reads of every cluster, kept in
// step by World. Never the truth: World::CheckInvariants compares it, and the readable path
// (policy/judge.h) must give the same answers.
//
// What depends on the Cluster objects alone is computed once per selector (a job's affinities,
// groups, datasets and tolerations) and kept for the most recent kSelectorsMax selectors.
#pragma once

#include <absl/container/btree_map.h>

#include <cstdint>
#include <string>
#include <vector>

#include "scheduler/cluster_view.h"
#include "scheduler/ids.h"
#include "scheduler/job.h"
#include "scheduler/policy/rules.h"
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
  static constexpr size_t kTopologiesMax = 16;
  static constexpr size_t kScopesMax = 64;

  size_t size() const { return ids_.size(); }
  // Adds a cluster, or takes its changed labels and taints over. O(selectors), O(n) for a new one.
  void PutSpec(ClusterId cluster, const ClusterSpec& spec);
  void SetRoom(ClusterId cluster, const ClusterRoom& room);
  // The same when only `room.free` differs from the last SetRoom.
  void SetFree(ClusterId cluster, const ClusterRoom& room);
  void Erase(ClusterId cluster);

  // A question about all clusters. `specs` of the index give the labels and taints by slot when a
  // selector is met for the first time.
  struct Query {
    const JobSpec* spec;
    uint64_t selector_hash;       // HashSelector(*spec)
    const Resources* need;        // NeedAtOnce(*spec)
    const Resources* pod;         // PodRequest(*spec)
    const ScoreWeights* weights;  // of the job, or those in force
  };
  // Scores every cluster for a job: its points, or kNoScore where it does not fit.
  void Score(const Query& query);
  // The highest score of the last Score, ties to the lowest ClusterId.
  IndexPick Best() const;
  // Takes a cluster out of the running.
  void Close(ClusterId cluster);
  // Leaves only the clusters that match one of these terms.
  void CloseOutside(const std::vector<SelectorTerm>& terms);
  int64_t ScoreOf(ClusterId cluster) const;

  // ---- of the last Score, for what looks at more than columns (policy/rule_columns.h) ----
  const std::vector<ClusterId>& ids() const { return ids_; }
  std::vector<int64_t>& scores() { return scores_; }
  // False where affinity, taints or datasets exclude the cluster whatever room it has.
  bool IsOpenBySpec(size_t slot) const { return current_->scores[slot] != kClosedScore; }
  // Of the job's groups the first that the cluster is in; 0 for a job without groups.
  int32_t GroupOf(size_t slot) const {
    return current_->groups.empty() ? 0 : current_->groups[slot];
  }
  const ClusterSpec& SpecAt(size_t slot) const { return specs_[slot]; }
  // The place of each cluster under a topology key, counted from 0; -1 where the label is missing.
  struct Places {
    std::vector<int32_t> of_slot;
    int32_t count = 0;
  };
  const Places& PlacesOf(const TopologyKey& key);

  // Aborts unless the columns of this cluster hold exactly this.
  void CheckCluster(ClusterId cluster, const ClusterSpec& spec, const ClusterRoom& room) const;

 private:
  struct Selector {
    JobSpec spec;  // what of it counts here (SelectorPart)
    ScoreWeights weights;
    std::vector<int32_t> scores;  // per slot
    std::vector<int32_t> groups;  // per slot; empty for a job without groups
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
  static int32_t FixedScore(const Selector& selector, const ClusterSpec& cluster);
  static void Judge(Selector& selector, size_t slot, const ClusterSpec& cluster);
  struct Scope {
    std::vector<SelectorTerm> terms;
    std::vector<uint8_t> open;  // per slot
  };
  const Scope& UseScope(const std::vector<SelectorTerm>& terms);
  void ReweighRoom(const Query& query);
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
  absl::btree_map<TopologyKey, Places> places_;
  absl::btree_map<uint64_t, Scope> scopes_;
  uint64_t uses_ = 0;
  std::vector<int64_t> scores_;        // of the last Score
  const Selector* current_ = nullptr;  // of the last Score
};

// The part of a spec that is judged by Cluster objects alone.
JobSpec SelectorPart(const JobSpec& spec);
// The same for equal selector parts, on every machine.
uint64_t HashSelector(const JobSpec& spec);

}  // namespace fairway::scheduler
