// Any bytes as a protobuf body: the decoder stays total, and what it accepts survives our own
// encoding.
#include <cstddef>
#include <cstdint>
#include <string>

#include "clusters/kube/schema/protobuf.h"
#include "scheduler/assert.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace fairway::kube;
  if (size == 0) return 0;
  const Schema& schema = Schema::Builtin();
  const KindInfo& kind = schema.kinds()[data[0] % schema.kinds().size()];
  const std::string_view body(reinterpret_cast<const char*>(data + 1), size - 1);
  (void)DecodeProtobufObject(schema, kind, body);
  const auto decoded = DecodeProtobuf(schema, kind.message, body);
  if (!decoded) return 0;
  std::string encoded;
  EncodeProtobuf(schema, kind.message, decoded->get_object(), encoded);
  const auto again = DecodeProtobuf(schema, kind.message, encoded);
  FAIRWAY_ASSERT(again.has_value());
  FAIRWAY_ASSERT(Equal(*decoded, *again));
  return 0;
}
