// Kubeconfigs as they come over the API: any bytes. Parsing must not crash or read a file, and what
// it accepts must survive being flattened and parsed again.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "clusters/kubeconfig/kubeconfig.h"
#include "scheduler/assert.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  auto access = fairway::clusters::ParseKubeconfig(text, {});
  if (!access) {
    FAIRWAY_ASSERT(!access.error().message.empty());
    return 0;
  }
  FAIRWAY_ASSERT(access->identity.token_file.empty() && !access->identity.exec);
  auto flat = fairway::clusters::Flatten(*access);
  FAIRWAY_ASSERT(flat.has_value());
  auto again = fairway::clusters::ParseKubeconfig(*flat, {});
  FAIRWAY_ASSERT(again.has_value());
  FAIRWAY_ASSERT(again->endpoint == access->endpoint);
  return 0;
}
