// What the reference decoders of the Kubernetes project answer, Fairway answers.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "clusters/kube/schema/decode.h"
#include "clusters/kube/schema/leaf.h"
#include "clusters/kube/schema/protobuf.h"
#include "tests/clusters/kube/schema/vectors.h"

namespace fairway::kube {
namespace {

const KindInfo& KindOf(const Object& object) {
  std::string_view api_version = GetString(object, {"apiVersion"});
  std::string_view kind = GetString(object, {"kind"});
  if (api_version.empty()) api_version = "batch/v1";
  if (kind.empty()) kind = "Job";
  const size_t slash = api_version.find('/');
  const KindInfo* info = slash == std::string_view::npos
                             ? Schema::Builtin().FindKind("", api_version, kind)
                             : Schema::Builtin().FindKind(api_version.substr(0, slash),
                                                          api_version.substr(slash + 1), kind);
  EXPECT_NE(info, nullptr) << api_version << " " << kind;
  return info == nullptr ? Schema::Builtin().kinds().front() : *info;
}

// Sets the value at a JSON pointer that exists.
void Replace(Value& doc, std::string_view pointer, const Value& value) {
  boost::json::error_code error;
  Value* at = doc.find_pointer(pointer, error);
  ASSERT_NE(at, nullptr) << pointer;
  *at = value;
}

// A wrong value in any place of an object fails with the reference's very words, or passes where
// the reference lets it pass.
TEST(ReferenceTest, TypeErrorsReadAlike) {
  Value base;
  int compared = 0;
  for (const Value& line : ReadVectors("type_errors.jsonl")) {
    const Object& vector = line.get_object();
    if (const Value* next = Find(vector, "base")) {
      base = *next;
      continue;
    }
    Value changed = base;
    const std::string_view pointer = GetString(vector, {"pointer"});
    // The one difference on purpose: Go also takes bytes as an array of numbers.
    if (pointer == "/data/a" && vector.at("value").is_array()) continue;
    Replace(changed, pointer, vector.at("value"));
    const std::string body = Serialize(changed);
    const Result<Decoded> decoded =
        DecodeJson(Schema::Builtin(), KindOf(base.get_object()).message, body);
    EXPECT_EQ(decoded ? "" : decoded.error().message, GetString(vector, {"error"}))
        << pointer << " = " << Serialize(vector.at("value"));
    ++compared;
  }
  EXPECT_GT(compared, 1000);
}

// Objects, findings and errors of whole bodies. The reference writes null where Fairway leaves a
// field out, so its objects are decoded once more before they are compared.
TEST(ReferenceTest, BodiesDecodeAlike) {
  for (const Value& line : ReadVectors("decode.jsonl")) {
    const Object& vector = line.get_object();
    const std::string_view body = GetString(vector, {"body"});
    const Object* object = GetObject(vector, {"object"});
    const Result<Value> parsed = ParseJson(body);
    const TypeId type =
        KindOf(parsed && parsed->is_object() ? parsed->get_object() : Object{}).message;
    Result<Decoded> decoded = DecodeJson(Schema::Builtin(), type, body);
    EXPECT_EQ(decoded ? "" : decoded.error().message, GetString(vector, {"error"})) << body;
    if (!decoded || object == nullptr) continue;
    EXPECT_EQ(Serialize(boost::json::value_from(decoded->strict_findings)),
              Serialize(vector.at("findings")))
        << body;
    Result<Decoded> wanted = DecodeValue(Schema::Builtin(), type, vector.at("object"));
    ASSERT_TRUE(wanted.has_value()) << body;
    Object& got = decoded->document.get_object();
    for (const char* key : {"kind", "apiVersion"}) {
      if (Find(got, key) == nullptr && !GetString(*object, {key}).empty()) {
        got[key] = GetString(*object, {key});
      }
    }
    EXPECT_TRUE(Equal(decoded->document, wanted->document)) << Serialize(decoded->document) << "\n"
                                                            << Serialize(wanted->document);
  }
}

// Real protobuf bodies of every kind become the documents that the reference makes of them, and
// come back from our own encoding.
TEST(ReferenceTest, ProtobufDecodesAlike) {
  int compared = 0;
  for (const Value& line : ReadVectors("protobuf.jsonl")) {
    const Object& vector = line.get_object();
    const Object& object = *GetObject(vector, {"json"});
    const std::string_view kind_name = GetString(vector, {"kind"});
    if (kind_name.size() > 4 && kind_name.substr(kind_name.size() - 4) == "List") continue;
    const KindInfo& kind = KindOf(object);
    const Result<std::string> bytes = DecodeBase64(GetString(vector, {"protobuf"}));
    ASSERT_TRUE(bytes.has_value());
    const Result<Decoded> decoded = DecodeProtobufObject(Schema::Builtin(), kind, *bytes);
    ASSERT_TRUE(decoded.has_value()) << decoded.error().message;
    const Result<Decoded> wanted = DecodeValue(Schema::Builtin(), kind.message, vector.at("json"));
    ASSERT_TRUE(wanted.has_value()) << wanted.error().message;
    EXPECT_TRUE(Equal(decoded->document, wanted->document)) << Serialize(decoded->document) << "\n"
                                                            << Serialize(wanted->document);
    ++compared;
  }
  EXPECT_GT(compared, 80);
}

}  // namespace
}  // namespace fairway::kube
