// The id of a gateway: the value of the label fairway.flext.sh/gateway on all its copies, for ever,
// so that two gateways that share a member do not take each other's copies. Any thread.
#pragma once

#include <string>
#include <string_view>

namespace fairway::gateway {

// The value of the store that holds it.
inline constexpr std::string_view kGatewayIdMeta = "gateway-id";

// A new one; a valid label value.
std::string NewGatewayId();

// Whether members accept it as a label. One that they do not has no copies anywhere.
bool IsUsableGatewayId(std::string_view id);

}  // namespace fairway::gateway
