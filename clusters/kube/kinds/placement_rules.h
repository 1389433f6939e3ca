// From documents to scheduler::PlacementRules: what a policy, a Job's annotations and its pod
// template ask for beyond requests and cluster affinity; and the rules of those fields.
//
// Pure functions; any thread.
#pragma once

#include <set>
#include <string>
#include <string_view>

#include "clusters/kube/field_errors.h"
#include "clusters/kube/json.h"
#include "scheduler/policy/rules.h"

namespace fairway::kube {

// Labels of Jobs that the policies of a namespace ask about. Only these are told to the core, so
// that Jobs that differ in others stay alike there.
struct AskedLabels {
  bool any = false;  // some policy asks about jobs, perhaps about all
  std::set<std::string> keys;
  bool operator==(const AskedLabels&) const = default;
};
// Adds what this PlacementPolicy or ClusterPlacementPolicy asks about.
void CollectAskedLabels(const Object& policy, AskedLabels& asked);

// "zone" and its like, or a label of Clusters.
scheduler::TopologyKey TopologyFrom(std::string_view key);

// The rules for a (validated, defaulted) Job; `policy` may be null. Equal to PlacementRules{} when
// there are none. Annotations that do not parse count as absent (GangProblem, DatasetsProblem).
scheduler::PlacementRules RulesFrom(const Object& job, const Object* policy,
                                    const AskedLabels& asked);
// "" or what is wrong with the annotation fairway.flext.sh/gang, fairway.flext.sh/datasets.
std::string_view GangProblem(std::string_view text);
std::string DatasetsProblem(std::string_view text);

// The fields of PlacementPolicySpec beside cluster affinity and tolerations.
void ValidatePlacementRules(const Object& spec, FieldErrors& errors);
// A dataset's name is a DNS subdomain.
void ValidateDatasetName(std::string_view name, const FieldPath& path, FieldErrors& errors);

// Shared with cluster affinity (fairway.cc, job_spec.cc).
void ValidateTerm(const Object& term, const FieldPath& path, FieldErrors& errors);
scheduler::SelectorTerm TermFrom(const Object& term);

}  // namespace fairway::kube
