// What pods ask of nodes, as the core's plain values: node selectors, affinity, tolerations,
// taints.
//
// Pure functions over validated documents; any thread.
#pragma once

#include <string_view>
#include <vector>

#include "clusters/kube/json.h"
#include "scheduler/job_terms.h"

namespace fairway::kube {

// `tolerations` of a pod spec or of a ResourceFlavor's spec.
std::vector<scheduler::Toleration> TolerationsFrom(const Object& spec);
// The list of taints `key`.
std::vector<scheduler::Taint> TaintsFrom(const Object& spec, std::string_view key);
// nodeSelector and the required node affinity of a pod spec, as ORed terms; empty = any node. What
// is asked of a node's fields (its name) is left out.
std::vector<scheduler::SelectorTerm> NodeTermsFrom(const Object& pod_spec);

}  // namespace fairway::kube
