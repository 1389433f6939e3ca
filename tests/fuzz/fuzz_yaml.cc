// Any bytes as YAML: the parser stays total and bounded, and what it makes is JSON.
#include <cstddef>
#include <cstdint>

#include "clusters/kube/schema/yaml.h"
#include "scheduler/assert.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace fairway::kube;
  const auto documents = ParseYamlStream({reinterpret_cast<const char*>(data), size});
  if (!documents) return 0;
  for (const Value& document : *documents) {
    const auto again = ParseJson(Serialize(document));
    FAIRWAY_ASSERT(again.has_value());
    FAIRWAY_ASSERT(Equal(document, *again));
  }
  return 0;
}
