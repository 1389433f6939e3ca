// The name of one stored object, and the order in which objects are kept.
#pragma once

#include <compare>
#include <string>

namespace fairway::store {

// `resource` is the plural with its group, as in Kubernetes' error messages: "jobs.batch",
// "configmaps", "clusters.fairway.flext.sh". `ns` is empty for cluster-scoped objects. None of the
// parts may hold a zero byte; objects are ordered by (resource, ns, name) bytewise.
struct ObjectKey {
  std::string resource;
  std::string ns;
  std::string name;

  auto operator<=>(const ObjectKey&) const = default;
};

}  // namespace fairway::store
