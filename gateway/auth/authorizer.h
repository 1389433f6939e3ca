// Authorizer: Kubernetes RBAC. A request is allowed when any rule of any binding of its user allows
// it; members of system:masters may do everything.
//
// Thread: the loop. The rules that reach a user are compiled once and kept per user and groups
// until a role or binding changes; the cache is bounded.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "gateway/api/access.h"
#include "gateway/auth/rbac.h"
#include "scheduler/result.h"

namespace fairway::gateway {

// Before "namespace:name" in the user name of a ServiceAccount.
inline constexpr std::string_view kServiceAccountPrefix = "system:serviceaccount:";

class Authorizer {
 public:
  // `source` outlives the authorizer; the built-in roles are there without it too.
  explicit Authorizer(const RbacSource& source);
  ~Authorizer();

  api::AccessDecision Authorize(const api::User& user, const api::AccessQuery& query);
  // What SelfSubjectRulesReview answers for a namespace.
  api::AccessRules RulesFor(const api::User& user, std::string_view ns);
  // Which of `rules` the user does not hold in `ns` ("" = cluster-wide): whoever writes a role or a
  // binding must hold all of them.
  std::vector<PolicyRule> Missing(const api::User& user, std::string_view ns,
                                  const std::vector<PolicyRule>& rules);

 private:
  struct CompiledRule;
  struct Grant;
  struct Compiled;

  const Compiled& For(const api::User& user);
  std::unique_ptr<Compiled> Compile(const api::User& user) const;

  const RbacSource& source_;
  uint64_t generation_ = 0;
  std::unordered_map<std::string, std::unique_ptr<Compiled>> cache_;
  std::string key_;  // scratch, so that a hit allocates nothing
};

// 403 as kube-apiserver words it.
Error Forbidden(const api::User& user, const api::AccessQuery& query, std::string_view reason);

}  // namespace fairway::gateway
