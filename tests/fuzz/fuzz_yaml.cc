// Any bytes as YAML: the parser stays total and bounded, and what it makes is JSON.
#include <cmath>
#include <cstddef>
#include <cstdint>

#include "clusters/kube/schema/yaml.h"
#include "scheduler/assert.h"

namespace {

using fairway::kube::Value;

// The JSON library reads a number of many digits to within one unit in the last place, not exactly;
// integers and everything else must come back as they were.
bool SameButForRounding(const Value& a, const Value& b) {
  if (a.is_double() && b.is_double()) {
    const double x = a.get_double();
    const double y = b.get_double();
    return x == y || std::nextafter(x, y) == y;
  }
  if (a.is_array() && b.is_array()) {
    if (a.get_array().size() != b.get_array().size()) return false;
    for (size_t i = 0; i < a.get_array().size(); ++i) {
      if (!SameButForRounding(a.get_array()[i], b.get_array()[i])) return false;
    }
    return true;
  }
  if (a.is_object() && b.is_object()) {
    if (a.get_object().size() != b.get_object().size()) return false;
    for (const auto& [key, member] : a.get_object()) {
      const Value* other = fairway::kube::Find(b.get_object(), key);
      if (other == nullptr || !SameButForRounding(member, *other)) return false;
    }
    return true;
  }
  return fairway::kube::Equal(a, b);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace fairway::kube;
  const auto documents = ParseYamlStream({reinterpret_cast<const char*>(data), size});
  if (!documents) return 0;
  for (const Value& document : *documents) {
    const auto again = ParseJson(Serialize(document));
    FAIRWAY_ASSERT(again.has_value());
    FAIRWAY_ASSERT(SameButForRounding(document, *again));
  }
  return 0;
}
