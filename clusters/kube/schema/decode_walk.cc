#include "clusters/kube/schema/decode_walk.h"

#include <fmt/core.h>

#include "scheduler/resources.h"

namespace fairway::kube {
namespace {

constexpr std::string_view kTypeMeta = "TypeMeta";
// The API server reads apiVersion and kind first, on their own.
constexpr std::string_view kNoKind = "couldn't get version/kind; json parse error: ";

}  // namespace

std::string GoFieldPath(const WalkStep* step) {
  if (step == nullptr) return {};
  std::string path = GoFieldPath(step->parent);
  if (step->field == nullptr) return path;  // an index or a map key
  if (!path.empty()) path += '.';
  if (!step->field->go_embedded.empty()) {
    path += step->field->go_embedded;
    path += '.';
  }
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
  if (step.parent == nullptr && step.field->go_embedded == kTypeMeta) {
    return fmt::format("{}json: cannot unmarshal {} into Go struct field .{} of type {}", kNoKind,
                       what, step.field->name, go_type);
  }
  return fmt::format("json: cannot unmarshal {} into Go struct field {}.{} of type {}", what,
                     step.message->go_name, GoFieldPath(&step), go_type);
}

std::string RootMismatch(std::string_view what) {
  return fmt::format(
      R"({}json: cannot unmarshal {} into Go value of type struct {{ APIVersion string )"
      R"("json:\"apiVersion,omitempty\""; Kind string "json:\"kind,omitempty\"" }})",
      kNoKind, what);
}

std::string NumberText(double value) { return fmt::format("{}", value); }

bool KeySet::Insert(std::string_view key) {
  if (size_ < kFewMax) {
    for (size_t i = 0; i < size_; ++i) {
      if (few_[i] == key) return false;
    }
    few_[size_++] = key;
    return true;
  }
  if (many_.empty()) many_.insert(few_.begin(), few_.end());
  return many_.insert(key).second;
}

Result<bool> CanonicalLeaf(FieldType type, std::string_view text, std::string& canonical) {
  Result<std::string> changed = std::string();
  switch (type) {
    case FieldType::kTime:
    case FieldType::kMicroTime: {
      const bool micro = type == FieldType::kMicroTime;
      if (IsCanonicalTime(text, micro)) return false;
      const Result<TimeStamp> time = ParseTime(text, micro);
      if (!time) return Fail(time.error());
      if (!FormatTime(*time, micro, canonical)) {
        return Fail(Error{.code = 400,
                          .reason = "BadRequest",
                          .message = "parsing time " + GoQuote(text) + ": year out of range"});
      }
      return true;
    }
    case FieldType::kBytes:
      if (IsCanonicalBase64(text)) return false;
      changed = DecodeBase64(text);
      if (changed) changed = EncodeBase64(*changed);
      break;
    case FieldType::kQuantity:
      if (IsSimpleQuantity(text)) return false;
      changed = scheduler::CanonicalQuantity(text);
      break;
    default: {
      const Result<int64_t> duration = ParseDuration(text);
      if (!duration) return Fail(duration.error());
      changed = FormatDuration(*duration);
      break;
    }
  }
  if (!changed) return Fail(std::move(changed.error()));
  canonical = std::move(*changed);
  return true;
}

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
  static thread_local Builder builder;
  return TypedWalk<ValueIn>(schema, options, builder).Run(type, &value);
}

}  // namespace fairway::kube
