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
#include <boost/json/value_stack.hpp>
#include <limits>
#include <string>
#include <string_view>
#include <unordered_set>
#include <utility>
#include <vector>

#include "clusters/kube/schema/decode.h"
#include "clusters/kube/schema/leaf.h"

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
// The same for a body that is no object.
std::string RootMismatch(std::string_view what);
std::string NumberText(double value);

// The canonical text of a leaf that is a text in JSON. False when `text` is that already.
Result<bool> CanonicalLeaf(FieldType type, std::string_view text, std::string& canonical);

// The fields of one message that were seen.
class SeenFields {
 public:
  static constexpr size_t kFieldsMax = 128;  // as Schema::Parse checks

  // False when it was there before.
  bool Insert(size_t field) {
    uint64_t& word = words_[field / 64];
    const uint64_t bit = uint64_t{1} << (field % 64);
    const bool fresh = (word & bit) == 0;
    word |= bit;
    return fresh;
  }
  void Remove(size_t field) { words_[field / 64] &= ~(uint64_t{1} << (field % 64)); }
  bool Has(size_t field) const { return (words_[field / 64] >> (field % 64) & 1) != 0; }

 private:
  std::array<uint64_t, kFieldsMax / 64> words_{};
};

// The keys of one map that were seen. A short map is searched, a long one is hashed.
class KeySet {
 public:
  bool Insert(std::string_view key);

 private:
  static constexpr size_t kFewMax = 16;
  std::array<std::string_view, kFewMax> few_;
  size_t size_ = 0;
  std::unordered_set<std::string_view> many_;
};

// A stack of values under construction, kept per thread: reset() gives the memory of an abandoned
// document back.
using Builder = boost::json::value_stack;

template <typename In>
class TypedWalk {
 public:
  using Element = typename In::Element;

  TypedWalk(const Schema& schema, const DecodeOptions& options, Builder& builder)
      : schema_(schema), drop_empty_(options.drop_empty), builder_(builder) {
    builder_.reset(options.storage);
  }

  Result<Decoded> Run(TypeId type, Element root) {
    const MessageType& message = schema_.message(type);
    if (In::Type(root) != JsonType::kObject) {
      Wrong(RootMismatch(TypeWord(root)));
    } else if (Message(message, root, nullptr)) {
      return Decoded{builder_.release(), std::move(findings_)};
    }
    builder_.reset();
    return Fail(Error{.code = 400, .reason = "BadRequest", .message = std::move(error_)});
  }

 private:
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

  static bool IsNumber(JsonType type) {
    return type == JsonType::kInt || type == JsonType::kUint || type == JsonType::kDouble;
  }

  // True when Go would leave the value out: zero and empty values of plain fields.
  bool Dropped(const Field& field, Element e) const {
    const JsonType type = In::Type(e);
    if (type == JsonType::kNull) return true;
    if (!drop_empty_ || field.pointer || field.required) return false;
    switch (type) {
      case JsonType::kArray:
        return In::Size(e) == 0 && field.shape == Shape::kList;
      case JsonType::kObject:
        return In::Size(e) == 0 && field.shape == Shape::kMap;
      case JsonType::kText:
        return (field.type == FieldType::kString || field.type == FieldType::kBytes) &&
               In::Text(e).empty() && field.shape == Shape::kOne;
      case JsonType::kBool:
        return field.type == FieldType::kBool && !In::Bool(e) && field.shape == Shape::kOne;
      case JsonType::kInt:
        return (field.type == FieldType::kInt32 || field.type == FieldType::kInt64) &&
               In::Int(e) == 0 && field.shape == Shape::kOne;
      default:
        return false;
    }
  }

  bool Message(const MessageType& message, Element e, const WalkStep* parent) {
    SeenFields seen, nulls;
    size_t members = 0;
    WalkStep step{parent, &message, nullptr, {}, -1};
    const bool good = In::EachMember(e, [&](std::string_view key, Element member) {
      const Field* field = message.Find(key);
      step.field = field;
      step.key = key;
      if (field == nullptr) {
        Finding("unknown", step);
        return true;
      }
      // The builder lets the last of two equal keys win.
      const auto number = static_cast<size_t>(field - message.fields.data());
      if (!seen.Insert(number)) Finding("duplicate", step);
      if (In::Type(member) == JsonType::kNull) {
        nulls.Insert(number);
        return true;
      }
      if (Dropped(*field, member)) return true;
      nulls.Remove(number);
      builder_.push_key(key);
      ++members;
      return FieldValue(*field, member, step);
    });
    if (!good) return false;
    if (drop_empty_) {
      for (const uint16_t i : message.always) {
        if (seen.Insert(i) || nulls.Has(i)) members += PushEmpty(message.fields[i]);
      }
    }
    builder_.push_object(members);
    return true;
  }

