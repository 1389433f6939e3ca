// From documents to what the core decides about: Job -> JobSpec, Cluster -> ClusterSpec.
//
// Pure functions over validated, defaulted documents; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "clusters/kube/json.h"
#include "clusters/kube/kinds/placement_rules.h"
#include "scheduler/cluster_view.h"
#include "scheduler/ids.h"
#include "scheduler/job.h"
#include "scheduler/resources.h"
#include "scheduler/result.h"

namespace fairway::kube {

// What one pod of this (validated) spec reserves on a node; see clusters/member/pod_resources.h,
// which also tells what is wrong with a spec that was not validated. Such a spec counts as one
// empty pod.
scheduler::Resources PodRequest(const Object& pod_spec);

// A PlacementPolicy or ClusterPlacementPolicy document that applies to a Job.
using PolicyDocument = const Object*;

// The policies that apply to `job`, of `policies` (PlacementPolicies of its namespace) and
// `cluster_policies`: the one that the annotation fairway.flext.sh/placement-policy names, else of
// those that select its labels the one with the highest priority (ties by name; a PlacementPolicy
// goes before a ClusterPlacementPolicy). Null when none does. An annotation that names no policy is
// 404.
Result<PolicyDocument> SelectPolicy(const Object& job, const std::vector<PolicyDocument>& policies,
                                    const std::vector<PolicyDocument>& cluster_policies);

// Everything that the core must know of a Job.
struct JobWish {
  scheduler::JobSpec spec;
  bool suspended = false;
  int64_t ttl_seconds = -1;  // -1 = keep
  std::string policy;        // name of the policy that was used, "" = none
  Epoch approved;            // annotation fairway.flext.sh/approve-move; 0 = none
};

// `policy` may be null; `asked` is what the policies of the Job's namespace ask about jobs. 422
// when a Fairway annotation of the Job does not parse.
Result<JobWish> JobSpecFrom(const Object& job, PolicyDocument policy,
                            const AskedLabels& asked = {});

// never, fenced, fast or manual; nothing for any other word.
std::optional<scheduler::FailoverPolicy> ParseFailoverPolicy(std::string_view text);
// "30s", "5m", "500ms"; nothing for any other text, or a span beyond a day.
std::optional<Duration> ParseSpan(std::string_view text);

// 422 when a quantity does not parse.
Result<scheduler::ClusterSpec> ClusterSpecFrom(const Object& cluster);

// `region=eu,tier in (a,b)`, the annotation fairway.flext.sh/cluster-selector, as one required
// term.
Result<std::vector<scheduler::LabelRequirement>> ParseClusterSelector(std::string_view text);

}  // namespace fairway::kube
