#include "clusters/kube/pruned_json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace fairway::kube {
namespace {

using ::testing::HasSubstr;

std::string Pruned(std::string_view text, const Omission& omit) {
  auto doc = ParsePruned(text, omit);
  return doc ? Serialize(*doc) : "error: " + doc.error().message;
}

TEST(PrunedJsonTest, OmittedMembersAreLeftOutAtTheirPathOnly) {
  Omission omit{"metadata.managedFields", "spec.template"};
  EXPECT_EQ(Pruned(R"({"metadata":{"name":"a","managedFields":[{"x":1}],
                       "labels":{"template":"t","managedFields":"m"}},
                       "spec":{"template":{"spec":{}},"suspend":true},"template":1})",
                   omit),
            R"({"metadata":{"name":"a","labels":{"template":"t","managedFields":"m"}},)"
            R"("spec":{"suspend":true},"template":1})");
}

TEST(PrunedJsonTest, ListsArePassedThrough) {
  Omission omit("items.", std::vector<std::string>{"spec.containers.env"});
  EXPECT_EQ(
      Pruned(R"({"items":[{"spec":{"containers":[{"name":"a","env":[1]},{"env":[]}]}}]})", omit),
      R"({"items":[{"spec":{"containers":[{"name":"a"},{}]}}]})");
}

TEST(PrunedJsonTest, WithNothingOmittedItIsParseJson) {
  for (std::string_view text :
       {R"({"a":[1,-2,18446744073709551615,1.5,true,false,null,"é\u0041"],"b":{}})", "[]", "7",
        R"({"a":1,"b":2,"a":3})", R"("x")", "123456789012345678901234567890"}) {
    auto parsed = ParseJson(text);
    ASSERT_TRUE(parsed) << text;
    EXPECT_EQ(Pruned(text, {}), Serialize(*parsed)) << text;
  }
}

TEST(PrunedJsonTest, WhatIsOmittedMustBeJsonToo) {
  Omission omit{"a"};
  for (std::string_view bad :
       {"", "{", R"({"a":tru})", R"({"a":[1,]})", R"({"a":1}x)", R"({"a":"\x"})"}) {
    auto parsed = ParsePruned(bad, omit);
    ASSERT_FALSE(parsed) << bad;
    EXPECT_THAT(parsed.error().message, HasSubstr("malformed JSON at byte")) << bad;
  }
  std::string deep =
      "{\"a\":" + std::string(kJsonDepthMax + 1, '[') + std::string(kJsonDepthMax + 1, ']') + "}";
  EXPECT_FALSE(ParsePruned(deep, omit));
}

TEST(PrunedJsonTest, LargeTextsAreTakenAndSmallOnesAfterThem) {
  std::string large = "{\"a\":\"" + std::string(3 << 20, 'x') + "\",\"b\":1}";
  EXPECT_EQ(Pruned(large, Omission{"a"}), R"({"b":1})");
  EXPECT_EQ(Pruned(R"({"a":1,"b":2})", Omission{"a"}), R"({"b":2})");
}

TEST(PrunedJsonTest, DocumentsLiveInTheGivenStorage) {
  MonotonicResource memory(1024);
  auto doc =
      ParsePruned(R"({"a":{"b":"some text that is not short enough to be inline"}})", {}, &memory);
  ASSERT_TRUE(doc);
  EXPECT_EQ(doc->storage().get(), &memory);
  EXPECT_EQ(FindPath(*doc, {"a", "b"})->storage().get(), &memory);
}

}  // namespace
}  // namespace fairway::kube
