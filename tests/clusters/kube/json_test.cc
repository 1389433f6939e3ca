#include "clusters/kube/json.h"

#include <gtest/gtest.h>

#include <limits>

namespace fairway::kube {
namespace {

Value Parsed(std::string_view text) {
  Result<Value> value = ParseJson(text);
  EXPECT_TRUE(value.has_value()) << text;
  return value ? *value : Value();
}

// Order and integers survive a round trip exactly.
TEST(JsonTest, RoundTripsExactly) {
  for (const char* text : {R"({"z":1,"a":[true,false,null],"m":{"b":"x","a":{}}})", "[]", "{}",
                           R"("é\u0001\n\"\\")", "9223372036854775807", "-9223372036854775808",
                           "18446744073709551615", "1.5", "1.0", "1e+300", "-0.25"}) {
    EXPECT_EQ(Serialize(Parsed(text)), text);
  }
}

TEST(JsonTest, RefusesWhatIsNoJson) {
  for (const char* text : {"", "{", "[1,]", "{\"a\":}", "nul", "1 2", "\"\xff\"", "{'a':1}"}) {
    const Result<Value> value = ParseJson(text);
    ASSERT_FALSE(value.has_value()) << text;
    EXPECT_EQ(value.error().code, 400);
    EXPECT_EQ(value.error().reason, "BadRequest");
  }
}

// A small body cannot exhaust the stack.
TEST(JsonTest, BoundsDepth) {
  const std::string fits = std::string(100, '[') + std::string(100, ']');
  const std::string deep = std::string(10000, '[') + std::string(10000, ']');
  EXPECT_TRUE(ParseJson(fits).has_value());
  EXPECT_FALSE(ParseJson(deep).has_value());
}

TEST(JsonTest, FindsPaths) {
  Value doc = Parsed(R"({"a":{"b":{"c":"x","n":3,"f":true}},"s":"t","l":[1]})");
  EXPECT_EQ(GetString(doc, {"a", "b", "c"}), "x");
  EXPECT_EQ(GetString(doc, {"a", "b", "none"}), "");
  EXPECT_EQ(GetString(doc, {"s", "t"}), "");
  EXPECT_EQ(Get<int64_t>(doc, {"a", "b", "n"}), 3);
  EXPECT_EQ(Get<double>(doc, {"a", "b", "n"}), 3.0);
  EXPECT_EQ(Get<bool>(doc, {"a", "b", "f"}), true);
  EXPECT_EQ(Get<int64_t>(doc, {"s"}), std::nullopt);
  EXPECT_EQ(FindPath(doc, {}), &doc);
  EXPECT_EQ(FindPath(doc, {"l", "0"}), nullptr);
  EXPECT_NE(GetArray(doc, {"l"}), nullptr);
  EXPECT_EQ(GetObject(doc, {"l"}), nullptr);
}

TEST(JsonTest, MakesAndErasesPaths) {
  Value doc = Parsed(R"({"a":1,"b":2,"c":3})");
  Object& object = doc.get_object();
  EnsureObject(object, {"b", "x"})["y"] = 1;
  EXPECT_EQ(Serialize(doc), R"({"a":1,"b":{"x":{"y":1}},"c":3})");
  EXPECT_TRUE(Erase(object, "a"));
  EXPECT_FALSE(Erase(object, "a"));
  EXPECT_TRUE(ErasePath(object, {"b", "x", "y"}));
  EXPECT_FALSE(ErasePath(object, {"c", "x"}));
  EXPECT_EQ(Serialize(doc), R"({"b":{"x":{}},"c":3})");
}

TEST(JsonTest, EqualityIgnoresTheOrderOfMembersOnly) {
  EXPECT_TRUE(Equal(Parsed(R"({"a":1,"b":[1,{"x":1,"y":2}]})"),
                    Parsed(R"({"b":[1,{"y":2,"x":1}],"a":1})")));
  EXPECT_FALSE(Equal(Parsed("[1,2]"), Parsed("[2,1]")));
  EXPECT_FALSE(Equal(Parsed("1"), Parsed("1.0")));
  EXPECT_FALSE(Equal(Parsed(R"({"a":null})"), Parsed("{}")));
  EXPECT_TRUE(Equal(Value(uint64_t{1}), Value(int64_t{1})));
}

}  // namespace
}  // namespace fairway::kube
