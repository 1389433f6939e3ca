#include "gateway/auth/rbac_access.h"

#include <optional>

#include "clusters/kube/errors.h"
#include "gateway/api/stored_rbac.h"
#include "gateway/auth/impersonation.h"
#include "scheduler/assert.h"

namespace fairway::gateway {

Result<api::User> RbacAccess::Authenticate(const Request& request) {
  auto user = authenticator_.Authenticate(request, loop_.Now(), loop_.MonotonicMs());
  if (!user) return user;
  return Impersonate(request, std::move(*user), authorizer_);
}

Result<api::User> RbacAccess::AuthenticateToken(std::string_view token) {
  return authenticator_.AuthenticateToken(token, loop_.MonotonicMs());
}

namespace {

constexpr std::string_view kGroup = "rbac.authorization.k8s.io";

std::string Quoted(std::string_view label, const std::vector<std::string>& words) {
  if (words.empty()) return {};
  std::string text(label);
  text += ":[";
  for (size_t i = 0; i < words.size(); ++i) text += (i == 0 ? "\"" : ", \"") + words[i] + "\"";
  return text + "]";
}

// As kube-apiserver prints a rule that is missing.
std::string Show(const PolicyRule& rule) {
  std::string text;
  for (const std::string& part :
       {Quoted("APIGroups", rule.groups), Quoted("Resources", rule.resources),
        Quoted("ResourceNames", rule.names), Quoted("NonResourceURLs", rule.urls),
        Quoted("Verbs", rule.verbs)}) {
    if (!part.empty()) text += (text.empty() ? "" : ", ") + part;
  }
  return "{" + text + "}";
}

}  // namespace

Result<std::vector<PolicyRule>> RbacAccess::RulesOf(const RbacBinding& binding) const {
  std::optional<std::vector<PolicyRule>> found;
  auto visit = [&](const RbacRole& role) {
    bool same = role.name == binding.role && role.ns == (binding.cluster_role ? "" : binding.ns);
    if (same) found = role.rules;
  };
  for (const RbacRole& role : BuiltinRoles()) visit(role);
  source_.ForEachRole(visit);
  if (!found) {
    return Fail(
        kube::NotFound(kGroup, binding.cluster_role ? "clusterroles" : "roles", binding.role));
  }
  return *found;
}

Status RbacAccess::MayGrant(const api::User& user, std::string_view resource, std::string_view ns,
                            const kube::Object& doc) {
  std::string_view name = kube::GetString(doc, {"metadata", "name"});
  bool is_role = resource == "roles" || resource == "clusterroles";
  RbacBinding binding = is_role ? RbacBinding{} : api::ParseBinding(ns, name, doc);
  // "escalate" is asked about the role that is written, "bind" about the role that is handed out.
  std::string_view asked_resource =
      is_role ? resource : std::string_view(binding.cluster_role ? "clusterroles" : "roles");
  std::string_view asked_name = is_role ? name : std::string_view(binding.role);
  api::AccessQuery query{.verb = is_role ? "escalate" : "bind",
                         .group = kGroup,
                         .version = "v1",
                         .resource = asked_resource,
                         .subresource = "",
                         .ns = ns,
                         .name = asked_name,
                         .path = ""};
  if (authorizer_.Authorize(user, query).allowed) return {};
  Result<std::vector<PolicyRule>> rules =
      is_role ? Result<std::vector<PolicyRule>>(api::ParseRole(ns, name, doc).rules)
              : RulesOf(binding);
  if (!rules) return Fail(rules.error());
  std::vector<PolicyRule> missing = authorizer_.Missing(user, ns, *rules);
  if (missing.empty()) return {};
  std::string message = "user \"" + user.name + "\" (groups=[";
  for (size_t i = 0; i < user.groups.size(); ++i) {
    message += (i == 0 ? "\"" : " \"") + user.groups[i] + "\"";
  }
  message += "]) is attempting to grant RBAC permissions not currently held:";
  for (const PolicyRule& rule : missing) message += "\n" + Show(rule);
  const kube::KindInfo* kind = kube::Schema::Builtin().FindResource(kGroup, "v1", resource);
  FAIRWAY_ASSERT(kind != nullptr);
  return Fail(kube::Forbidden(*kind, name, message));
}

}  // namespace fairway::gateway
