// JSON Patch and merge patch do what RFC 6902 and RFC 7386 say, on the documents of their
// appendices.
#include <gtest/gtest.h>

#include "clusters/kube/patch/patch.h"

namespace fairway::kube {
namespace {

Value Json(std::string_view text) {
  auto value = ParseJson(text);
  EXPECT_TRUE(value.has_value()) << text;
  return value ? *value : Value();
}

struct Case {
  std::string_view doc, patch, result;  // "" = refused
};

TEST(JsonPatch, AppendixOfTheRfc) {
  const Case kCases[] = {
      {R"({"foo":"bar"})", R"([{"op":"add","path":"/baz","value":"qux"}])",
       R"({"foo":"bar","baz":"qux"})"},
      {R"({"foo":["bar","baz"]})", R"([{"op":"add","path":"/foo/1","value":"qux"}])",
       R"({"foo":["bar","qux","baz"]})"},
      {R"({"baz":"qux","foo":"bar"})", R"([{"op":"remove","path":"/baz"}])", R"({"foo":"bar"})"},
      {R"({"foo":["bar","qux","baz"]})", R"([{"op":"remove","path":"/foo/1"}])",
       R"({"foo":["bar","baz"]})"},
      {R"({"baz":"qux","foo":"bar"})", R"([{"op":"replace","path":"/baz","value":"boo"}])",
       R"({"baz":"boo","foo":"bar"})"},
      {R"({"foo":{"bar":"baz","waldo":"fred"},"qux":{"corge":"grault"}})",
       R"([{"op":"move","from":"/foo/waldo","path":"/qux/thud"}])",
       R"({"foo":{"bar":"baz"},"qux":{"corge":"grault","thud":"fred"}})"},
      {R"({"foo":["all","grass","cows","eat"]})",
       R"([{"op":"move","from":"/foo/1","path":"/foo/3"}])",
       R"({"foo":["all","cows","eat","grass"]})"},
      {R"({"baz":"qux","foo":["a",2,"c"]})",
       R"([{"op":"test","path":"/baz","value":"qux"},{"op":"test","path":"/foo/1","value":2}])",
       R"({"baz":"qux","foo":["a",2,"c"]})"},
      {R"({"baz":"qux"})", R"([{"op":"test","path":"/baz","value":"bar"}])", ""},
      {R"({"foo":"bar"})", R"([{"op":"add","path":"/child","value":{"grandchild":{}}}])",
       R"({"foo":"bar","child":{"grandchild":{}}})"},
      {R"({"foo":"bar"})", R"([{"op":"add","path":"/baz/bat","value":"qux"}])", ""},
      {R"({"/":9,"~1":10})", R"([{"op":"test","path":"/~01","value":10}])", R"({"/":9,"~1":10})"},
      {R"({"/":9,"~1":10})", R"([{"op":"test","path":"/~01","value":"10"}])", ""},
      {R"({"foo":["bar"]})", R"([{"op":"add","path":"/foo/-","value":["abc","def"]}])",
       R"({"foo":["bar",["abc","def"]]})"},
      {R"({"a":{"b":1}})", R"([{"op":"copy","from":"/a","path":"/c"}])",
       R"({"a":{"b":1},"c":{"b":1}})"},
      {R"({"a":{"b":1}})", R"([{"op":"move","from":"/a","path":"/a/c"}])", ""},
  };
  for (const Case& c : kCases) {
    auto result = ApplyJsonPatch(Json(c.doc), Json(c.patch));
    ASSERT_EQ(result.has_value(), !c.result.empty()) << c.patch;
    if (result) {
      EXPECT_TRUE(Equal(*result, Json(c.result))) << Serialize(*result);
    } else {
      EXPECT_EQ(result.error().code, 422);
    }
  }
}

TEST(JsonPatch, AFailedOperationLeavesNothingBehind) {
  Value doc = Json(R"({"a":1})");
  EXPECT_FALSE(ApplyJsonPatch(
      doc, Json(R"([{"op":"add","path":"/b","value":2},{"op":"remove","path":"/c"}])")));
  EXPECT_TRUE(Equal(doc, Json(R"({"a":1})")));
}

TEST(JsonPatch, TooManyOperationsAreRefused) {
  Array operations;
  for (size_t i = 0; i <= kJsonPatchOpsMax; ++i) {
    operations.push_back(Json(R"({"op":"test","path":"/a","value":1})"));
  }
  auto result = ApplyJsonPatch(Json(R"({"a":1})"), operations);
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().code, 413);
}

// A patch of a few hundred bytes must not make a document of gigabytes, nor one that is too deep.
TEST(JsonPatch, CopiesAreBounded) {
  Array doubling;
  for (int i = 0; i < 64; ++i) {
    doubling.push_back(Json(R"({"op":"copy","from":"","path":"/a)" + std::to_string(i) + R"("})"));
  }
  EXPECT_FALSE(ApplyJsonPatch(Json(R"({"x":"0123456789"})"), doubling));
  Array nesting;
  std::string path;
  for (int i = 0; i <= kJsonDepthMax; ++i) {
    path += "/a";
    nesting.push_back(Json(R"({"op":"add","path":")" + path + R"(","value":{}})"));
  }
  EXPECT_FALSE(ApplyJsonPatch(Json("{}"), nesting));
}

TEST(MergePatch, AppendixOfTheRfc) {
  const Case kCases[] = {
      {R"({"a":"b"})", R"({"a":"c"})", R"({"a":"c"})"},
      {R"({"a":"b"})", R"({"b":"c"})", R"({"a":"b","b":"c"})"},
      {R"({"a":"b"})", R"({"a":null})", R"({})"},
      {R"({"a":"b","b":"c"})", R"({"a":null})", R"({"b":"c"})"},
      {R"({"a":["b"]})", R"({"a":"c"})", R"({"a":"c"})"},
      {R"({"a":"c"})", R"({"a":["b"]})", R"({"a":["b"]})"},
      {R"({"a":{"b":"c"}})", R"({"a":{"b":"d","c":null}})", R"({"a":{"b":"d"}})"},
      {R"({"a":[{"b":"c"}]})", R"({"a":[1]})", R"({"a":[1]})"},
      {R"(["a","b"])", R"(["c","d"])", R"(["c","d"])"},
      {R"({"a":"b"})", R"(["c"])", R"(["c"])"},
      {R"({"a":"foo"})", R"(null)", R"(null)"},
      {R"({"a":"foo"})", R"("bar")", R"("bar")"},
      {R"({"e":null})", R"({"a":1})", R"({"e":null,"a":1})"},
      {R"([1,2])", R"({"a":"b","c":null})", R"({"a":"b"})"},
      {R"({})", R"({"a":{"bb":{"ccc":null}}})", R"({"a":{"bb":{}}})"},
  };
  for (const Case& c : kCases) {
    Value doc = Json(c.doc);
    ApplyMergePatch(doc, Json(c.patch));
    EXPECT_TRUE(Equal(doc, Json(c.result))) << c.patch << " " << Serialize(doc);
  }
}

}  // namespace
}  // namespace fairway::kube
