// Answers that the server gives by itself, before any handler has seen a request.
#pragma once

#include <string>
#include <string_view>

#include "gateway/server/exchange.h"

namespace fairway::gateway {

struct ProtocolAnswer {
  int status = 400;
  Headers headers;
  std::string body;
};

// Plain text; the body is "<status> <reason phrase>: <detail>\n".
ProtocolAnswer PlainAnswer(int status, std::string_view detail);
// 413 as a metav1.Status, which kubectl prints.
ProtocolAnswer BodyTooLarge(size_t body_bytes_max);
// 429 with Retry-After: 1 as a metav1.Status, which clients retry.
ProtocolAnswer TooBusy(std::string_view what);

std::string_view ReasonPhrase(int status);
// Statuses that carry no body and no length.
bool IsBodiless(int status);

}  // namespace fairway::gateway
