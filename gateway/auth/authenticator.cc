#include "gateway/auth/authenticator.h"

#include <fmt/core.h>

#include <algorithm>

#include "gateway/auth/certificates.h"

namespace fairway::gateway {

namespace {

tl::unexpected<Error> Unauthorized(const std::string& why) {
  return Fail(Error{.code = 401,
                    .reason = "Unauthorized",
                    .message = why.empty() ? "Unauthorized" : "Unauthorized: " + why});
}

bool EqualsIgnoringCase(std::string_view a, std::string_view lower) {
  return std::equal(a.begin(), a.end(), lower.begin(), lower.end(), [](char x, char y) {
    return (x >= 'A' && x <= 'Z' ? static_cast<char>(x - 'A' + 'a') : x) == y;
  });
}

api::User FromCertificate(const Peer::Certificate& certificate) {
  api::User user;
  user.name = certificate.common_name;
  user.groups = certificate.organizations;
  user.groups.emplace_back(kGroupAuthenticated);
  user.extra.emplace_back("authentication.kubernetes.io/credential-id",
                          std::vector<std::string>{"X509SHA256=" + certificate.sha256_hex});
  return user;
}

}  // namespace

Result<api::User> Authenticator::Authenticate(const Request& request, Instant now,
                                              int64_t monotonic_ms) {
  std::string refused = request.peer.certificate_error;
  if (const auto& certificate = request.peer.certificate) {
    if (certificate->not_after_ms < now.ms) {
      refused = fmt::format("client certificate \"{}\" expired at {}", certificate->common_name,
                            FormatTime(Instant{certificate->not_after_ms}));
    } else if (certificate->common_name.empty()) {
      refused = "the client certificate has no common name";
    } else {
      return FromCertificate(*certificate);
    }
  }
  std::string_view authorization = request.Header("authorization");
  if (!authorization.empty()) {
    size_t space = std::min(authorization.find(' '), authorization.size());
    std::string_view token = authorization.substr(std::min(space + 1, authorization.size()));
    while (token.starts_with(' ')) token.remove_prefix(1);
    if (!EqualsIgnoringCase(authorization.substr(0, space), "bearer")) {
      return Unauthorized("the only authorization scheme is Bearer");
    }
    return AuthenticateToken(token, monotonic_ms);
  }
  if (!refused.empty()) return Unauthorized(refused);
  api::User user;
  user.name = kUserAnonymous;
  user.groups.emplace_back(kGroupUnauthenticated);
  return user;
}

Result<api::User> Authenticator::AuthenticateToken(std::string_view token, int64_t monotonic_ms) {
  tokens_.Refresh(monotonic_ms);
  const api::User* found = token.empty() ? nullptr : tokens_.Find(token);
  if (found == nullptr) return Unauthorized("");
  api::User user = *found;
  if (std::find(user.groups.begin(), user.groups.end(), kGroupAuthenticated) == user.groups.end()) {
    user.groups.emplace_back(kGroupAuthenticated);
  }
  return user;
}

}  // namespace fairway::gateway
