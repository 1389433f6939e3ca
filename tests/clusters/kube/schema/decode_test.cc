#include "clusters/kube/schema/decode.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/clusters/kube/kinds/kind_testing.h"

namespace fairway::kube {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::Jobs;

Result<Decoded> DecodeJob(std::string_view json, DecodeOptions options = {}) {
  return DecodeObject(Schema::Builtin(), Jobs(), json, options);
}

// The document that `json` decodes to, as text, with nothing left out or added for being empty.
std::string DocumentOf(std::string_view json, DecodeOptions options = {.drop_empty = false}) {
  const Result<Decoded> decoded = DecodeJob(json, options);
  return decoded ? Serialize(decoded->document) : "error: " + decoded.error().message;
}

std::vector<std::string> FindingsOf(std::string_view json) {
  const Result<Decoded> decoded = DecodeJob(json);
  EXPECT_TRUE(decoded.has_value());
  return decoded ? decoded->strict_findings : std::vector<std::string>{};
}

std::string ErrorOf(std::string_view json) {
  const Result<Decoded> decoded = DecodeJob(json);
  return decoded ? "no error" : decoded.error().message;
}

// A usual manifest comes out as it went in, in its own order.
TEST(DecodeTest, KeepsAWellFormedJob) {
  constexpr std::string_view kJob =
      R"({"apiVersion":"batch/v1","kind":"Job","metadata":{"name":"a","labels":{"b":"c"}},)"
      R"("spec":{"parallelism":0,"template":{"spec":{"restartPolicy":"Never",)"
      R"("containers":[{"name":"c","image":"i","resources":{"limits":{"cpu":"500m"}}}]}}}})";
  EXPECT_EQ(DocumentOf(kJob), kJob);
  EXPECT_THAT(FindingsOf(kJob), IsEmpty());
}

// Unknown fields are dropped and named with their index; case counts.
TEST(DecodeTest, DropsAndReportsUnknownFields) {
  constexpr std::string_view kJob =
      R"({"kind":"Job","apiVersion":"batch/v1","x":1,"spec":{"Parallelism":3,)"
      R"("template":{"spec":{"containers":[{"name":"a"},{"name":"b","foo":{}}]}}}})";
  EXPECT_THAT(FindingsOf(kJob),
              ElementsAre("unknown field \"x\"", "unknown field \"spec.Parallelism\"",
                          "unknown field \"spec.template.spec.containers[1].foo\""));
  EXPECT_EQ(DocumentOf(kJob), R"({"kind":"Job","apiVersion":"batch/v1","spec":{"template":{"spec":)"
                              R"({"containers":[{"name":"a"},{"name":"b"}]}}}})");
}

TEST(DecodeTest, ReportsDuplicatesAndTakesTheLast) {
  constexpr std::string_view kJob =
      R"({"kind":"Job","apiVersion":"batch/v1","metadata":{"labels":{"a":"1","a":"2"}},)"
      R"("spec":{"parallelism":1,"parallelism":2}})";
  EXPECT_THAT(FindingsOf(kJob), ElementsAre("duplicate field \"metadata.labels.a\"",
                                            "duplicate field \"spec.parallelism\""));
  EXPECT_EQ(DocumentOf(kJob),
            R"({"kind":"Job","apiVersion":"batch/v1","metadata":{"labels":{"a":"2"}},)"
            R"("spec":{"parallelism":2}})");
}

// null means unset. What Go leaves out goes, and what Go always writes is added, so that objects
// are equal however they were sent; a caller that must see what was sent gets just that.
TEST(DecodeTest, WritesObjectsAsGoDoes) {
  constexpr std::string_view kJob =
      R"({"kind":"Job","apiVersion":"batch/v1","metadata":{"creationTimestamp":null,"labels":{}},)"
      R"("spec":{"suspend":false,"template":{"spec":{"hostNetwork":false,)"
      R"("nodeName":"","containers":[{"image":"i"}],"volumes":[]}}}})";
  EXPECT_EQ(DocumentOf(kJob, {}),
            R"({"kind":"Job","apiVersion":"batch/v1","metadata":{},"spec":{"suspend":false,)"
            R"("template":{"spec":{"containers":[{"image":"i","name":"","resources":{}}]},)"
            R"("metadata":{}}},"status":{}})");
  EXPECT_EQ(DocumentOf(kJob), R"({"kind":"Job","apiVersion":"batch/v1","metadata":{"labels":{}},)"
                              R"("spec":{"suspend":false,"template":{"spec":{"hostNetwork":false,)"
                              R"("nodeName":"","containers":[{"image":"i"}],"volumes":[]}}}})");
}

// Type mistakes fail in the words that users and client libraries know.
TEST(DecodeTest, NamesTypeMistakesAsTheApiServerDoes) {
  const std::string prefix = "Job in version \"v1\" cannot be handled as a Job: ";
  EXPECT_EQ(ErrorOf(R"({"spec":{"parallelism":"3"}})"),
            prefix +
                "json: cannot unmarshal string into Go struct field "
                "JobSpec.spec.parallelism of type int32");
  EXPECT_EQ(ErrorOf(R"({"spec":{"parallelism":3000000000}})"),
            prefix +
                "json: cannot unmarshal number 3000000000 into Go struct field "
                "JobSpec.spec.parallelism of type int32");
  EXPECT_EQ(ErrorOf(R"({"spec":{"template":{"spec":{"containers":[{"image":1}]}}}})"),
            prefix +
                "json: cannot unmarshal number into Go struct field "
                "Container.spec.template.spec.containers.image of type string");
  EXPECT_EQ(ErrorOf(R"({"spec":{"template":{"spec":{"containers":{}}}}})"),
            prefix +
                "json: cannot unmarshal object into Go struct field "
                "PodSpec.spec.template.spec.containers of type []v1.Container");
  EXPECT_EQ(ErrorOf(R"({"metadata":{"labels":{"a":1}}})"),
            prefix +
                "json: cannot unmarshal number into Go struct field "
                "ObjectMeta.metadata.labels of type string");
  EXPECT_EQ(ErrorOf(R"({"metadata":{"creationTimestamp":"now"}})"),
            prefix +
                "parsing time \"now\" as \"2006-01-02T15:04:05Z07:00\": cannot parse \"now\" "
                "as \"2006\"");
}

TEST(DecodeTest, CanonicalisesTimesAndQuantities) {
  EXPECT_EQ(DocumentOf(R"({"kind":"Job","apiVersion":"batch/v1","metadata":)"
                       R"({"creationTimestamp":"2024-02-29T01:00:00.5+02:00"}})"),
            R"({"kind":"Job","apiVersion":"batch/v1","metadata":)"
            R"({"creationTimestamp":"2024-02-28T23:00:00Z"}})");
  const std::string with_quantities =
      DocumentOf(R"({"spec":{"template":{"spec":{"containers":[{"name":"c","resources":{"limits":)"
                 R"({"cpu":0.5,"memory":"1024Ki","a":"1000m","b":"7"}}}]}}}})");
  EXPECT_THAT(with_quantities,
              ::testing::HasSubstr(R"("limits":{"cpu":"500m","memory":"1Mi","a":"1","b":"7"})"));
}

TEST(DecodeTest, RefusesMalformedBodiesWithGoMessages) {
  EXPECT_EQ(ErrorOf(R"({"spec":)"),
            "the object provided is unrecognized (must be of type Job): couldn't get version/kind; "
            "json parse error: unexpected end of JSON input ({\"spec\":)");
  EXPECT_EQ(ErrorOf("hello"),
            "the object provided is unrecognized (must be of type Job): couldn't get version/kind; "
            "json parse error: invalid character 'h' looking for beginning of value (68656c6c6f)");
  EXPECT_EQ(ErrorOf(R"({"a":1,})"),
            "the object provided is unrecognized (must be of type Job): couldn't get version/kind; "
            "json parse error: invalid character '}' looking for beginning of object key string "
            "({\"a\":1,})");
}

// kind and apiVersion come from the URL when the body has none; a body of another kind is refused.
TEST(DecodeTest, ChecksTheKind) {
  EXPECT_EQ(DocumentOf("{}"), R"({"kind":"Job","apiVersion":"batch/v1"})");
  EXPECT_EQ(ErrorOf(R"({"kind":"CronJob","apiVersion":"batch/v1"})"),
            "CronJob in version \"v1\" cannot be handled as a Job: converting (v1.CronJob) to "
            "(batch.Job): unknown conversion");
  const KindInfo& clusters =
      *Schema::Builtin().FindResource("fairway.flext.sh", "v1alpha1", "clusters");
  EXPECT_FALSE(DecodeObject(Schema::Builtin(), clusters, "{}").has_value());
  EXPECT_TRUE(DecodeObject(Schema::Builtin(), clusters,
                           R"({"kind":"Cluster","apiVersion":"fairway.flext.sh/v1alpha1"})")
                  .has_value());
}

// Fuzzing found: a message without kind and apiVersion gets none.
TEST(DecodeTest, LeavesMessagesWithoutKindAlone) {
  const KindInfo& event = *Schema::Builtin().FindKind("", "v1", "WatchEvent");
  const auto decoded = DecodeObject(Schema::Builtin(), event, R"({"type":"ADDED"})");
  ASSERT_TRUE(decoded.has_value()) << decoded.error().message;
  EXPECT_EQ(Serialize(decoded->document), R"({"type":"ADDED"})");
}

// A document that was parsed elsewhere is held to the same rules.
TEST(DecodeTest, DecodesDocuments) {
  const Result<Value> value = ParseJson(R"({"spec":{"parallelism":1,"foo":1,"completions":null}})");
  ASSERT_TRUE(value.has_value());
  const Result<Decoded> decoded =
      DecodeValue(Schema::Builtin(), Jobs().message, *value, {.drop_empty = false});
  ASSERT_TRUE(decoded.has_value());
  EXPECT_EQ(Serialize(decoded->document), R"({"spec":{"parallelism":1}})");
  EXPECT_THAT(decoded->strict_findings, ElementsAre("unknown field \"spec.foo\""));
}

TEST(DecodeTest, StrictErrorListsTheFindings) {
  EXPECT_EQ(
      StrictError(Jobs(), {"unknown field \"spec.foo\"", "duplicate field \"spec.x\""}).message,
      "Job in version \"v1\" cannot be handled as a Job: strict decoding error: unknown field "
      "\"spec.foo\", duplicate field \"spec.x\"");
}

// Depth is bounded, whatever the schema allows.
TEST(DecodeTest, BoundsDepthAndFindings) {
  std::string deep = R"({"metadata":{"managedFields":[{"fieldsV1":)";
  for (int i = 0; i < 1000; ++i) deep += R"({"f:a":)";
  deep += "{}";
  deep.append(1000, '}');
  deep += "}]}}";
  EXPECT_THAT(ErrorOf(deep), ::testing::HasSubstr("exceeded max depth"));

  std::string wide = R"({"spec":{)";
  for (int i = 0; i < 1000; ++i) wide += (i ? ",\"u" : "\"u") + std::to_string(i) + "\":1";
  wide += "}}";
  EXPECT_EQ(FindingsOf(wide).size(), kFindingsMax);
}

}  // namespace
}  // namespace fairway::kube
