#include "gateway/auth/authorizer.h"

#include <fmt/core.h>

#include <algorithm>
#include <map>

namespace fairway::gateway {

namespace {

constexpr std::string_view kMasters = "system:masters";
constexpr size_t kCacheMax = 4096;

bool Contains(const std::vector<std::string>& list, std::string_view item) {
  for (const std::string& entry : list) {
    if (entry == item) return true;
  }
  return false;
}

bool MatchesAny(const std::vector<std::string>& list, std::string_view item) {
  for (const std::string& entry : list) {
    if (entry == item || entry == "*") return true;
  }
  return false;
}

// "jobs", "jobs/status", "*/scale" or "*".
bool MatchesResource(const std::vector<std::string>& list, std::string_view resource,
                     std::string_view subresource) {
  for (const std::string& entry : list) {
    if (entry == "*") return true;
    if (subresource.empty()) {
      if (entry == resource) return true;
      continue;
    }
    size_t slash = entry.size() - std::min(entry.size(), subresource.size() + 1);
    if (entry.size() <= subresource.size() || entry[slash] != '/') continue;
    if (std::string_view(entry).substr(slash + 1) != subresource) continue;
    std::string_view head = std::string_view(entry).substr(0, slash);
    if (head == "*" || head == resource) return true;
  }
  return false;
}

bool MatchesPath(const std::vector<std::string>& urls, std::string_view path) {
  for (const std::string& url : urls) {
    if (url == path) return true;
    if (url.ends_with('*') && path.starts_with(std::string_view(url).substr(0, url.size() - 1))) {
      return true;
    }
  }
  return false;
}

bool Matches(const RbacSubject& subject, const api::User& user) {
  switch (subject.kind) {
    case RbacSubject::Kind::kUser:
      return subject.name == user.name;
    case RbacSubject::Kind::kGroup:
      return Contains(user.groups, subject.name);
    case RbacSubject::Kind::kServiceAccount:
      return user.name == fmt::format("{}{}:{}", kServiceAccountPrefix, subject.ns, subject.name);
  }
  return false;
}

std::string SubjectText(const RbacSubject& subject) {
  switch (subject.kind) {
    case RbacSubject::Kind::kUser:
      return fmt::format("User \"{}\"", subject.name);
    case RbacSubject::Kind::kGroup:
      return fmt::format("Group \"{}\"", subject.name);
    case RbacSubject::Kind::kServiceAccount:
      return fmt::format("ServiceAccount \"{}/{}\"", subject.name, subject.ns);
  }
  return {};
}

std::string ReasonText(const RbacBinding& binding, const RbacSubject& subject) {
  std::string name = binding.ns.empty() ? binding.name : binding.name + "/" + binding.ns;
  return fmt::format("RBAC: allowed by {} \"{}\" of {} \"{}\" to {}",
                     binding.ns.empty() ? "ClusterRoleBinding" : "RoleBinding", name,
                     binding.cluster_role ? "ClusterRole" : "Role", binding.role,
                     SubjectText(subject));
}

bool Allows(const PolicyRule& rule, const api::AccessQuery& query) {
  if (!MatchesAny(rule.verbs, query.verb)) return false;
  if (!query.path.empty()) return MatchesPath(rule.urls, query.path);
  if (!MatchesAny(rule.groups, query.group)) return false;
  if (!MatchesResource(rule.resources, query.resource, query.subresource)) return false;
  return rule.names.empty() || (!query.name.empty() && Contains(rule.names, query.name));
}

}  // namespace

// One binding's rules, as they reach one user.
struct Authorizer::Grant {
  std::string reason;
  std::vector<PolicyRule> rules;
  std::vector<std::string> except_namespaces;

  bool Reaches(const api::AccessQuery& query) const {
    if (except_namespaces.empty() || !query.path.empty()) return true;
    // A list over all namespaces would show what the excepted ones hold.
    if (query.ns.empty()) return query.resource != "secrets" && query.resource != "configmaps";
    return !Contains(except_namespaces, query.ns);
  }
};

struct Authorizer::Compiled {
  bool master = false;
  std::vector<Grant> everywhere;
  std::map<std::string, std::vector<Grant>, std::less<>> in_namespace;

  const Grant* Find(const api::AccessQuery& query) const {
    if (const Grant* grant = FindIn(everywhere, query)) return grant;
    if (query.ns.empty() || !query.path.empty()) return nullptr;
    auto it = in_namespace.find(query.ns);
    return it == in_namespace.end() ? nullptr : FindIn(it->second, query);
  }