  // A field that was not sent and is written all the same. Returns 1, the member that it adds.
  size_t PushEmpty(const Field& field) {
    builder_.push_key(field.name);
    switch (field.type) {
      case FieldType::kMessage: {
        size_t members = 0;
        const MessageType& message = schema_.message(field);
        for (const uint16_t i : message.always) members += PushEmpty(message.fields[i]);
        builder_.push_object(members);
        break;
      }
      case FieldType::kBool:
        builder_.push_bool(false);
        break;
      case FieldType::kString:
        builder_.push_string("");
        break;
      case FieldType::kQuantity:
        builder_.push_string("0");
        break;
      case FieldType::kDouble:
        builder_.push_double(0);
        break;
      default:
        builder_.push_int64(0);
        break;
    }
    return 1;
  }

  bool FieldValue(const Field& field, Element e, const WalkStep& step) {
    if (field.shape == Shape::kOne) return One(field, e, step, &step);
    const JsonType type = In::Type(e);
    if (type != (field.shape == Shape::kList ? JsonType::kArray : JsonType::kObject)) {
      return Mismatch(step, e, field.go_shape);
    }
    return field.shape == Shape::kList ? List(field, e, step) : Map(field, e, step);
  }

  bool List(const Field& field, Element e, const WalkStep& step) {
    WalkStep item_step{&step, nullptr, nullptr, {}, -1};
    const bool good = In::EachItem(e, [&](Element item) {
      ++item_step.index;
      return ElementValue(field, item, step, item_step);
    });
    if (good) builder_.push_array(static_cast<size_t>(item_step.index + 1));
    return good;
  }

  bool Map(const Field& field, Element e, const WalkStep& step) {
    size_t members = 0;
    KeySet seen;
    const bool good = In::EachMember(e, [&](std::string_view key, Element item) {
      const WalkStep item_step{&step, nullptr, nullptr, key, -1};
      if (!seen.Insert(key)) Finding("duplicate", item_step);
      builder_.push_key(key);
      ++members;
      return ElementValue(field, item, step, item_step);
    });
    if (good) builder_.push_object(members);
    return good;
  }

  // One element of a list or map. null stands for the zero value, as in Go.
  bool ElementValue(const Field& field, Element e, const WalkStep& step,
                    const WalkStep& item_step) {
    if (In::Type(e) != JsonType::kNull) return One(field, e, step, &item_step);
    switch (field.type) {
      case FieldType::kMessage: {
        const MessageType& message = schema_.message(field);
        size_t members = 0;
        if (drop_empty_) {
          for (const uint16_t i : message.always) members += PushEmpty(message.fields[i]);
        }
        builder_.push_object(members);
        return true;
      }
      case FieldType::kString:
      case FieldType::kBytes:
        builder_.push_string("");
        return true;
      case FieldType::kInt32:
      case FieldType::kInt64:
        builder_.push_int64(0);
        return true;
      case FieldType::kQuantity:
        builder_.push_string("0");
        return true;
      default:
        builder_.push_null();
        return true;
    }
  }

  // A value of the field's type; `step` declares the field, `parent` is what a message hangs below.
  bool One(const Field& field, Element e, const WalkStep& step, const WalkStep* parent) {
    const JsonType type = In::Type(e);
    switch (field.type) {
      case FieldType::kMessage:
        if (type != JsonType::kObject) return Mismatch(step, e, field.go_type);
        return Message(schema_.message(field), e, parent);
      case FieldType::kString:
        if (type != JsonType::kText) return Mismatch(step, e, field.go_type);
        builder_.push_string(In::Text(e));
        return true;
      case FieldType::kBool:
        if (type != JsonType::kBool) return Mismatch(step, e, field.go_type);
        builder_.push_bool(In::Bool(e));
        return true;
      case FieldType::kInt32:
      case FieldType::kInt64:
        return Integer(field, e, step);
      case FieldType::kDouble:
        return Float(field, e, step);
      case FieldType::kIntOrString:
        return IntOrString(e, step);
      case FieldType::kFieldsV1:
      case FieldType::kRawExtension:
      case FieldType::kJson:
        return Any(e);
      case FieldType::kStringList:
        return StringList(field, e, step);
      default:
        return type == JsonType::kText ? TextLeaf(field, In::Text(e)) : NumberLeaf(field, e, step);
    }
  }

