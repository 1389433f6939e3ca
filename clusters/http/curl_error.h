// What went wrong below HTTP, in terms that an operator can act on. Pure.
#pragma once

#include <string_view>

#include "scheduler/result.h"

namespace fairway::clusters {

// `detail` is libcurl's own text for this failure, may be empty. `os_errno` is 0 when unknown.
Error ClassifyCurlError(int curl_code, std::string_view detail, std::string_view server,
                        int os_errno);

// True when the connection broke or was never made: the request may be sent again if it is
// idempotent.
bool IsBrokenConnection(int curl_code);

// True when nothing came in time: the connection is not to be trusted with further requests.
bool IsSilence(int curl_code);

}  // namespace fairway::clusters
