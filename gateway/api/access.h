// Access: who sends a request, and whether they may. The seam to authentication and authorization;
// an API server without one (a simulated cluster) admits whoever holds its static token.
//
// Thread: the loop.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "clusters/kube/json.h"
#include "gateway/server/exchange.h"
#include "scheduler/result.h"

namespace fairway::gateway::api {

struct User {
  std::string name;
  std::string uid;
  std::vector<std::string> groups;
  std::vector<std::pair<std::string, std::vector<std::string>>> extra;
};

// One question to the authorizer. `path` is set for non-resource requests only.
struct AccessQuery {
  std::string_view verb, group, version, resource, subresource, ns, name, path;
};

struct AccessDecision {
  bool allowed = false;
  std::string reason;  // "RBAC: allowed by ..."
};

// What a user may do in a namespace (SelfSubjectRulesReview).
struct AccessRules {
  struct ResourceRule {
    std::vector<std::string> verbs, groups, resources, names;
  };
  struct PathRule {
    std::vector<std::string> verbs, paths;
  };
  std::vector<ResourceRule> resources;
  std::vector<PathRule> paths;
  bool incomplete = false;
};

class Access {
 public:
  virtual ~Access() = default;
  // Who sends the request; 401 for credentials that are wrong.
  virtual Result<User> Authenticate(const Request& request) = 0;
  virtual AccessDecision Authorize(const User& user, const AccessQuery& query) = 0;
  virtual AccessRules RulesFor(const User& user, std::string_view ns) = 0;
  // Whether the user may store this role or binding: nobody hands out rights that he does not hold,
  // unless he may "escalate" or "bind".
  virtual Status MayGrant(const User& user, std::string_view resource, std::string_view ns,
                          const kube::Object& doc) {
    static_cast<void>(user), static_cast<void>(resource), static_cast<void>(ns);
    static_cast<void>(doc);
    return {};
  }
  // For TokenReview: the owner of a bearer token.
  virtual Result<User> AuthenticateToken(std::string_view token) = 0;
};

}  // namespace fairway::gateway::api
