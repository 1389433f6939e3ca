#include <cstring>

#include "clusters/kube/errors.h"
#include "clusters/kube/schema/check_kind.h"
#include "clusters/kube/schema/leaf.h"
#include "clusters/kube/schema/protobuf.h"
#include "clusters/kube/schema/wire.h"
#include "scheduler/resources.h"

namespace fairway::kube {
namespace {

class ProtobufDecoder {
 public:
  ProtobufDecoder(const Schema& schema, StoragePtr storage)
      : schema_(schema), storage_(std::move(storage)) {}

  // `fill`: add the fields that are always written; not before the last part of an inlined message.
  bool Message(const MessageType& message, std::string_view bytes, int depth, Object& out,
               bool fill = true);
  Error TakeError() { return BadRequest(std::move(error_)); }

 private:
  bool Wrong(const Field& field, std::string_view what) {
    error_ = "protobuf: field " + std::string(field.name) + ": " + std::string(what);
    return false;
  }
  void FillEmpty(const MessageType& message, Object& out);
  bool FieldValue(const Field& field, const WireValue& wire, int depth, Object& out);
  bool ListItems(const Field& field, const WireValue& wire, int depth, Object& out);
  bool MapEntry(const Field& field, const WireValue& wire, int depth, Object& out);
  // One element of any shape. `present` stays false for null (an empty time).
  bool Element(const Field& field, const WireValue& wire, int depth, Value& out, bool& present);
  bool Text(const Field& field, std::string_view bytes, Value& out);
  bool Integer(const Field& field, uint64_t number, Value& out);
  bool Time(const Field& field, std::string_view bytes, Value& out, bool& present);
  bool Quantity(const Field& field, std::string_view bytes, Value& out);
  bool IntOrString(const Field& field, std::string_view bytes, Value& out);
  bool Duration(const Field& field, std::string_view bytes, Value& out);
  bool Raw(const Field& field, std::string_view bytes, int depth, Value& out, bool& present);
  bool StringList(const Field& field, std::string_view bytes, Value& out);
  bool Leaf(const Field& field, std::string_view bytes, int depth, Value& out, bool& present);

