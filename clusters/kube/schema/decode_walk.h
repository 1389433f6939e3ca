// TypedWalk: the one walk behind DecodeJson and DecodeValue, over either parser's values. Internal
// to schema/. `In` tells it how to read a value:
//   In::Element                       a value, cheap to copy
//   In::Type(e) -> JsonType           and Bool, Int, Uint, Double, Text of an element of that type
//   In::Size(e)                       members of an object or items of an array
//   In::EachMember(e, f(key, e))      until f returns false; EachItem(e, f(e)) alike
//
// The error texts are those of Go's encoding/json as the API server uses it: the struct that
// declares the field, and the path of field names without indexes.
#pragma once

#include <array>
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "clusters/kube/schema/decode.h"
#include "clusters/kube/schema/leaf.h"
#include "scheduler/assert.h"
#include "scheduler/resources.h"

namespace fairway::kube {

enum class JsonType : uint8_t { kNull, kBool, kInt, kUint, kDouble, kText, kArray, kObject };

// Where the walk is: a chain on the stack, spelled out only when something is wrong.
struct WalkStep {
  const WalkStep* parent = nullptr;
  const MessageType* message = nullptr;  // declares `field`
  const Field* field = nullptr;
  std::string_view key;  // of a map
  int index = -1;        // of a list
};

std::string GoFieldPath(const WalkStep* step);      // "spec.template.spec.containers"
std::string StrictFieldPath(const WalkStep* step);  // "spec.template.spec.containers[0]"

// `json: cannot unmarshal <what> into Go struct field JobSpec.spec.parallelism of type int32`
std::string TypeMismatch(const WalkStep& step, std::string_view what, std::string_view go_type);
// The same from a decoder that does not know the field.
std::string LeafMismatch(std::string_view what, std::string_view go_type);
std::string NumberText(double value);

template <typename In>
class TypedWalk {
 public:
  using Element = typename In::Element;

  TypedWalk(const Schema& schema, const DecodeOptions& options)
      : schema_(schema), drop_empty_(options.drop_empty), storage_(options.storage) {}

  Result<Decoded> Run(TypeId type, Element root) {
    Decoded decoded{Value(Object(storage_)), {}};
    if (In::Type(root) != JsonType::kObject) {
      error_ =
          LeafMismatch(TypeWord(root), schema_.message(type).go_package.empty()
                                           ? "object"
                                           : std::string(schema_.message(type).go_package) + "." +
                                                 std::string(schema_.message(type).go_name));
      return Failure();
    }
    if (!Message(schema_.message(type), root, nullptr, decoded.document.get_object())) {
      return Failure();
    }
    decoded.strict_findings = std::move(findings_);
    return decoded;
  }

 private:
  static constexpr size_t kFieldsMax = 128;  // of one message

  tl::unexpected<Error> Failure() {
    return Fail(Error{.code = 400, .reason = "BadRequest", .message = std::move(error_)});
  }

  bool Wrong(std::string text) {
    error_ = std::move(text);
    return false;
  }

  bool Mismatch(const WalkStep& step, Element e, std::string_view go_type) {
    return Wrong(TypeMismatch(step, TypeWord(e), go_type));
  }

  void Finding(std::string_view what, const WalkStep& step) {
    if (findings_.size() >= kFindingsMax) return;
    std::string text(what);
    text += " field \"" + StrictFieldPath(&step) + "\"";
    findings_.push_back(std::move(text));
  }

  static std::string_view TypeWord(Element e) {
    switch (In::Type(e)) {
      case JsonType::kNull:
        return "null";
      case JsonType::kBool:
        return "bool";
      case JsonType::kText:
        return "string";
      case JsonType::kArray:
        return "array";
      case JsonType::kObject:
        return "object";
      default:
        return "number";
    }
  }

