#include "gateway/serve/gateway_id.h"

#include <fmt/core.h>

#include "clusters/kube/kinds/names.h"
#include "gateway/api/random_names.h"

namespace fairway::gateway {

std::string NewGatewayId() { return fmt::format("g-{:016x}", api::RandomNumber()); }

bool IsUsableGatewayId(std::string_view id) {
  return !id.empty() && kube::LabelValueProblems(id).empty();
}

}  // namespace fairway::gateway
