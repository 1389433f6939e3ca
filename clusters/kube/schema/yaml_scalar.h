// How a plain YAML scalar is typed. Internal to schema/.
#pragma once

#include <string_view>

#include "clusters/kube/json.h"

namespace fairway::kube {

// null, a bool, an integer (decimal, 0x, 0o, 0b or with a leading 0; `_` may separate digits), a
// number, or else the text itself. False for what JSON cannot say (.nan, .inf).
bool ResolvePlainScalar(std::string_view text, Value& out);

}  // namespace fairway::kube
