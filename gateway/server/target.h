// Request targets: splits and decodes what stands in the request line or in :path. Pure.
#pragma once

#include <string>
#include <string_view>

#include "gateway/server/exchange.h"

namespace fairway::gateway {

// Fills path and query from `request.target`: origin form, absolute form, or "*". False when the
// target is none of these, or holds a broken escape or a NUL.
bool DecodeTarget(Request& request);

}  // namespace fairway::gateway