  bool Message(const MessageType& message, Element e, const WalkStep* parent, Object& out) {
    std::array<uint64_t, kFieldsMax / 64> seen{};
    FAIRWAY_ASSERT(message.fields.size() <= kFieldsMax);
    out.reserve(In::Size(e));
    return In::EachMember(e, [&](std::string_view key, Element member) {
      const Field* field = message.Find(key);
      WalkStep step{parent, &message, field, key, -1};
      if (field == nullptr) {
        Finding("unknown", step);
        return true;
      }
      const size_t at = static_cast<size_t>(field - message.fields.data());
      uint64_t& word = seen[at / 64];
      const uint64_t bit = uint64_t{1} << (at % 64);
      if ((word & bit) != 0) {
        Finding("duplicate", step);
        Erase(out, field->name);
      }
      word |= bit;
      if (In::Type(member) == JsonType::kNull) return true;
      Value value(storage_);
      bool empty = false;
      if (!FieldValue(*field, member, step, value, empty)) return false;
      if (!(empty && drop_empty_ && !field->pointer && !field->required)) {
        out.emplace(field->name, std::move(value));
      }
      return true;
    });
  }

  bool FieldValue(const Field& field, Element e, WalkStep& step, Value& out, bool& empty) {
    if (field.shape == Shape::kOne) return One(field, e, step, out, empty);
    const JsonType type = In::Type(e);
    if (field.shape == Shape::kList) {
      if (type != JsonType::kArray) return Mismatch(step, e, field.go_shape);
      empty = In::Size(e) == 0;
      return List(field, e, step, out.emplace_array());
    }
    if (type != JsonType::kObject) return Mismatch(step, e, field.go_shape);
    empty = In::Size(e) == 0;
    return Map(field, e, step, out.emplace_object());
  }

  bool List(const Field& field, Element e, WalkStep& step, Array& out) {
    out.reserve(In::Size(e));
    WalkStep item_step{&step, nullptr, nullptr, {}, 0};
    return In::EachItem(e, [&](Element item) {
      out.emplace_back(nullptr);
      bool empty = false;
      if (!ElementValue(field, item, step, item_step, out.back(), empty)) return false;
      ++item_step.index;
      return true;
    });
  }

  bool Map(const Field& field, Element e, WalkStep& step, Object& out) {
    out.reserve(In::Size(e));
    return In::EachMember(e, [&](std::string_view key, Element item) {
      WalkStep item_step{&step, nullptr, nullptr, key, -1};
      Value value(storage_);
      bool empty = false;
      if (!ElementValue(field, item, step, item_step, value, empty)) return false;
      const auto [it, inserted] = out.emplace(key, std::move(value));
      if (!inserted) {
        Finding("duplicate", item_step);
        it->value() = std::move(value);
      }
      return true;
    });
  }

  // One element of a list or map. null stands for the zero value, as in Go.
  bool ElementValue(const Field& field, Element e, const WalkStep& step, WalkStep& item_step,
                    Value& out, bool& empty) {
    if (In::Type(e) == JsonType::kNull) {
      ZeroElement(field, out);
      return true;
    }
    if (!field.is_message()) return One(field, e, step, out, empty);
    if (In::Type(e) != JsonType::kObject) return Mismatch(step, e, field.go_type);
    return Message(schema_.message(field), e, &item_step, out.emplace_object());
  }

  void ZeroElement(const Field& field, Value& out) {
    switch (field.type) {
      case FieldType::kMessage:
        out.emplace_object();
        return;
      case FieldType::kString:
      case FieldType::kBytes:
        out.emplace_string();
        return;
      case FieldType::kInt32:
      case FieldType::kInt64:
        out.emplace_int64() = 0;
        return;
      case FieldType::kQuantity:
        out.emplace_string() = "0";
        return;
      default:
        out.emplace_null();
        return;
    }
  }