  static const Grant* FindIn(const std::vector<Grant>& grants, const api::AccessQuery& query) {
    for (const Grant& grant : grants) {
      if (!grant.Reaches(query)) continue;
      for (const PolicyRule& rule : grant.rules) {
        if (Allows(rule, query)) return &grant;
      }
    }
    return nullptr;
  }
};

Authorizer::Authorizer(const RbacSource& source)
    : source_(source), generation_(source.generation()) {}

Authorizer::~Authorizer() = default;

const Authorizer::Compiled& Authorizer::For(const api::User& user) {
  if (generation_ != source_.generation() || cache_.size() > kCacheMax) {
    cache_.clear();
    generation_ = source_.generation();
  }
  // The separator cannot stand in a name that came from a header, a certificate or a CSV line.
  key_.assign(user.name);
  for (const std::string& group : user.groups) key_.append(1, '\n').append(group);
  auto it = cache_.find(key_);
  if (it == cache_.end()) it = cache_.emplace(key_, Compile(user)).first;
  return *it->second;
}

std::unique_ptr<Authorizer::Compiled> Authorizer::Compile(const api::User& user) const {
  auto compiled = std::make_unique<Compiled>();
  compiled->master = Contains(user.groups, kMasters);
  std::map<std::pair<std::string, std::string>, std::vector<PolicyRule>> roles;
  auto take_role = [&](const RbacRole& role) { roles[{role.ns, role.name}] = role.rules; };
  source_.ForEachRole(take_role);
  for (const RbacRole& role : BuiltinRoles()) take_role(role);
  auto take_binding = [&](const RbacBinding& binding) {
    auto subject = std::find_if(binding.subjects.begin(), binding.subjects.end(),
                                [&](const RbacSubject& s) { return Matches(s, user); });
    if (subject == binding.subjects.end()) return;
    auto role = roles.find({binding.cluster_role ? "" : binding.ns, binding.role});
    if (role == roles.end()) return;  // a binding may come before its role
    auto& grants = binding.ns.empty() ? compiled->everywhere : compiled->in_namespace[binding.ns];
    grants.push_back({ReasonText(binding, *subject), role->second, binding.except_namespaces});
  };
  for (const RbacBinding& binding : BuiltinBindings()) take_binding(binding);
  source_.ForEachBinding(take_binding);
  return compiled;
}

api::AccessDecision Authorizer::Authorize(const api::User& user, const api::AccessQuery& query) {
  const Compiled& compiled = For(user);
  if (compiled.master) return {true, ""};
  const Grant* grant = compiled.Find(query);
  return grant == nullptr ? api::AccessDecision{} : api::AccessDecision{true, grant->reason};
}

api::AccessRules Authorizer::RulesFor(const api::User& user, std::string_view ns) {
  const Compiled& compiled = For(user);
  api::AccessRules result;
  auto add = [&](const std::vector<Grant>& grants) {
    for (const Grant& grant : grants) {
      if (Contains(grant.except_namespaces, ns)) continue;
      for (const PolicyRule& rule : grant.rules) {
        if (!rule.resources.empty()) {
          result.resources.push_back({rule.verbs, rule.groups, rule.resources, rule.names});
        }
        if (!rule.urls.empty()) result.paths.push_back({rule.verbs, rule.urls});
      }
    }
  };
  add(compiled.everywhere);
  if (auto it = compiled.in_namespace.find(ns); it != compiled.in_namespace.end()) add(it->second);
  return result;
}

std::vector<PolicyRule> Authorizer::Missing(const api::User& user, std::string_view ns,
                                            const std::vector<PolicyRule>& rules) {
  std::vector<PolicyRule> missing;
  auto require = [&](const PolicyRule& one, const api::AccessQuery& query) {
    if (!Authorize(user, query).allowed) missing.push_back(one);
  };
  for (const PolicyRule& rule : rules) {
    for (const std::string& verb : rule.verbs) {
      api::AccessQuery query{};
      query.verb = verb;
      for (const std::string& url : rule.urls) {
        query.path = url;
        require({{verb}, {}, {}, {}, {url}}, query);
      }
      query.path = {};
      query.ns = ns;
      for (const std::string& group : rule.groups) {
        for (const std::string& resource : rule.resources) {
          size_t slash = std::min(resource.find('/'), resource.size());
          std::string_view whole = resource;
          query.group = group;
          query.resource = whole.substr(0, slash);
          query.subresource = whole.substr(std::min(slash + 1, whole.size()));
          query.name = {};
          if (rule.names.empty()) require({{verb}, {group}, {resource}, {}, {}}, query);
          for (const std::string& name : rule.names) {
            query.name = name;
            require({{verb}, {group}, {resource}, {name}, {}}, query);
          }
        }
      }
    }
  }
  return missing;
}

Error Forbidden(const api::User& user, const api::AccessQuery& query, std::string_view reason) {
  Error error{.code = 403, .reason = "Forbidden"};
  std::string suffix = reason.empty() ? "" : fmt::format(": {}", reason);
  if (!query.path.empty()) {
    error.message = fmt::format("forbidden: User \"{}\" cannot {} path \"{}\"{}", user.name,
                                query.verb, query.path, suffix);
    return error;
  }
  std::string what = std::string(query.resource);
  if (!query.group.empty()) what += fmt::format(".{}", query.group);
  if (!query.name.empty()) what += fmt::format(" \"{}\"", query.name);
  std::string resource = std::string(query.resource);
  if (!query.subresource.empty()) resource += fmt::format("/{}", query.subresource);
  std::string where =
      query.ns.empty() ? "at the cluster scope" : fmt::format("in the namespace \"{}\"", query.ns);
  error.message =
      fmt::format("{} is forbidden: User \"{}\" cannot {} resource \"{}\" in API group \"{}\" {}{}",
                  what, user.name, query.verb, resource, query.group, where, suffix);
  error.name = query.name;
  error.group = query.group;
  error.kind = query.resource;
  return error;
}

}  // namespace fairway::gateway