  static bool FitsInt32(int64_t number) {
    return number >= std::numeric_limits<int32_t>::min() &&
           number <= std::numeric_limits<int32_t>::max();
  }

  bool Integer(const Field& field, Element e, const WalkStep& step) {
    const JsonType type = In::Type(e);
    if (type == JsonType::kInt && (field.type == FieldType::kInt64 || FitsInt32(In::Int(e)))) {
      builder_.push_int64(In::Int(e));
      return true;
    }
    if (!IsNumber(type)) return Mismatch(step, e, field.go_type);
    return Wrong(TypeMismatch(step, "number " + Number(e), field.go_type));
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

  bool Float(const Field& field, Element e, const WalkStep& step) {
    switch (In::Type(e)) {
      case JsonType::kInt:
        builder_.push_double(static_cast<double>(In::Int(e)));
        return true;
      case JsonType::kUint:
        builder_.push_double(static_cast<double>(In::Uint(e)));
        return true;
      case JsonType::kDouble:
        builder_.push_double(In::Double(e));
        return true;
      default:
        return Mismatch(step, e, field.go_type);
    }
  }

  bool IntOrString(Element e, const WalkStep& step) {
    const JsonType type = In::Type(e);
    if (type == JsonType::kText) {
      builder_.push_string(In::Text(e));
      return true;
    }
    if (!IsNumber(type)) return Mismatch(step, e, "int32");
    if (type != JsonType::kInt || !FitsInt32(In::Int(e))) {
      return Wrong(TypeMismatch(step, "number " + Number(e), "int32"));
    }
    builder_.push_int64(In::Int(e));
    return true;
  }

  bool StringList(const Field& field, Element e, const WalkStep& step) {
    if (In::Type(e) != JsonType::kArray) return Mismatch(step, e, field.go_type);
    size_t items = 0;
    const bool good = In::EachItem(e, [&](Element item) {
      const bool null = In::Type(item) == JsonType::kNull;  // stands for ""
      if (!null && In::Type(item) != JsonType::kText) return Mismatch(step, item, "string");
      builder_.push_string(null ? std::string_view() : In::Text(item));
      ++items;
      return true;
    });
    if (good) builder_.push_array(items);
    return good;
  }

  // A copy of a value without schema.
  bool Any(Element e) {
    switch (In::Type(e)) {
      case JsonType::kNull:
        builder_.push_null();
        return true;
      case JsonType::kBool:
        builder_.push_bool(In::Bool(e));
        return true;
      case JsonType::kInt:
        builder_.push_int64(In::Int(e));
        return true;
      case JsonType::kUint:
        builder_.push_uint64(In::Uint(e));
        return true;
      case JsonType::kDouble:
        builder_.push_double(In::Double(e));
        return true;
      case JsonType::kText:
        builder_.push_string(In::Text(e));
        return true;
      case JsonType::kArray:
      case JsonType::kObject:
        return AnyContainer(e);
    }
    return false;
  }

  bool AnyContainer(Element e) {
    size_t count = 0;
    if (In::Type(e) == JsonType::kArray) {
      const bool good = In::EachItem(e, [&](Element item) { return ++count, Any(item); });
      if (good) builder_.push_array(count);
      return good;
    }
    const bool good = In::EachMember(e, [&](std::string_view key, Element member) {
      builder_.push_key(key);
      return ++count, Any(member);
    });
    if (good) builder_.push_object(count);
    return good;
  }

  bool TextLeaf(const Field& field, std::string_view text) {
    std::string canonical;
    const Result<bool> changed = CanonicalLeaf(field.type, text, canonical);
    if (!changed) return Wrong(changed.error().message);
    builder_.push_string(*changed ? std::string_view(canonical) : text);
    return true;
  }

  // A leaf that is not a text in JSON: only quantities may be numbers.
  bool NumberLeaf(const Field& field, Element e, const WalkStep& step) {
    if (field.type == FieldType::kBytes) return Mismatch(step, e, field.go_type);
    if (field.type != FieldType::kQuantity) return Mismatch(step, e, "string");
    return TextLeaf(field, IsNumber(In::Type(e)) ? Number(e) : std::string(TypeWord(e)));
  }

  const Schema& schema_;
  const bool drop_empty_;
  Builder& builder_;
  std::vector<std::string> findings_;
  std::string error_;
};

}  // namespace fairway::kube
