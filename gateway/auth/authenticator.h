// Authenticator: who sends a request. Client certificate first (user = CN, groups = every O), then
// a bearer token; a request without credentials is system:anonymous, one with wrong ones gets 401.
//
// Thread: the loop.
#pragma once

#include <string>
#include <string_view>

#include "gateway/api/access.h"
#include "gateway/auth/token_table.h"
#include "scheduler/instant.h"
#include "scheduler/result.h"

namespace fairway::gateway {

inline constexpr std::string_view kGroupAuthenticated = "system:authenticated";
inline constexpr std::string_view kGroupUnauthenticated = "system:unauthenticated";
inline constexpr std::string_view kUserAnonymous = "system:anonymous";

class Authenticator {
 public:
  // `tokens` outlives the authenticator.
  explicit Authenticator(TokenTable& tokens) : tokens_(tokens) {}

  // `now` judges certificates that have run out since their connection was made.
  Result<api::User> Authenticate(const Request& request, Instant now, int64_t monotonic_ms);
  Result<api::User> AuthenticateToken(std::string_view token, int64_t monotonic_ms);

 private:
  TokenTable& tokens_;
};

}  // namespace fairway::gateway
