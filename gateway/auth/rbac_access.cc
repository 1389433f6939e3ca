#include "gateway/auth/rbac_access.h"

#include "gateway/auth/impersonation.h"

namespace fairway::gateway {

Result<api::User> RbacAccess::Authenticate(const Request& request) {
  auto user = authenticator_.Authenticate(request, loop_.Now(), loop_.MonotonicMs());
  if (!user) return user;
  return Impersonate(request, std::move(*user), authorizer_);
}

Result<api::User> RbacAccess::AuthenticateToken(std::string_view token) {
  return authenticator_.AuthenticateToken(token, loop_.MonotonicMs());
}

}  // namespace fairway::gateway