  bool One(const Field& field, Element e, const WalkStep& step, Value& out, bool& empty) {
    switch (field.type) {
      case FieldType::kMessage:
        if (In::Type(e) != JsonType::kObject) return Mismatch(step, e, field.go_type);
        return Message(schema_.message(field), e, &step, out.emplace_object());
      case FieldType::kString:
        if (In::Type(e) != JsonType::kText) return Mismatch(step, e, field.go_type);
        empty = In::Text(e).empty();
        SetText(In::Text(e), out);
        return true;
      case FieldType::kBool:
        if (In::Type(e) != JsonType::kBool) return Mismatch(step, e, field.go_type);
        empty = !In::Bool(e);
        out.emplace_bool() = In::Bool(e);
        return true;
      case FieldType::kInt32:
      case FieldType::kInt64:
        return Integer(field, e, step, out, empty);
      case FieldType::kDouble:
        return Float(field, e, step, out, empty);
      case FieldType::kIntOrString:
        return IntOrString(e, out);
      case FieldType::kFieldsV1:
      case FieldType::kRawExtension:
      case FieldType::kJson:
        return Any(e, step, out);
      case FieldType::kStringList:
        return StringList(field, e, step, out, empty);
      default:
        return TextLeaf(field, e, step, out, empty);
    }
  }

  void SetText(std::string_view text, Value& out) {
    out.emplace_string().assign(text.data(), text.size());
  }

  bool Integer(const Field& field, Element e, const WalkStep& step, Value& out, bool& empty) {
    const JsonType type = In::Type(e);
    if (type == JsonType::kInt) {
      const int64_t number = In::Int(e);
      if (field.type == FieldType::kInt64 || (number >= std::numeric_limits<int32_t>::min() &&
                                              number <= std::numeric_limits<int32_t>::max())) {
        empty = number == 0;
        out.emplace_int64() = number;
        return true;
      }
    }
    if (type == JsonType::kInt || type == JsonType::kUint || type == JsonType::kDouble) {
      return Wrong(TypeMismatch(step, "number " + Number(e), field.go_type));
    }
    return Mismatch(step, e, field.go_type);
  }

  static std::string Number(Element e) {
    switch (In::Type(e)) {
      case JsonType::kInt:
        return std::to_string(In::Int(e));
      case JsonType::kUint:
        return std::to_string(In::Uint(e));
      default:
        return NumberText(In::Double(e));
    }
  }

  bool Float(const Field& field, Element e, const WalkStep& step, Value& out, bool& empty) {
    double number = 0;
    switch (In::Type(e)) {
      case JsonType::kInt:
        number = static_cast<double>(In::Int(e));
        break;
      case JsonType::kUint:
        number = static_cast<double>(In::Uint(e));
        break;
      case JsonType::kDouble:
        number = In::Double(e);
        break;
      default:
        return Mismatch(step, e, field.go_type);
    }
    empty = number == 0;
    out.emplace_double() = number;
    return true;
  }

  bool IntOrString(Element e, Value& out) {
    const JsonType type = In::Type(e);
    if (type == JsonType::kText) {
      SetText(In::Text(e), out);
      return true;
    }
    const bool number =
        type == JsonType::kInt || type == JsonType::kUint || type == JsonType::kDouble;
    if (!number) return Wrong(LeafMismatch(TypeWord(e), "int32"));
    if (type != JsonType::kInt || In::Int(e) < std::numeric_limits<int32_t>::min() ||
        In::Int(e) > std::numeric_limits<int32_t>::max()) {
      return Wrong(LeafMismatch("number " + Number(e), "int32"));
    }
    out.emplace_int64() = In::Int(e);
    return true;
  }

  bool StringList(const Field& field, Element e, const WalkStep& step, Value& out, bool& empty) {
    if (In::Type(e) != JsonType::kArray) return Mismatch(step, e, field.go_type);
    empty = In::Size(e) == 0;
    Array& list = out.emplace_array();
    return In::EachItem(e, [&](Element item) {
      if (In::Type(item) != JsonType::kText) return Mismatch(step, item, "string");
      list.emplace_back(String(In::Text(item), storage_));
      return true;
    });
  }

