// RbacAccess: the API layer's Access, made of authenticator, impersonation and authorizer.
//
// Thread: the loop.
#pragma once

#include "clusters/loop/loop.h"
#include "gateway/api/access.h"
#include "gateway/auth/authenticator.h"
#include "gateway/auth/authorizer.h"

namespace fairway::gateway {

class RbacAccess final : public api::Access {
 public:
  // All three outlive this object.
  RbacAccess(Loop& loop, TokenTable& tokens, const RbacSource& source)
      : loop_(loop), authenticator_(tokens), authorizer_(source) {}

  // 401 for wrong credentials; 400 or 403 for an impersonation that is not allowed.
  Result<api::User> Authenticate(const Request& request) override;
  api::AccessDecision Authorize(const api::User& user, const api::AccessQuery& query) override {
    return authorizer_.Authorize(user, query);
  }
  api::AccessRules RulesFor(const api::User& user, std::string_view ns) override {
    return authorizer_.RulesFor(user, ns);
  }
  Result<api::User> AuthenticateToken(std::string_view token) override;

  Authorizer& authorizer() { return authorizer_; }

 private:
  Loop& loop_;
  Authenticator authenticator_;
  Authorizer authorizer_;
};

// A source without stored roles: the built-in ones are all there is.
class NoStoredRbac final : public RbacSource {
 public:
  uint64_t generation() const override { return 0; }
  void ForEachRole(const std::function<void(const RbacRole&)>&) const override {}
  void ForEachBinding(const std::function<void(const RbacBinding&)>&) const override {}
};

}  // namespace fairway::gateway
