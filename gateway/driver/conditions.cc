#include "gateway/driver/conditions.h"

#include "clusters/kube/time.h"

namespace fairway::gateway {

using kube::Array;
using kube::Object;
using kube::Value;

namespace {

constexpr size_t kMessageBytesMax = 32'768;

Array& Conditions(Object& doc) {
  Object& status = kube::EnsureObject(doc, {"status"});
  Value* list = kube::Find(status, "conditions");
  if (list == nullptr || !list->is_array()) {
    status.insert_or_assign("conditions", Array(doc.storage()));
    list = kube::Find(status, "conditions");
  }
  return list->get_array();
}

Object& Ensure(std::string_view type, Object& doc) {
  Array& list = Conditions(doc);
  for (Value& each : list) {
    if (each.is_object() && kube::GetString(each.get_object(), {"type"}) == type) {
      return each.get_object();
    }
  }
  list.push_back(Object({{"type", type}}, doc.storage()));
  return list.back().get_object();
}

// Not through the middle of a character.
std::string_view Cut(std::string_view text) {
  if (text.size() <= kMessageBytesMax) return text;
  size_t end = kMessageBytesMax;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return text.substr(0, end);
}

}  // namespace

const Object* FindCondition(const Object& doc, std::string_view type) {
  const Array* list = kube::GetArray(doc, {"status", "conditions"});
  if (list == nullptr) return nullptr;
  for (const Value& each : *list) {
    const Object* condition = each.if_object();
    if (condition != nullptr && kube::GetString(*condition, {"type"}) == type) return condition;
  }
  return nullptr;
}

bool IsConditionTrue(const Object& doc, std::string_view type) {
  const Object* condition = FindCondition(doc, type);
  return condition != nullptr && kube::GetString(*condition, {"status"}) == "True";
}

void SetCondition(const Condition& condition, Instant now, Object& doc) {
  const int64_t generation = kube::Get<int64_t>(doc, {"metadata", "generation"}).value_or(0);
  Object& out = Ensure(condition.type, doc);
  if (kube::GetString(out, {"status"}) != condition.status) {
    out["status"] = condition.status;
    out["lastTransitionTime"] = kube::FormatTime(now);
  }
  out["observedGeneration"] = generation;
  out["reason"] = condition.reason;
  out["message"] = Cut(condition.message);
}

}  // namespace fairway::gateway
