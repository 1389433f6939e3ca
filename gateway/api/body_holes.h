// Body holes: the texts in the JSON body of a create request on which nothing depends but the same
// texts of the stored object: the arguments and the environment of containers, annotations that
// mean nothing to Kubernetes or to Fairway, data of ConfigMaps; and the name, which a create
// checks by itself. Bodies that differ in nothing else come to the same CreatedForm.
//
// Thread: any; no state.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/api/registry.h"

namespace fairway::gateway::api {

struct BodyHole {
  size_t at = 0, size = 0;  // of the text between the quotes, as it is written in the body
  std::string pointer;      // RFC 6901: of the request's document, and so of the stored one
  bool is_name = false;     // metadata.name
};

inline constexpr size_t kBodyHolesMax = 64;

// In the order of the text; the first kBodyHolesMax of them. Empty when there are none, when a
// place occurs twice, or when the text is not JSON: what is not a hole is only compared byte for
// byte.
std::vector<BodyHole> FindBodyHoles(const ServedKind& kind, std::string_view body);

// The end of the JSON string whose first character is at `at`: where its closing quote is, or npos.
size_t EndOfJsonString(std::string_view text, size_t at);

}  // namespace fairway::gateway::api
