// Any bytes as a document and a patch of any type: patching and applying stay total, and FieldsV1
// survives the round trip.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "clusters/kube/patch/managed_fields.h"
#include "clusters/kube/patch/patch.h"
#include "scheduler/assert.h"

namespace {

using namespace fairway::kube;

void Track(const MessageType& type, const Value& doc, Value after) {
  if (!after.is_object()) return;
  TrackUpdate(Schema::Builtin(), type, &doc, after, {"fuzz", "v1", "", "2026-01-01T00:00:00Z"});
  for (const ManagerEntry& entry : DecodeManagedFields(after)) {
    FieldSet again = FieldSet::FromFieldsV1(entry.fields.ToFieldsV1());
    FieldSet first = entry.fields;
    first.owned = again.owned = false;
    FAIRWAY_ASSERT(first == again);
  }
}

void ApplyTwice(const MessageType& type, const Value& doc, const Value& config) {
  const Writer writer{"fuzz", "v1", "", "2026-01-01T00:00:00Z"};
  auto once = Apply(Schema::Builtin(), type, &doc, config, writer, true);
  if (!once) return;
  FAIRWAY_ASSERT(once->is_object());
}

}  // namespace

// The first byte tells the kind of patch and the type; document and patch are split by a zero byte.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string_view input(reinterpret_cast<const char*>(data + 1), size - 1);
  const size_t split = input.find('\0');
  if (split == std::string_view::npos) return 0;
  auto doc = ParseJson(input.substr(0, split));
  auto patch = ParseJson(input.substr(split + 1));
  if (!doc || !patch || !doc->is_object()) return 0;
  const Schema& schema = Schema::Builtin();
  const KindInfo& kind = schema.kinds()[(data[0] / 4u) % schema.kinds().size()];
  const MessageType& type = schema.message(kind.message);
  switch (data[0] % 4) {
    case 0:
      if (auto result = ApplyJsonPatch(*doc, *patch)) Track(type, *doc, *result);
      break;
    case 1: {
      Value result = *doc;
      ApplyMergePatch(result, *patch);
      Track(type, *doc, result);
      break;
    }
    case 2:
      if (auto result = ApplyStrategicMerge(schema, type, *doc, *patch)) Track(type, *doc, *result);
      break;
    default:
      ApplyTwice(type, *doc, *patch);
  }
  return 0;
}
