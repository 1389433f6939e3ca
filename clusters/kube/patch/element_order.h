// The order of a list that a strategic merge patch has touched. Pure; any thread.
#pragma once

#include <string_view>

#include "clusters/kube/json.h"
#include "scheduler/result.h"

namespace fairway::kube {

// The patch's own items must come in the order that it prescribes; a 500 in an API server's words
// when they do not, or when an item of either list lacks the merge key.
Status CheckOrder(const Array& patch, const Array& order, std::string_view merge_key);

// Puts `list` in order: the items that `order` names come in that order, the others in the order of
// `before`, the list as it was; of one of each kind, the one that stood earlier in `before` goes
// first. With an empty merge key the items themselves are compared.
Status OrderElements(Array& list, const Array& order, const Array& before,
                     std::string_view merge_key);

}  // namespace fairway::kube
