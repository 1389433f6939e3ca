// Values as Go's fmt prints them: API servers put them into their messages, and clients show those.
// Pure; any thread.
#pragma once

#include <string>

#include "clusters/kube/json.h"

namespace fairway::kube {

// %v: map[a:1 b:[x y]], <nil>.
std::string GoPrint(const Value& value);
std::string GoPrint(const Object& object);
// %#v: []interface {}{"x", 5}.
std::string GoSyntax(const Value& value);
// %T: string, int64, map[string]interface {}.
std::string_view GoTypeName(const Value& value);

}  // namespace fairway::kube