  // A copy of a value without schema; only duplicates are looked for.
  bool Any(Element e, const WalkStep& step, Value& out) {
    switch (In::Type(e)) {
      case JsonType::kNull:
        out.emplace_null();
        return true;
      case JsonType::kBool:
        out.emplace_bool() = In::Bool(e);
        return true;
      case JsonType::kInt:
        out.emplace_int64() = In::Int(e);
        return true;
      case JsonType::kUint:
        out.emplace_uint64() = In::Uint(e);
        return true;
      case JsonType::kDouble:
        out.emplace_double() = In::Double(e);
        return true;
      case JsonType::kText:
        SetText(In::Text(e), out);
        return true;
      case JsonType::kArray: {
        Array& list = out.emplace_array();
        list.reserve(In::Size(e));
        return In::EachItem(e, [&](Element item) {
          list.emplace_back(nullptr);
          return Any(item, step, list.back());
        });
      }
      case JsonType::kObject: {
        Object& object = out.emplace_object();
        object.reserve(In::Size(e));
        return In::EachMember(e, [&](std::string_view key, Element member) {
          return Any(member, step, object[key]);
        });
      }
    }
    return false;
  }

  bool TextLeaf(const Field& field, Element e, const WalkStep& step, Value& out, bool& empty) {
    const JsonType type = In::Type(e);
    if (type != JsonType::kText) return TextLeafNumber(field, e, step, out);
    const std::string_view text = In::Text(e);
    Result<std::string> canonical;
    switch (field.type) {
      case FieldType::kTime:
      case FieldType::kMicroTime:
        return TimeLeaf(text, field.type == FieldType::kMicroTime, out);
      case FieldType::kBytes:
        empty = text.empty();
        if (IsCanonicalBase64(text)) return SetText(text, out), true;
        canonical = DecodeBase64(text);
        if (canonical) canonical = EncodeBase64(*canonical);
        break;
      case FieldType::kQuantity:
        if (IsSimpleQuantity(text)) return SetText(text, out), true;
        canonical = scheduler::CanonicalQuantity(text);
        break;
      default: {
        const Result<int64_t> duration = ParseDuration(text);
        if (!duration) return Wrong(duration.error().message);
        canonical = FormatDuration(*duration);
        break;
      }
    }
    if (!canonical) return Wrong(canonical.error().message);
    SetText(*canonical, out);
    return true;
  }

  bool TimeLeaf(std::string_view text, bool micro, Value& out) {
    if (IsCanonicalTime(text, micro)) return SetText(text, out), true;
    const Result<TimeStamp> time = ParseTime(text, micro);
    if (!time) return Wrong(time.error().message);
    std::string canonical;
    if (!FormatTime(*time, micro, canonical)) {
      return Wrong("parsing time " + GoQuote(text) + ": year out of range");
    }
    SetText(canonical, out);
    return true;
  }

  // A leaf that is not a text in JSON: only quantities may be numbers.
  bool TextLeafNumber(const Field& field, Element e, const WalkStep& step, Value& out) {
    if (field.type == FieldType::kBytes) return Mismatch(step, e, field.go_type);
    if (field.type != FieldType::kQuantity) return Wrong(LeafMismatch(TypeWord(e), "string"));
    const JsonType type = In::Type(e);
    const bool number =
        type == JsonType::kInt || type == JsonType::kUint || type == JsonType::kDouble;
    const Result<std::string> canonical =
        scheduler::CanonicalQuantity(number ? Number(e) : std::string(TypeWord(e)));
    if (!canonical) return Wrong(canonical.error().message);
    SetText(*canonical, out);
    return true;
  }

  const Schema& schema_;
  const bool drop_empty_;
  const StoragePtr storage_;
  std::vector<std::string> findings_;
  std::string error_;
};

}  // namespace fairway::kube
