#include <cstring>

#include "clusters/kube/schema/leaf.h"
#include "clusters/kube/schema/protobuf.h"
#include "clusters/kube/schema/wire.h"

namespace fairway::kube {
namespace {

void EncodeMessage(const Schema& schema, const MessageType& message, const Object& doc,
                   std::string& out);

std::string EncodeTime(std::string_view text, bool micro) {
  std::string out;
  const Result<TimeStamp> time = ParseTime(text, micro);
  if (!time) return out;
  AppendNumber(1, static_cast<uint64_t>(time->seconds), out);
  AppendNumber(2, static_cast<uint64_t>(time->nanos), out);
  return out;
}

std::string EncodeIntOrString(const Value& value) {
  std::string out;
  const bool text = value.is_string();
  AppendNumber(1, text ? 1 : 0, out);
  AppendNumber(2, value.is_int64() ? static_cast<uint64_t>(value.get_int64()) : 0, out);
  AppendBytes(3, TextOf(value), out);
  return out;
}

std::string EncodeStringList(const Value& value) {
  std::string out;
  if (!value.is_array()) return out;
  for (const Value& item : value.get_array()) AppendBytes(1, TextOf(item), out);
  return out;
}

// A leaf that is a length-delimited field.
std::string EncodeLeaf(FieldType type, const Value& value) {
  std::string out;
  switch (type) {
    case FieldType::kTime:
    case FieldType::kMicroTime:
      return EncodeTime(TextOf(value), type == FieldType::kMicroTime);
    case FieldType::kDuration: {
      const Result<int64_t> nanos = ParseDuration(TextOf(value));
      if (nanos) AppendNumber(1, static_cast<uint64_t>(*nanos), out);
      return out;
    }
    case FieldType::kQuantity:
      AppendBytes(1, TextOf(value), out);
      return out;
    case FieldType::kIntOrString:
      return EncodeIntOrString(value);
    case FieldType::kBytes:
      return DecodeBase64(TextOf(value)).value_or(std::string());
    case FieldType::kStringList:
      return EncodeStringList(value);
    case FieldType::kFieldsV1:
    case FieldType::kRawExtension:
    case FieldType::kJson:
      AppendBytes(1, Serialize(value), out);
      return out;
    default:
      return std::string(TextOf(value));
  }
}

void EncodeElement(const Schema& schema, const Field& field, uint32_t number, const Value& value,
                   std::string& out) {
  switch (field.type) {
    case FieldType::kBool:
      AppendNumber(number, value.is_bool() && value.get_bool() ? 1 : 0, out);
      return;
    case FieldType::kInt32:
    case FieldType::kInt64:
      AppendNumber(number, value.is_int64() ? static_cast<uint64_t>(value.get_int64()) : 0, out);
      return;
    case FieldType::kDouble: {
      const double real = value.is_double() ? value.get_double() : 0;
      uint64_t bits = 0;
      std::memcpy(&bits, &real, sizeof bits);
      AppendTag(number, WireType::kFixed64, out);
      for (int i = 0; i < 8; ++i) out += static_cast<char>(bits >> (8 * i));
      return;
    }
    case FieldType::kMessage: {
      std::string inner;
      if (value.is_object()) {
        EncodeMessage(schema, schema.message(field), value.get_object(), inner);
      }
      AppendBytes(number, inner, out);
      return;
    }
    case FieldType::kString:
      AppendBytes(number, TextOf(value), out);
      return;
    default:
      AppendBytes(number, EncodeLeaf(field.type, value), out);
      return;
  }
}

void EncodeField(const Schema& schema, const Field& field, const Value& value, std::string& out) {
  if (value.is_null()) return;
  if (field.shape == Shape::kOne) return EncodeElement(schema, field, field.number, value, out);
  if (field.shape == Shape::kList) {
    if (!value.is_array()) return;
    for (const Value& item : value.get_array()) {
      EncodeElement(schema, field, field.number, item, out);
    }
    return;
  }
  if (!value.is_object()) return;
  for (const auto& member : value.get_object()) {
    std::string entry;
    AppendBytes(1, {member.key().data(), member.key().size()}, entry);
    EncodeElement(schema, field, 2, member.value(), entry);
    AppendBytes(field.number, entry, out);
  }
}

void EncodeMessage(const Schema& schema, const MessageType& message, const Object& doc,
                   std::string& out) {
  for (const WireField& wire : message.wire) {
    if (wire.inlined != kNoType) {
      std::string inner;
      EncodeMessage(schema, schema.message(wire.inlined), doc, inner);
      AppendBytes(wire.number, inner, out);
      continue;
    }
    const Field& field = message.fields[wire.field];
    if (const Value* value = Find(doc, field.name)) EncodeField(schema, field, *value, out);
  }
}

}  // namespace

void EncodeProtobuf(const Schema& schema, TypeId type, const Object& doc, std::string& out) {
  EncodeMessage(schema, schema.message(type), doc, out);
}

std::string EncodeProtobufObject(const Schema& schema, TypeId type, std::string_view api_version,
                                 std::string_view kind, const Object& doc) {
  const std::string_view own_version = GetString(doc, {"apiVersion"});
  const std::string_view own_kind = GetString(doc, {"kind"});
  std::string type_meta;
  AppendBytes(1, own_version.empty() ? api_version : own_version, type_meta);
  AppendBytes(2, own_kind.empty() ? kind : own_kind, type_meta);
  std::string raw;
  EncodeProtobuf(schema, type, doc, raw);
  std::string out(kEnvelopeMagic);
  AppendBytes(1, type_meta, out);
  AppendBytes(2, raw, out);
  AppendBytes(3, "", out);
  AppendBytes(4, "", out);
  return out;
}

}  // namespace fairway::kube
