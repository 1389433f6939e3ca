// Judge: what each cluster answers to one job, asked one question after the other. The readable
// truth that the fast path (ClusterIndex, rule_columns.h) is held to; it also finds the words for
// people. Made for one job and one moment; the world must not change meanwhile.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "scheduler/constraint.h"
#include "scheduler/policy/job_index.h"
#include "scheduler/policy/node_fit.h"
#include "scheduler/world.h"

namespace fairway::scheduler {

// One cluster's answer and, when it fits, its points. A lower group goes before any score.
struct ClusterAnswer {
  Verdict verdict = Verdict::kFits;
  int64_t score = 0;
  int32_t group = 0;
};

class Judge {
 public:
  Judge(const World& world, const JobRecord& record);
  // The same about another form of the record's spec (fewer pods); `spec` outlives the Judge.
  Judge(const World& world, const JobRecord& record, const SpecEntry& spec);

  // `spared`: verdicts whose questions are not asked, to learn what else is in the way.
  ClusterAnswer Ask(const ClusterState& cluster, std::optional<Verdict> spared = {}) const;
  // Its points and group, whatever stands in the way.
  ClusterAnswer Rate(const ClusterState& cluster) const;
  // If the cluster were ready, uncordoned and empty, and so all others: could it ever run this job?
  // kFits also for one that has not been measured, unless its own object says no. Jobs that this
  // one wants near it may come.
  Verdict AskEmpty(const ClusterState& cluster) const;

  // The place of a cluster under a topology key; nothing where the label is missing.
  static std::optional<std::string> PlaceOf(const TopologyKey& topology,
                                            const ClusterState& cluster);
  // For words: the constraint in the way of this cluster, and by how much.
  const JobAffinityTerm* FailedAffinity(const ClusterState& cluster, bool anti) const;
  struct Skew {
    const SpreadConstraint* spread = nullptr;
    int64_t there = 0, fewest = 0, skew = 0;
  };
  Skew FailedSpread(const ClusterState& cluster) const;
  const std::string* FailedClaim(const ClusterState& cluster) const;
  // The nodes as they will be with the pods on their way.
  const std::vector<NodeClass>& NodesOf(const ClusterState& cluster) const;

  const SpecEntry& spec() const { return spec_; }
  const JobRecord& record() const { return record_; }
  const ScoreWeights& weights() const { return weights_; }

 private:
  using ByPlace = std::map<std::string, int64_t>;
  ByPlace CountByPlace(const JobIndex::Counts& counts, const TopologyKey& topology) const;
  bool IsOpenBySpec(const ClusterState& cluster) const;
  bool AffinityHolds(size_t term, const ClusterState& cluster) const;
  bool IsRepelled(const ClusterState& cluster) const;
  Skew SkewAt(size_t spread, const ClusterState& cluster) const;
  Verdict AskRules(const ClusterState& cluster, std::optional<Verdict> spared) const;
  int64_t ScoreOf(const ClusterState& cluster) const;

  const World& world_;
  const JobRecord& record_;
  const SpecEntry& spec_;
  const ScoreWeights& weights_;
  std::vector<ByPlace> affinity_;     // per term of job_affinity
  std::vector<bool> affinity_first_;  // nobody to be with yet, and the job is of that kind itself
  std::vector<ByPlace> spread_;       // per spread constraint
  std::vector<int64_t> fewest_;
  std::vector<std::pair<TopologyKey, ByPlace>> repelled_;
  std::vector<const std::string*> bound_claims_;
  int64_t dearest_ = 0;
};

bool WasRejectedBy(const JobRecord& record, ClusterId cluster);
// Of its former epochs, the last that makes the job avoid this cluster for now; nullptr = none.
const FormerEpoch* AvoidanceOf(const JobRecord& record, ClusterId cluster);

}  // namespace fairway::scheduler
