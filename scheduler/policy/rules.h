// PlacementRules: what a job asks for beyond its requests and its cluster affinity. Most jobs ask
// for nothing of it and carry none (JobSpec::rules is empty), so they pay for none of it. Values
// only.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "scheduler/job_terms.h"

namespace fairway::scheduler {

// How much each scoring policy counts, in hundredths (score.h has the policies). The defaults are
// the score of a gateway that is not configured otherwise.
struct ScoreWeights {
  int32_t preferred_affinity = 100;
  int32_t spread = 100;    // the emptier cluster
  int32_t pack = 0;        // the fuller cluster
  int32_t balance = 100;   // cpu and memory left alike
  int32_t cost = 0;        // the cheaper cluster
  int32_t locality = 100;  // where a preferred dataset is
  int32_t stability = 0;   // where the job ran before
  bool operator==(const ScoreWeights&) const = default;
};
inline constexpr int32_t kWeightMax = 10'000;

// Clusters to be tried before those of the groups after it.
struct ClusterGroup {
  std::string name;
  std::vector<SelectorTerm> terms;  // ORed
  bool operator==(const ClusterGroup&) const = default;
};
inline constexpr int kGroupsMax = 16;

// Jobs of one namespace whose labels meet all requirements; without requirements every job there.
struct JobSelector {
  std::string scope;
  std::vector<LabelRequirement> requirements;
  bool operator==(const JobSelector&) const = default;
};

// Where clusters count as one place: those with the same value of this label. Empty: each cluster
// is a place of its own.
using TopologyKey = std::string;

// Be where such jobs are, or (anti) where none is.
struct JobAffinityTerm {
  bool anti = false;
  int32_t weight = 0;  // 0 = required; else 1..100 points of preference
  JobSelector jobs;
  TopologyKey topology;
  bool operator==(const JobAffinityTerm&) const = default;
};

// The number of such jobs in a place may exceed the smallest such number by at most max_skew.
struct SpreadConstraint {
  int32_t max_skew = 1;
  bool required = true;  // DoNotSchedule; else ScheduleAnyway
  JobSelector jobs;
  TopologyKey topology;
  bool operator==(const SpreadConstraint&) const = default;
};

struct DatasetWish {
  std::string name;
  int32_t weight = 0;  // 0 = required; else 1..100 points of preference
  bool operator==(const DatasetWish&) const = default;
};

// What the pod template asks of its nodes.
struct NodeWish {
  std::vector<SelectorTerm> required;  // ORed; empty = any node
  std::vector<Toleration> tolerations;
  bool operator==(const NodeWish&) const = default;
};

struct PlacementRules {
  // The job's namespace and those of its labels that some policy asks about; the scope is empty
  // where no policy asks about jobs.
  std::string scope;
  Labels labels;
  std::vector<ClusterGroup> groups;  // in order of preference; empty = one group of all clusters
  std::vector<JobAffinityTerm> job_affinity;
  std::vector<SpreadConstraint> spread;
  std::vector<DatasetWish> datasets;
  std::vector<std::string> claims;  // namespace/name of PersistentVolumeClaims
  NodeWish nodes;
  std::vector<ScoreWeights> weights;  // none or one, instead of the gateway's
  bool operator==(const PlacementRules&) const = default;
};

}  // namespace fairway::scheduler
