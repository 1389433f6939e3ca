#include "gateway/auth/impersonation.h"

#include <fmt/core.h>

#include <algorithm>
#include <optional>

#include "gateway/auth/authenticator.h"

namespace fairway::gateway {

namespace {

constexpr std::string_view kAuthenticationGroup = "authentication.k8s.io";

struct ImpersonationWish {
  std::string name, uid;
  std::vector<std::string> groups;
  std::vector<std::pair<std::string, std::vector<std::string>>> extra;
  bool any = false;
};

// Header names arrive percent-encoded where a key holds what a header name cannot.
std::string DecodeKey(std::string_view text) {
  std::string key;
  auto digit = [](char c) {
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
  };
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size() && digit(text[i + 1]) >= 0 &&
        digit(text[i + 2]) >= 0) {
      key.push_back(static_cast<char>(digit(text[i + 1]) * 16 + digit(text[i + 2])));
      i += 2;
    } else {
      key.push_back(text[i]);
    }
  }
  return key;
}

ImpersonationWish ReadHeaders(const Request& request) {
  constexpr std::string_view kPrefix = "impersonate-";
  constexpr std::string_view kExtra = "extra-";
  ImpersonationWish wish;
  for (const auto& [header, value] : request.headers) {
    if (!header.starts_with(kPrefix)) continue;
    std::string_view what = std::string_view(header).substr(kPrefix.size());
    wish.any = true;
    if (what == "user") wish.name = value;
    if (what == "uid") wish.uid = value;
    if (what == "group") wish.groups.push_back(value);
    if (!what.starts_with(kExtra)) continue;
    std::string key = DecodeKey(what.substr(kExtra.size()));
    auto it = std::find_if(wish.extra.begin(), wish.extra.end(),
                           [&](const auto& entry) { return entry.first == key; });
    if (it == wish.extra.end()) it = wish.extra.insert(it, {key, {}});
    it->second.push_back(value);
  }
  return wish;
}

// "system:serviceaccount:ns:name" -> {ns, name}
std::optional<std::pair<std::string_view, std::string_view>> SplitServiceAccount(
    std::string_view user) {
  if (!user.starts_with(kServiceAccountPrefix)) return std::nullopt;
  user.remove_prefix(kServiceAccountPrefix.size());
  size_t colon = user.find(':');
  if (colon == std::string_view::npos || colon == 0 || colon + 1 == user.size()) {
    return std::nullopt;
  }
  return std::make_pair(user.substr(0, colon), user.substr(colon + 1));
}

Status Check(const ImpersonationWish& wish, const api::User& user, Authorizer& authorizer) {
  api::AccessQuery query{};
  query.verb = "impersonate";
  auto require = [&](std::string_view group, std::string_view resource, std::string_view name,
                     std::string_view subresource = {}, std::string_view ns = {}) -> Status {
    query.group = group;
    query.resource = resource;
    query.subresource = subresource;
    query.ns = ns;
    query.name = name;
    api::AccessDecision decision = authorizer.Authorize(user, query);
    if (decision.allowed) return {};
    return Fail(Forbidden(user, query, decision.reason));
  };
  auto account = SplitServiceAccount(wish.name);
  Status allowed = account ? require("", "serviceaccounts", account->second, "", account->first)
                           : require("", "users", wish.name);
  for (const std::string& group : wish.groups) {
    if (allowed) allowed = require("", "groups", group);
  }
  if (allowed && !wish.uid.empty()) allowed = require(kAuthenticationGroup, "uids", wish.uid);
  for (const auto& [key, values] : wish.extra) {
    for (const std::string& value : values) {
      if (allowed) allowed = require(kAuthenticationGroup, "userextras", value, key);
    }
  }
  return allowed;
}

}  // namespace

Result<api::User> Impersonate(const Request& request, api::User user, Authorizer& authorizer) {
  ImpersonationWish wish = ReadHeaders(request);
  if (!wish.any) return user;
  if (wish.name.empty()) {
    return Fail(Error{.code = 400,
                      .reason = "BadRequest",
                      .message = "requested impersonation without naming a user"});
  }
  if (Status allowed = Check(wish, user, authorizer); !allowed) return Fail(allowed.error());
  api::User result{.name = wish.name, .uid = wish.uid, .groups = wish.groups, .extra = wish.extra};
  if (auto account = SplitServiceAccount(wish.name); account && result.groups.empty()) {
    result.groups.emplace_back("system:serviceaccounts");
    result.groups.emplace_back(fmt::format("system:serviceaccounts:{}", account->first));
  }
  std::string_view implied =
      wish.name == kUserAnonymous ? kGroupUnauthenticated : kGroupAuthenticated;
  auto has = [&](std::string_view group) {
    return std::find(result.groups.begin(), result.groups.end(), group) != result.groups.end();
  };
  if (!has(kGroupAuthenticated) && !has(kGroupUnauthenticated)) {
    result.groups.emplace_back(implied);
  }
  return result;
}

}  // namespace fairway::gateway
