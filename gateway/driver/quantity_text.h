// Amounts of the core as Kubernetes quantities. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace fairway::gateway {

// `amount` is in the resource's own unit (scheduler/resources.h). Memory and storage are written
// with binary suffixes, all others with decimal ones, as Kueue does.
std::string QuantityText(std::string_view resource, int64_t amount);

}  // namespace fairway::gateway
