#include "gateway/api/static_access.h"

#include <openssl/crypto.h>

#include "clusters/kube/errors.h"

namespace fairway::gateway::api {

Result<User> StaticAccess::Authenticate(const Request& request) {
  constexpr std::string_view kScheme = "Bearer ";
  std::string_view header = request.Header("authorization");
  if (header.starts_with(kScheme)) header.remove_prefix(kScheme.size());
  return AuthenticateToken(header);
}

Result<User> StaticAccess::AuthenticateToken(std::string_view token) {
  bool same = token_.empty() || (token.size() == token_.size() &&
                                 CRYPTO_memcmp(token.data(), token_.data(), token.size()) == 0);
  if (!same) return Fail(kube::Unauthorized());
  return User{"admin", "", {"system:masters", "system:authenticated"}, {}};
}

AccessDecision StaticAccess::Authorize(const User&, const AccessQuery&) { return {true, ""}; }

AccessRules StaticAccess::RulesFor(const User&, std::string_view) {
  AccessRules rules;
  rules.resources.push_back({{"*"}, {"*"}, {"*"}, {}});
  rules.paths.push_back({{"*"}, {"*"}});
  return rules;
}

}  // namespace fairway::gateway::api
