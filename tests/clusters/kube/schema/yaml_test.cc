#include "clusters/kube/schema/yaml.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/clusters/kube/schema/vectors.h"

namespace fairway::kube {
namespace {

std::string YamlMistake(std::string_view text) {
  const Result<Value> value = ParseYaml(text);
  return value ? "none: " + Serialize(*value) : value.error().message;
}

// Scalars, keys, anchors and merges become what the reference conversion makes of them.
// Found by fuzzing: a document that no JSON parser takes back would have been stored.
TEST(YamlTest, EscapesThatAreNotUtf8AreRefused) {
  EXPECT_FALSE(ParseYaml("a: \"\\N\"").has_value());
  EXPECT_FALSE(ParseYaml("a: \"\\_\"").has_value());
  EXPECT_TRUE(ParseYaml("a: \"\\u0085\"").has_value());
}

TEST(YamlTest, ConvertsAsTheReferenceDoes) {
  int compared = 0;
  for (const Value& line : ReadVectors("yaml.jsonl")) {
    const Object& vector = line.get_object();
    const std::string_view text = GetString(vector, {"yaml"});
    const Result<Value> value = ParseYaml(text);
    EXPECT_EQ(!value.has_value(), Get<bool>(vector, {"fails"}).value()) << text;
    if (!value || !vector.contains("json")) continue;
    EXPECT_TRUE(Equal(*value, vector.at("json"))) << text << Serialize(*value) << "\n"
                                                  << Serialize(vector.at("json"));
    ++compared;
  }
  EXPECT_GE(compared, 20);
}

TEST(YamlTest, ReadsStreams) {
  const auto documents = ParseYamlStream("---\na: 1\n---\n# nothing\n---\nb: 2\n...\n");
  ASSERT_TRUE(documents.has_value());
  ASSERT_EQ(documents->size(), 2u);
  EXPECT_EQ(Serialize((*documents)[0]), R"({"a":1})");
  EXPECT_EQ(Serialize((*documents)[1]), R"({"b":2})");
  EXPECT_FALSE(ParseYaml("a: 1\n---\nb: 2\n").has_value());
}

TEST(YamlTest, NamesTheLineOfAMistake) {
  EXPECT_EQ(YamlMistake("a: 1\nb: 2\na: 3\n"),
            "error converting YAML to JSON: yaml: line 3: key \"a\" already set in map");
  EXPECT_THAT(YamlMistake("a: 1\nb: [1,\n"), ::testing::HasSubstr("yaml: line "));
}

// Small texts that would become large documents are refused.
TEST(YamlTest, BoundsAliasesDepthAndSize) {
  std::string bomb = "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n";
  for (int i = 1; i < 12; ++i) {
    const std::string before = "*a" + std::to_string(i - 1);
    bomb += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + before;
    for (int k = 0; k < 9; ++k) bomb += "," + before;
    bomb += "]\n";
  }
  EXPECT_THAT(YamlMistake(bomb), ::testing::HasSubstr("excessive aliasing"));
  EXPECT_THAT(YamlMistake("a: &a [*a]\n"), ::testing::HasSubstr("contains itself"));
  EXPECT_THAT(YamlMistake("a: \xf6\n"), ::testing::HasSubstr("invalid UTF-8"));
  EXPECT_THAT(YamlMistake(std::string_view("a\0\0\0: b", 7)),
              ::testing::HasSubstr("control characters"));
  EXPECT_FALSE(ParseYaml(std::string(5000, '[')).has_value());
  EXPECT_FALSE(ParseYaml(std::string(200, '[') + std::string(200, ']')).has_value());
  EXPECT_FALSE(ParseYaml(std::string(kYamlBytesMax + 1, ' ')).has_value());
}

// Fuzzing found: a token that begins no document kept the parser in place for ever.
TEST(YamlTest, EndsOnTokensThatBeginNothing) {
  EXPECT_THAT(YamlMistake(",?falsexi:."), ::testing::HasSubstr("expected node content"));
  for (const char* text : {",", "]", "}", ", a", "a: 1\n---\n]\n", "]]]]"}) {
    EXPECT_FALSE(ParseYaml(text).has_value()) << text;
  }
}

// A manifest decodes as its JSON does, and JSON is taken as it is.
TEST(YamlTest, DecodesObjects) {
  const Schema& schema = Schema::Builtin();
  const KindInfo& jobs = *schema.FindResource("batch", "v1", "jobs");
  const auto yaml = DecodeYamlObject(
      schema, jobs, "apiVersion: batch/v1\nkind: Job\nspec:\n  parallelism: 2\n  foo: 1\n");
  ASSERT_TRUE(yaml.has_value()) << yaml.error().message;
  const auto json = DecodeYamlObject(
      schema, jobs, R"( {"apiVersion":"batch/v1","kind":"Job","spec":{"parallelism":2,"foo":1}})");
  ASSERT_TRUE(json.has_value()) << json.error().message;
  EXPECT_TRUE(Equal(yaml->document, json->document));
  EXPECT_EQ(yaml->strict_findings, json->strict_findings);
  const auto wrong = DecodeYamlObject(schema, jobs, "spec:\n  parallelism: two\n");
  ASSERT_FALSE(wrong.has_value());
  EXPECT_EQ(
      wrong.error().message,
      "Job in version \"v1\" cannot be handled as a Job: json: cannot unmarshal string into Go "
      "struct field JobSpec.spec.parallelism of type int32");
}

}  // namespace
}  // namespace fairway::kube
