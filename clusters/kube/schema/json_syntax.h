// What Go's JSON scanner says about a malformed text: "invalid character '}' after object key".
// Used when a body was refused anyway, to give the client the message that it knows. Thread-safe,
// linear.
#pragma once

#include <string>
#include <string_view>

namespace fairway::kube {

// "" when the text is well-formed by Go's rules (which accept invalid UTF-8 and any number).
std::string GoSyntaxError(std::string_view json);

}  // namespace fairway::kube
