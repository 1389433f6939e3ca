// gzip for large answers. Pure.
#pragma once

#include <string>
#include <string_view>

#include "gateway/server/exchange.h"

namespace fairway::gateway::api {

// Smaller answers are sent as they are, as by Kubernetes.
inline constexpr size_t kCompressFrom = 128u << 10;

// Large, and the client takes gzip.
bool WorthCompressing(const Request& request, std::string_view text);
std::string Gzip(std::string_view text);

}  // namespace fairway::gateway::api
