// The Date header's value, formatted once a second. Thread: the loop's.
#pragma once

#include <string_view>

#include "scheduler/instant.h"

namespace fairway::gateway {

// "Sun, 06 Nov 1994 08:49:37 GMT"; valid until the next call.
std::string_view HttpDate(Instant now);

}  // namespace fairway::gateway
