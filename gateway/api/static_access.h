// StaticAccess: one token opens everything. For servers that belong to one program, such as
// simulated clusters. Thread: the loop.
#pragma once

#include <string>

#include "gateway/api/access.h"

namespace fairway::gateway::api {

class StaticAccess final : public Access {
 public:
  // With an empty token everybody is let in.
  explicit StaticAccess(std::string token) : token_(std::move(token)) {}

  Result<User> Authenticate(const Request& request) override;
  AccessDecision Authorize(const User& user, const AccessQuery& query) override;
  AccessRules RulesFor(const User& user, std::string_view ns) override;
  Result<User> AuthenticateToken(std::string_view token) override;

 private:
  const std::string token_;
};

}  // namespace fairway::gateway::api