  const Schema& schema_;
  StoragePtr storage_;
  std::string error_;
};

bool IsVarint(FieldType type) {
  return type == FieldType::kBool || type == FieldType::kInt32 || type == FieldType::kInt64;
}

WireType WantedType(FieldType type) {
  if (IsVarint(type)) return WireType::kVarint;
  return type == FieldType::kDouble ? WireType::kFixed64 : WireType::kBytes;
}

bool IsProtobufZero(const Value& value) {
  if (value.is_string()) return value.get_string().empty();
  if (value.is_int64()) return value.get_int64() == 0;
  if (value.is_bool()) return !value.get_bool();
  return value.is_double() && value.get_double() == 0;
}

bool ProtobufDecoder::Message(const MessageType& message, std::string_view bytes, int depth,
                              Object& out, bool fill) {
  if (depth > kJsonDepthMax) {
    error_ = "protobuf: exceeded max depth";
    return false;
  }
  WireReader reader(bytes);
  WireValue wire;
  while (reader.Next(wire)) {
    const WireField* known = message.FindWire(wire.number);
    if (known == nullptr) continue;
    if (known->inlined == kNoType) {
      if (!FieldValue(message.fields[known->field], wire, depth, out)) return false;
    } else if (wire.type == WireType::kBytes) {
      if (!Message(schema_.message(known->inlined), wire.bytes, depth + 1, out, false)) {
        return false;
      }
    }
  }
  if (!reader.ok()) {
    error_ = "protobuf: malformed " + std::string(message.go_name);
    return false;
  }
  if (fill) FillEmpty(message, out);
  return true;
}

void ProtobufDecoder::FillEmpty(const MessageType& message, Object& out) {
  for (const uint16_t i : message.always) {
    const Field& field = message.fields[i];
    if (out.contains(field.name)) continue;
    Value& value = out[field.name];
    switch (field.type) {
      case FieldType::kMessage:
        FillEmpty(schema_.message(field), value.emplace_object());
        break;
      case FieldType::kBool:
        value = false;
        break;
      case FieldType::kString:
        value.emplace_string();
        break;
      case FieldType::kQuantity:
        value.emplace_string() = "0";
        break;
      case FieldType::kDouble:
        value = 0.0;
        break;
      default:
        value.emplace_int64() = 0;
        break;
    }
  }
}

bool ProtobufDecoder::FieldValue(const Field& field, const WireValue& wire, int depth,
                                 Object& out) {
  if (field.shape == Shape::kList) return ListItems(field, wire, depth, out);
  if (field.shape == Shape::kMap) return MapEntry(field, wire, depth, out);
  if (wire.type != WantedType(field.type)) return Wrong(field, "wrong wire type");
  if (field.is_message()) {
    // A message that comes twice is merged, as the wire format says.
    Value& value = out[field.name];
    Object& object = value.is_object() ? value.get_object() : value.emplace_object();
    return Message(schema_.message(field), wire.bytes, depth + 1, object);
  }
  Value value(storage_);
  bool present = true;
  if (!Element(field, wire, depth, value, present)) return false;
  const bool zero = IsVarint(field.type) || field.type == FieldType::kString ||
                            field.type == FieldType::kBytes || field.type == FieldType::kDouble
                        ? IsProtobufZero(value)
                        : false;
  if (!present || (zero && !field.pointer && !field.required)) {
    Erase(out, field.name);
  } else {
    out.insert_or_assign(field.name, std::move(value));
  }
  return true;
}

bool ProtobufDecoder::ListItems(const Field& field, const WireValue& wire, int depth, Object& out) {
  Value& value = out[field.name];
  Array& list = value.is_array() ? value.get_array() : value.emplace_array();
  if (IsVarint(field.type) && wire.type == WireType::kBytes) {  // packed
    WireReader reader(wire.bytes);
    while (!reader.empty()) {
      uint64_t number = 0;
      if (!reader.Varint(number)) return Wrong(field, "malformed packed list");
      list.emplace_back(nullptr);
      if (!Integer(field, number, list.back())) return false;
    }
    return true;
  }
  if (wire.type != WantedType(field.type)) return Wrong(field, "wrong wire type");
  list.emplace_back(nullptr);
  bool present = true;
  return Element(field, wire, depth, list.back(), present);
}

bool ProtobufDecoder::MapEntry(const Field& field, const WireValue& wire, int depth, Object& out) {
  if (wire.type != WireType::kBytes) return Wrong(field, "wrong wire type");
  WireReader reader(wire.bytes);
  WireValue part;
  std::string_view key("");
  WireValue value_part;
  value_part.type = WantedType(field.type);  // a missing value is the zero value
  while (reader.Next(part)) {
    if (part.number == 1 && part.type == WireType::kBytes) key = part.bytes;
    if (part.number == 2) value_part = part;
  }
  if (!reader.ok()) return Wrong(field, "malformed map entry");
  if (value_part.type != WantedType(field.type)) return Wrong(field, "wrong wire type");
  if (!IsUtf8(key)) return Wrong(field, "invalid UTF-8");
  Value& map_value = out[field.name];
  Object& map = map_value.is_object() ? map_value.get_object() : map_value.emplace_object();
  Value value(storage_);
  bool present = true;
  if (!Element(field, value_part, depth, value, present)) return false;
  map.insert_or_assign(key, std::move(value));
  return true;
}

bool ProtobufDecoder::Element(const Field& field, const WireValue& wire, int depth, Value& out,
                              bool& present) {
  switch (field.type) {
    case FieldType::kMessage:
      return Message(schema_.message(field), wire.bytes, depth + 1, out.emplace_object());
    case FieldType::kBool:
    case FieldType::kInt32:
    case FieldType::kInt64:
      return Integer(field, wire.number_value, out);
    case FieldType::kDouble: {
      double number = 0;
      static_assert(sizeof number == sizeof wire.number_value);
      std::memcpy(&number, &wire.number_value, sizeof number);
      out.emplace_double() = number;
      return true;
    }
    default:
      return Leaf(field, wire.bytes, depth, out, present);
  }
}

bool ProtobufDecoder::Leaf(const Field& field, std::string_view bytes, int depth, Value& out,
                           bool& present) {
  switch (field.type) {
    case FieldType::kBytes: {
      const std::string text = EncodeBase64(bytes);
      out.emplace_string().assign(text.data(), text.size());
      return true;
    }
    case FieldType::kTime:
    case FieldType::kMicroTime:
      return Time(field, bytes, out, present);
    case FieldType::kDuration:
      return Duration(field, bytes, out);
    case FieldType::kQuantity:
      return Quantity(field, bytes, out);
    case FieldType::kIntOrString:
      return IntOrString(field, bytes, out);
    case FieldType::kFieldsV1:
    case FieldType::kRawExtension:
    case FieldType::kJson:
      return Raw(field, bytes, depth, out, present);
    case FieldType::kStringList:
      return StringList(field, bytes, out);
    default:
      return Text(field, bytes, out);
  }
}

bool ProtobufDecoder::Text(const Field& field, std::string_view bytes, Value& out) {
  if (!IsUtf8(bytes)) return Wrong(field, "invalid UTF-8");
  out.emplace_string().assign(bytes.data(), bytes.size());
  return true;
}

bool ProtobufDecoder::Integer(const Field& field, uint64_t number, Value& out) {
  if (field.type == FieldType::kBool) {
    out.emplace_bool() = number != 0;
  } else if (field.type == FieldType::kInt32) {
    out.emplace_int64() = static_cast<int32_t>(number);  // the low 32 bits, as the format says
  } else {
    out.emplace_int64() = static_cast<int64_t>(number);
  }
  return true;
}

bool ProtobufDecoder::Time(const Field& field, std::string_view bytes, Value& out, bool& present) {
  if (bytes.empty()) {
    present = false;
    return true;
  }
  WireReader reader(bytes);
  WireValue part;
  TimeStamp time;
  while (reader.Next(part)) {
    if (part.type != WireType::kVarint) continue;
    if (part.number == 1) time.seconds = static_cast<int64_t>(part.number_value);
    if (part.number == 2) time.nanos = static_cast<int32_t>(part.number_value);
  }
  const bool micro = field.type == FieldType::kMicroTime;
  std::string text;
  if (!reader.ok() || time.nanos < 0 || time.nanos > 999'999'999 ||
      !FormatTime(time, micro, text)) {
    return Wrong(field, "malformed time");
  }
  out.emplace_string().assign(text.data(), text.size());
  return true;
}

bool ProtobufDecoder::Duration(const Field& field, std::string_view bytes, Value& out) {
  WireReader reader(bytes);
  WireValue part;
  int64_t nanos = 0;
  while (reader.Next(part)) {
    if (part.number == 1) nanos = static_cast<int64_t>(part.number_value);
  }
  if (!reader.ok()) return Wrong(field, "malformed duration");
  const std::string text = FormatDuration(nanos);
  out.emplace_string().assign(text.data(), text.size());
  return true;
}

bool ProtobufDecoder::Quantity(const Field& field, std::string_view bytes, Value& out) {
  WireReader reader(bytes);
  WireValue part;
  std::string_view text = "0";
  while (reader.Next(part)) {
    if (part.number == 1 && part.type == WireType::kBytes) text = part.bytes;
  }
  if (!reader.ok()) return Wrong(field, "malformed quantity");
  if (IsSimpleQuantity(text)) {
    out.emplace_string().assign(text.data(), text.size());
    return true;
  }
  const Result<std::string> canonical = scheduler::CanonicalQuantity(text);
  if (!canonical) return Wrong(field, canonical.error().message);
  out.emplace_string().assign(canonical->data(), canonical->size());
  return true;
}

bool ProtobufDecoder::IntOrString(const Field& field, std::string_view bytes, Value& out) {
  WireReader reader(bytes);
  WireValue part;
  uint64_t type = 0;
  int32_t number = 0;
  std::string_view text;
  while (reader.Next(part)) {
    if (part.number == 1) type = part.number_value;
    if (part.number == 2) number = static_cast<int32_t>(part.number_value);
    if (part.number == 3) text = part.bytes;
  }
  if (!reader.ok()) return Wrong(field, "malformed number or text");
  if (type == 1) return Text(field, text, out);
  out.emplace_int64() = number;
  return true;
}

bool ProtobufDecoder::Raw(const Field& field, std::string_view bytes, int depth, Value& out,
                          bool& present) {
  WireReader reader(bytes);
  WireValue part;
  std::string_view raw;
  while (reader.Next(part)) {
    if (part.number == 1 && part.type == WireType::kBytes) raw = part.bytes;
  }
  if (!reader.ok()) return Wrong(field, "malformed raw value");
  if (raw.empty()) {
    present = false;
    return true;
  }
  if (IsProtobuf(raw)) {  // an object in its own envelope: the object of a watch event
    const Result<ProtobufEnvelope> envelope = ReadProtobufEnvelope(raw);
    if (!envelope) return Wrong(field, envelope.error().message);
    const auto [group, version] = SplitApiVersion(envelope->api_version);
    const KindInfo* kind = schema_.FindKind(group, version, envelope->kind);
    if (kind == nullptr) return Wrong(field, "unknown kind");
    Object& object = out.emplace_object();
    object["kind"] = kind->kind;
    object["apiVersion"] = kind->api_version();
    return Message(schema_.message(kind->message), envelope->raw, depth + 1, object);
  }
  Result<Value> value = ParseJson(raw, storage_);
  if (!value) return Wrong(field, value.error().message);
  out = std::move(*value);
  return true;
}

bool ProtobufDecoder::StringList(const Field& field, std::string_view bytes, Value& out) {
  Array& list = out.emplace_array();
  WireReader reader(bytes);
  WireValue part;
  while (reader.Next(part)) {
    if (part.number != 1 || part.type != WireType::kBytes) continue;
    list.emplace_back(nullptr);
    if (!Text(field, part.bytes, list.back())) return false;
  }
  return reader.ok() || Wrong(field, "malformed list of texts");
}

}  // namespace

bool IsProtobuf(std::string_view body) {
  return body.substr(0, kEnvelopeMagic.size()) == kEnvelopeMagic;
}

Result<ProtobufEnvelope> ReadProtobufEnvelope(std::string_view body) {
  if (!IsProtobuf(body)) {
    return Fail(
        BadRequest("provided data does not appear to be a protobuf message, expected "
                   "prefix [107 56 115 0]"));
  }
  ProtobufEnvelope envelope;
  WireReader reader(body.substr(kEnvelopeMagic.size()));
  WireValue part;
  while (reader.Next(part)) {
    if (part.type != WireType::kBytes) continue;
    if (part.number == 1) {
      WireReader type_meta(part.bytes);
      WireValue name;
      while (type_meta.Next(name)) {
        if (name.number == 1) envelope.api_version = name.bytes;
        if (name.number == 2) envelope.kind = name.bytes;
      }
      if (!type_meta.ok()) return Fail(BadRequest("protobuf: malformed envelope"));
    }
    if (part.number == 2) envelope.raw = part.bytes;
    if (part.number == 3) envelope.content_encoding = part.bytes;
    if (part.number == 4) envelope.content_type = part.bytes;
  }
  if (!reader.ok() || !IsUtf8(envelope.api_version) || !IsUtf8(envelope.kind)) {
    return Fail(BadRequest("protobuf: malformed envelope"));
  }
  return envelope;
}

Result<Value> DecodeProtobuf(const Schema& schema, TypeId type, std::string_view message,
                             const DecodeOptions& options) {
  ProtobufDecoder decoder(schema, options.storage);
  Value document(Object(options.storage));
  if (!decoder.Message(schema.message(type), message, 0, document.get_object())) {
    return Fail(decoder.TakeError());
  }
  return document;
}

Result<Decoded> DecodeProtobufObject(const Schema& schema, const KindInfo& kind,
                                     std::string_view body, const DecodeOptions& options) {
  const Result<ProtobufEnvelope> envelope = ReadProtobufEnvelope(body);
  if (!envelope) return Fail(Unrecognized(kind, envelope.error().message, body));
  if (!envelope->content_encoding.empty()) {
    return Fail(Unrecognized(kind, "protobuf: unsupported content encoding", body));
  }
  Decoded decoded{Value(Object(options.storage)), {}};
  Object& object = decoded.document.get_object();
  if (schema.message(kind.message).Find("kind") != nullptr) {
    object["kind"] = envelope->kind;
    object["apiVersion"] = envelope->api_version;
  }
  Status fits = CheckKind(schema, kind, body, object);
  if (!fits) return Fail(std::move(fits.error()));
  ProtobufDecoder decoder(schema, options.storage);
  if (!decoder.Message(schema.message(kind.message), envelope->raw, 0, object)) {
    return Fail(CannotBeHandled(kind.kind, kind.version, kind, decoder.TakeError().message));
  }
  return decoded;
}

}  // namespace fairway::kube
