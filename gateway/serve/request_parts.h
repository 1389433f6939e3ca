// What the gateway's own routes read of a request in the same way. Thread: the loop.
#pragma once

#include <charconv>
#include <optional>
#include <string_view>

#include "clusters/kube/errors.h"
#include "clusters/kube/json.h"
#include "gateway/server/exchange.h"

namespace fairway::gateway {

// Jobs that a plan lists: when nothing is said, and at most (?limit=).
inline constexpr int64_t kListedDefault = 500;
inline constexpr int64_t kListedMax = 10'000;

// A number of the query, 0..most; `otherwise` when it is absent, nothing when it is no such number.
inline std::optional<int64_t> QueryNumber(const Request& request, std::string_view name,
                                          int64_t otherwise, int64_t most) {
  const std::string_view text = request.Query(name).value_or(std::string_view());
  if (text.empty()) return otherwise;
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return {};
  if (value < 0 || value > most) return {};
  return value;
}

// The body, an object; nothing is an empty one.
inline Result<kube::Value> BodyObject(const Request& request) {
  auto doc = kube::ParseJson(request.body.empty() ? "{}" : request.body);
  if (!doc || !doc->is_object()) {
    return Fail(kube::BadRequest("the body must be a JSON object"));
  }
  return doc;
}

}  // namespace fairway::gateway
