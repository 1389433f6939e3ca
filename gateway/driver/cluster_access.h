// From a Cluster object and its Secret to the access that a Member needs. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "clusters/kube/json.h"
#include "clusters/kubeconfig/kubeconfig.h"
#include "scheduler/result.h"
#include "store/object_key.h"

namespace fairway::gateway {

// Where Secrets of Clusters are looked for when a reference names no namespace.
inline constexpr std::string_view kSystemNamespace = "fairway-system";

// The Secret that the Cluster names; nullopt when it names none.
std::optional<store::ObjectKey> ClusterSecret(const kube::Object& cluster);

// `secret` is null when it does not exist. Errors say which field or key is at fault.
Result<clusters::Access> ClusterAccess(const kube::Object& cluster, const kube::Object* secret);

// Whether both say the same about how the cluster is reached, its Secret's content aside. A cordon
// or a new threshold is no reason to connect anew and to list everything again.
bool HasSameAccess(const kube::Object& before, const kube::Object& after);

}  // namespace fairway::gateway
