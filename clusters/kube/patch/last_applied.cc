#include "clusters/kube/patch/last_applied.h"

#include <algorithm>
#include <string>
#include <vector>

#include "clusters/kube/kinds/metadata.h"
#include "clusters/kube/patch/typed.h"

namespace fairway::kube {

namespace {

constexpr std::string_view kAnnotation = "kubectl.kubernetes.io/last-applied-configuration";

// Go writes the members of a map by name.
Value Sorted(const Value& value) {
  if (value.is_array()) {
    Array array;
    for (const Value& item : value.get_array()) array.push_back(Sorted(item));
    return array;
  }
  if (!value.is_object()) return value;
  std::vector<std::string_view> names;
  for (const auto& member : value.get_object()) names.push_back(member.key());
  std::sort(names.begin(), names.end());
  Object object;
  for (std::string_view name : names) object.emplace(name, Sorted(*Find(value.get_object(), name)));
  return object;
}

}  // namespace

FieldSet LastAppliedFields(const Schema& schema, const MessageType& type, const Value& live) {
  std::string_view text = GetString(live, {"metadata", "annotations", kAnnotation});
  if (text.empty()) return {};
  Result<Value> recorded = ParseJson(text);
  if (!recorded || !recorded->is_object()) return {};
  Result<FieldSet> fields = FieldsOf(schema, type, *recorded);
  return fields ? *std::move(fields) : FieldSet{};
}

void RefreshLastApplied(const Value& config, Value& doc) {
  Object* annotations = GetObject(doc, {"metadata", "annotations"});
  if (annotations == nullptr || Find(*annotations, kAnnotation) == nullptr) return;
  Value bare = Sorted(config);
  if (Object* metadata = GetObject(bare, {"metadata"})) {
    Erase(*metadata, "managedFields");
    if (Object* own = GetObject(*metadata, {"annotations"})) {
      Erase(*own, kAnnotation);
      if (own->empty()) Erase(*metadata, "annotations");
    }
  }
  std::string text = Serialize(bare) + "\n";
  size_t total = kAnnotation.size() + text.size();
  for (const auto& annotation : *annotations) {
    if (annotation.key() == kAnnotation) continue;
    total += annotation.key().size();
    if (annotation.value().is_string()) total += annotation.value().get_string().size();
  }
  if (total > kAnnotationBytesMax) text.clear();
  annotations->insert_or_assign(kAnnotation, text);
}

}  // namespace fairway::kube
