// Any bytes as a JSON body: the decoder stays total, and what it accepts is stable: decoded once
// more it is the same document.
#include <cstddef>
#include <cstdint>

#include "clusters/kube/schema/decode.h"
#include "scheduler/assert.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace fairway::kube;
  if (size == 0) return 0;
  const Schema& schema = Schema::Builtin();
  const KindInfo& kind = schema.kinds()[data[0] % schema.kinds().size()];
  const std::string_view json(reinterpret_cast<const char*>(data + 1), size - 1);
  const auto decoded = DecodeObject(schema, kind, json);
  if (!decoded) return 0;
  const auto again = DecodeObject(schema, kind, Serialize(decoded->document));
  FAIRWAY_ASSERT(again.has_value());
  FAIRWAY_ASSERT(again->strict_findings.empty());
  FAIRWAY_ASSERT(Equal(decoded->document, again->document));
  return 0;
}
