// Small readers that the kinds' rules share. Total: what is missing or mistyped is skipped.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "clusters/kube/field_errors.h"
#include "clusters/kube/json.h"

namespace fairway::kube {

inline constexpr FieldPath kSpec("spec");
inline constexpr FieldPath kStatus("status");

// Calls visit(object, index) for each object of the list `key`.
template <typename Visit>
void ForEachObject(const Object& parent, std::string_view key, Visit visit) {
  const Array* array = GetArray(parent, {key});
  if (array == nullptr) return;
  for (size_t i = 0; i < array->size(); ++i) {
    if (const Object* object = (*array)[i].if_object()) visit(*object, i);
  }
}

// Calls visit(text, index) for each text of the list `key`.
template <typename Visit>
void ForEachText(const Object& parent, std::string_view key, Visit visit) {
  const Array* array = GetArray(parent, {key});
  if (array == nullptr) return;
  for (size_t i = 0; i < array->size(); ++i) {
    if ((*array)[i].is_string()) visit(std::string_view((*array)[i].get_string()), i);
  }
}

inline size_t CountItems(const Object& parent, std::string_view key) {
  const Array* array = GetArray(parent, {key});
  return array == nullptr ? 0 : array->size();
}

// True when the member is there and not null.
inline bool IsSet(const Object& object, std::string_view key) {
  const Value* value = Find(object, key);
  return value != nullptr && !value->is_null();
}

inline std::optional<int64_t> GetInt(const Object& object, std::string_view key) {
  return Get<int64_t>(object, {key});
}

// A quantity as it was written: it may be a number.
inline std::string QuantityText(const Value& value) {
  return value.is_string() ? std::string(TextOf(value)) : Serialize(value);
}

inline int64_t IntOrZero(const Object& object, std::string_view key) {
  return GetInt(object, key).value_or(0);
}

inline std::string_view Annotation(const Object& doc, std::string_view key) {
  return GetString(doc, {"metadata", "annotations", key});
}

// The object at `key`, or an empty one.
inline const Object& ObjectOrEmpty(const Object& parent, std::string_view key) {
  static const Object empty;
  const Object* object = GetObject(parent, {key});
  return object == nullptr ? empty : *object;
}

}  // namespace fairway::kube
