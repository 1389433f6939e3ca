// What a pod asks of a node. Pure. Source: kubernetes.io "Resource sharing within containers" and
// "Sidecar containers", as the scheduler of Kubernetes 1.33 counts.
#pragma once

#include "clusters/kube/json.h"
#include "scheduler/resources.h"
#include "scheduler/result.h"

namespace fairway::clusters {

// The effective request of a pod with this spec: the larger of what its containers and sidecars ask
// together and of what the greediest init step asks, plus the overhead; pod-level requests replace
// the former where set. Always one pod. 422 with the field's path on a bad quantity.
Result<scheduler::Resources> PodRequest(const kube::Object& pod_spec);

// A ResourceList ({"cpu": "500m", ...}) as Resources; `path` is for the error.
Result<scheduler::Resources> ParseResourceList(const kube::Object& list, const std::string& path);

// The larger of both in every resource.
scheduler::Resources Larger(const scheduler::Resources& a, const scheduler::Resources& b);

}  // namespace fairway::clusters
