// JobIndex: how many jobs that a selector matches are on each cluster, for affinity and spread.
// Counts specs, not jobs, against selectors: a thousand jobs of one template are matched once.
// Derived and kept by World; empty while no policy asks about jobs. Value type.
#pragma once

#include <absl/container/btree_map.h>
#include <absl/container/btree_set.h>

#include <cstdint>
#include <string>
#include <vector>

#include "scheduler/ids.h"
#include "scheduler/job.h"

namespace fairway::scheduler {

class JobIndex {
 public:
  // Jobs by cluster; no zero entries.
  using Counts = absl::btree_map<ClusterId, int64_t>;
  // Jobs that do not want jobs like the one in question near them.
  struct Repelled {
    TopologyKey topology;
    const Counts* holders;
  };

  // A spec came into use or went; its rules, if any, are all that is looked at.
  void PutSpec(SpecId id, const JobSpec& spec);
  void EraseSpec(SpecId id);
  // A live job of this spec came to a cluster (+1) or left it (-1). True when somebody asks about
  // such jobs, or they keep others away.
  bool Count(SpecId spec, ClusterId cluster, int sign);

  // Where the jobs are that a selector of a known spec matches.
  const Counts& CountsOf(const JobSelector& selector) const;
  // Whether jobs of this spec are themselves matched by it.
  bool Matches(SpecId spec, const JobSelector& selector) const;
  // The required anti-affinities of jobs in place that name jobs of this spec.
  std::vector<Repelled> RepelledBy(SpecId spec) const;

  bool empty() const { return specs_.empty(); }
  bool operator==(const JobIndex&) const = default;

 private:
  using Key = std::string;  // the selector's bytes, led by its scope

  struct Selector {
    JobSelector selector;
    int64_t uses = 0;
    Counts counts;
    absl::btree_map<TopologyKey, Counts> holders;  // of required anti-affinity
    bool operator==(const Selector&) const = default;
  };
  struct Spec {
    std::string scope;
    Labels labels;
    std::vector<Key> named;                            // selectors that its rules name
    std::vector<std::pair<Key, TopologyKey>> avoided;  // of its required anti-affinity
    absl::btree_set<Key> matched;                      // selectors that match its jobs
    Counts counts;
    bool operator==(const Spec&) const = default;
  };

  static Key KeyOf(const JobSelector& selector);
  static bool Selects(const JobSelector& selector, const Spec& spec);
  void Use(const JobSelector& selector, Spec& by);

  absl::btree_map<Key, Selector> selectors_;
  absl::btree_map<SpecId, Spec> specs_;  // those with a scope
};

}  // namespace fairway::scheduler
