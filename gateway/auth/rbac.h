// RBAC rules as plain values, and where they come from. The API layer hands in what is stored; the
// built-in roles are here in code, so that a fresh gateway is usable and a deleted object cannot
// lock its owner out.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace fairway::gateway {

// Allows every combination of its verbs, groups and resources; "*" stands for all. An entry of
// `resources` may be "jobs", "jobs/status" or "*/scale". Empty `names` = every name.
struct PolicyRule {
  std::vector<std::string> verbs, groups, resources, names;
  std::vector<std::string> urls;  // of non-resource requests; "*" may end one
};

struct RbacRole {
  std::string ns;  // "" = ClusterRole
  std::string name;
  std::vector<PolicyRule> rules;
};

struct RbacSubject {
  enum class Kind { kUser, kGroup, kServiceAccount };
  Kind kind = Kind::kUser;
  std::string name;
  std::string ns;  // of a ServiceAccount
};

struct RbacBinding {
  std::string ns;  // "" = ClusterRoleBinding
  std::string name;
  bool cluster_role = true;  // what roleRef names: ClusterRole or Role
  std::string role;
  std::vector<RbacSubject> subjects;
  // Namespaces that a ClusterRoleBinding does not reach, nor lists across all namespaces of what
  // they hold in confidence (Secrets). Built-in bindings only: credentials of member clusters live
  // in the system namespace.
  std::vector<std::string> except_namespaces;
};

class RbacSource {
 public:
  virtual ~RbacSource() = default;
  // Rises with every change of a role or binding. Asked at every check: it must be cheap.
  virtual uint64_t generation() const = 0;
  virtual void ForEachRole(const std::function<void(const RbacRole&)>& visit) const = 0;
  virtual void ForEachBinding(const std::function<void(const RbacBinding&)>& visit) const = 0;
};

// fairway-admin, fairway-submitter, fairway-viewer, cluster-admin and the roles of every user.
const std::vector<RbacRole>& BuiltinRoles();
const std::vector<RbacBinding>& BuiltinBindings();

}  // namespace fairway::gateway
