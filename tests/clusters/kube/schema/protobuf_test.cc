#include "clusters/kube/schema/protobuf.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "clusters/kube/schema/leaf.h"
#include "clusters/kube/schema/wire.h"
#include "tests/clusters/kube/kinds/kind_testing.h"
#include "tests/clusters/kube/schema/vectors.h"

namespace fairway::kube {
namespace {

using testing::Jobs;

// A body of kind `kind` around `raw`.
std::string Envelope(std::string_view raw, std::string_view kind = "Job") {
  std::string type_meta;
  AppendBytes(1, "batch/v1", type_meta);
  AppendBytes(2, kind, type_meta);
  std::string out("k8s\0", 4);
  AppendBytes(1, type_meta, out);
  AppendBytes(2, raw, out);
  return out;
}

std::string ProtobufMistake(std::string_view body) {
  const Result<Decoded> decoded = DecodeProtobufObject(Schema::Builtin(), Jobs(), body);
  return decoded ? "none" : decoded.error().message;
}

std::string Message(uint32_t number, std::string_view bytes) {
  std::string out;
  AppendBytes(number, bytes, out);
  return out;
}

// What our encoder writes, the decoder reads back, for every kind's real objects: lists too.
TEST(ProtobufTest, EncodingRoundTrips) {
  int compared = 0;
  for (const Value& line : ReadVectors("protobuf.jsonl")) {
    const Object& vector = line.get_object();
    const Result<std::string> bytes = DecodeBase64(GetString(vector, {"protobuf"}));
    const Result<ProtobufEnvelope> envelope = ReadProtobufEnvelope(*bytes);
    ASSERT_TRUE(envelope.has_value());
    const std::string_view api_version = envelope->api_version;
    const size_t slash = api_version.find('/');
    const std::string_view group =
        slash == std::string_view::npos ? "" : api_version.substr(0, slash);
    std::string_view kind_name = envelope->kind;
    const bool list = kind_name.size() > 4 && kind_name.substr(kind_name.size() - 4) == "List";
    if (list) kind_name.remove_suffix(4);
    const KindInfo* kind = Schema::Builtin().FindKind(
        group, slash == std::string_view::npos ? api_version : api_version.substr(slash + 1),
        kind_name);
    ASSERT_NE(kind, nullptr) << envelope->kind;
    const std::string name(Schema::Builtin().message(kind->message).name);
    const MessageType* message = Schema::Builtin().FindMessage(list ? name + "List" : name);
    ASSERT_NE(message, nullptr) << name;
    const Result<Value> first = DecodeProtobuf(Schema::Builtin(), message->id, envelope->raw);
    ASSERT_TRUE(first.has_value()) << first.error().message;
    const std::string again = EncodeProtobufObject(Schema::Builtin(), message->id, api_version,
                                                   envelope->kind, first->get_object());
    const Result<ProtobufEnvelope> second_envelope = ReadProtobufEnvelope(again);
    ASSERT_TRUE(second_envelope.has_value());
    EXPECT_EQ(second_envelope->kind, envelope->kind);
    const Result<Value> second =
        DecodeProtobuf(Schema::Builtin(), message->id, second_envelope->raw);
    ASSERT_TRUE(second.has_value()) << second.error().message;
    EXPECT_TRUE(Equal(*first, *second)) << Serialize(*first) << "\n" << Serialize(*second);
    ++compared;
  }
  EXPECT_GT(compared, 100);
}

// A cut at any byte is an error or a shorter object, never more than that.
TEST(ProtobufTest, SurvivesCutsAndFlips) {
  int refused = 0;
  for (const Value& line : ReadVectors("protobuf.jsonl")) {
    if (GetString(line, {"kind"}) != "Job") continue;
    const std::string bytes = *DecodeBase64(GetString(line, {"protobuf"}));
    for (size_t cut = 0; cut < bytes.size(); ++cut) {
      refused += ProtobufMistake(std::string_view(bytes).substr(0, cut)) != "none";
      std::string flipped = bytes;
      flipped[cut] = static_cast<char>(flipped[cut] ^ 0x81);
      refused += ProtobufMistake(flipped) != "none";
    }
  }
  EXPECT_GT(refused, 1000);
}

TEST(ProtobufTest, SkipsUnknownFieldsAndGroups) {
  std::string raw;
  AppendNumber(999, 7, raw);
  AppendTag(50, WireType::kGroupBegin, raw);
  AppendNumber(1, 7, raw);
  AppendTag(50, WireType::kGroupEnd, raw);
  raw += Message(1, Message(1, "name"));
  const auto decoded = DecodeProtobufObject(Schema::Builtin(), Jobs(), Envelope(raw));
  ASSERT_TRUE(decoded.has_value()) << decoded.error().message;
  EXPECT_EQ(GetString(decoded->document, {"metadata", "name"}), "name");
}

// Zero values of plain fields mean unset; those behind pointers are kept.
TEST(ProtobufTest, TreatsZerosAsTheApiServerDoes) {
  std::string spec, pod_spec;
  AppendNumber(1, 0, spec);       // parallelism, a pointer
  AppendNumber(11, 0, pod_spec);  // hostNetwork, none
  AppendBytes(3, "", pod_spec);   // restartPolicy, none
  AppendBytes(6, Message(2, pod_spec), spec);
  const auto decoded = DecodeProtobufObject(Schema::Builtin(), Jobs(), Envelope(Message(2, spec)));
  ASSERT_TRUE(decoded.has_value()) << decoded.error().message;
  EXPECT_EQ(Serialize(*FindPath(decoded->document, {"spec"})),
            R"({"parallelism":0,"template":{"spec":{},"metadata":{}}})");
}

TEST(ProtobufTest, RefusesWhatDoesNotFit) {
  EXPECT_THAT(ProtobufMistake("k8s"),
              ::testing::HasSubstr("does not appear to be a protobuf message"));
  EXPECT_THAT(ProtobufMistake(Envelope("", "CronJob")), ::testing::HasSubstr("unknown conversion"));
  EXPECT_THAT(ProtobufMistake(Envelope("\x0a\x7f")), ::testing::HasSubstr("malformed Job"));
  std::string wrong_type;
  AppendNumber(1, 1, wrong_type);
  EXPECT_THAT(ProtobufMistake(Envelope(wrong_type)), ::testing::HasSubstr("wrong wire type"));
  EXPECT_THAT(ProtobufMistake(Envelope(Message(1, Message(1, "\xff")))),
              ::testing::HasSubstr("invalid UTF-8"));
  EXPECT_THAT(ProtobufMistake(Envelope(Message(1, Message(1, "\xe2\x82")))),
              ::testing::HasSubstr("invalid UTF-8"));
}

// Fuzzing found: a map entry without a key has the empty key.
TEST(ProtobufTest, TakesMapEntriesWithoutKey) {
  const auto decoded = DecodeProtobufObject(Schema::Builtin(), Jobs(),
                                            Envelope(Message(1, Message(11, Message(2, "v")))));
  ASSERT_TRUE(decoded.has_value()) << decoded.error().message;
  EXPECT_EQ(Serialize(*FindPath(decoded->document, {"metadata", "labels"})), R"({"":"v"})");
}

// The object of a watch event comes in an envelope of its own.
TEST(ProtobufTest, DecodesWatchEvents) {
  const std::string job = Envelope(Message(1, Message(1, "a")));
  std::string event;
  AppendBytes(1, "ADDED", event);
  AppendBytes(2, Message(1, job), event);
  const MessageType& type = *Schema::Builtin().FindMessage("meta/v1.WatchEvent");
  const Result<Value> decoded = DecodeProtobuf(Schema::Builtin(), type.id, event);
  ASSERT_TRUE(decoded.has_value()) << decoded.error().message;
  EXPECT_EQ(GetString(*decoded, {"type"}), "ADDED");
  EXPECT_EQ(GetString(*decoded, {"object", "kind"}), "Job");
  EXPECT_EQ(GetString(*decoded, {"object", "metadata", "name"}), "a");
}

}  // namespace
}  // namespace fairway::kube
