#include "clusters/kube/schema/decode_walk.h"

#include <fmt/core.h>

namespace fairway::kube {

std::string GoFieldPath(const WalkStep* step) {
  if (step == nullptr) return {};
  std::string path = GoFieldPath(step->parent);
  if (step->field == nullptr) return path;  // an index or a map key
  if (!path.empty()) path += '.';
  path += step->field->name;
  return path;
}

std::string StrictFieldPath(const WalkStep* step) {
  if (step == nullptr) return {};
  std::string path = StrictFieldPath(step->parent);
  if (step->index >= 0) return path + "[" + std::to_string(step->index) + "]";
  if (!path.empty()) path += '.';
  path += step->key;
  return path;
}

std::string TypeMismatch(const WalkStep& step, std::string_view what, std::string_view go_type) {
  return fmt::format("json: cannot unmarshal {} into Go struct field {}.{} of type {}", what,
                     step.message->go_name, GoFieldPath(&step), go_type);
}

std::string LeafMismatch(std::string_view what, std::string_view go_type) {
  return fmt::format("json: cannot unmarshal {} into Go value of type {}", what, go_type);
}

std::string NumberText(double value) { return fmt::format("{}", value); }

namespace {

// Boost.JSON values as TypedWalk reads them.
struct ValueIn {
  using Element = const Value*;

  static JsonType Type(Element e) {
    switch (e->kind()) {
      case boost::json::kind::null:
        return JsonType::kNull;
      case boost::json::kind::bool_:
        return JsonType::kBool;
      case boost::json::kind::int64:
        return JsonType::kInt;
      case boost::json::kind::uint64:
        return e->get_uint64() <= static_cast<uint64_t>(std::numeric_limits<int64_t>::max())
                   ? JsonType::kInt
                   : JsonType::kUint;
      case boost::json::kind::double_:
        return JsonType::kDouble;
      case boost::json::kind::string:
        return JsonType::kText;
      case boost::json::kind::array:
        return JsonType::kArray;
      case boost::json::kind::object:
        return JsonType::kObject;
    }
    return JsonType::kNull;
  }
  static bool Bool(Element e) { return e->get_bool(); }
  static int64_t Int(Element e) {
    return e->is_int64() ? e->get_int64() : static_cast<int64_t>(e->get_uint64());
  }
  static uint64_t Uint(Element e) { return e->get_uint64(); }
  static double Double(Element e) { return e->get_double(); }
  static std::string_view Text(Element e) {
    return {e->get_string().data(), e->get_string().size()};
  }
  static size_t Size(Element e) {
    return e->is_object() ? e->get_object().size() : e->get_array().size();
  }
  template <typename F>
  static bool EachMember(Element e, F&& f) {
    for (const auto& member : e->get_object()) {
      if (!f(std::string_view(member.key().data(), member.key().size()), &member.value())) {
        return false;
      }
    }
    return true;
  }
  template <typename F>
  static bool EachItem(Element e, F&& f) {
    for (const Value& item : e->get_array()) {
      if (!f(&item)) return false;
    }
    return true;
  }
};

}  // namespace

Result<Decoded> DecodeValue(const Schema& schema, TypeId type, const Value& value,
                            const DecodeOptions& options) {
  return TypedWalk<ValueIn>(schema, options).Run(type, &value);
}

}  // namespace fairway::kube
