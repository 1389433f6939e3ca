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
      : loop_(loop), authenticator_(tokens), source_(source), authorizer_(source) {}

  // 401 for wrong credentials; 400 or 403 for an impersonation that is not allowed.
  Result<api::User> Authenticate(const Request& request) override;
  api::AccessDecision Authorize(const api::User& user, const api::AccessQuery& query) override {
    return authorizer_.Authorize(user, query);
  }
  api::AccessRules RulesFor(const api::User& user, std::string_view ns) override {
    return authorizer_.RulesFor(user, ns);
  }
  Result<api::User> AuthenticateToken(std::string_view token) override;
  Status MayGrant(const api::User& user, std::string_view resource, std::string_view ns,
                  const kube::Object& doc) override;

  Authorizer& authorizer() { return authorizer_; }

 private:
  Loop& loop_;
  // The rules that `binding` hands out; 404 when its role does not exist.
  Result<std::vector<PolicyRule>> RulesOf(const RbacBinding& binding) const;

  Authenticator authenticator_;
  const RbacSource& source_;
  Authorizer authorizer_;
};

}  // namespace fairway::gateway
