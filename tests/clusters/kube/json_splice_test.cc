#include "clusters/kube/json_splice.h"

#include <gtest/gtest.h>

#include "clusters/kube/json.h"

namespace fairway::kube {
namespace {

TEST(JsonSpliceTest, FindsTheValueOfAMemberAtTheTopOnly) {
  std::string text = R"({"a":{"status":"inner","x":"}\"]"},"b":[1,{"c":"\\"}],"n":-1.5e3,"t":true,)"
                     R"("status":{"y":[]},"last":"end\\\""})";
  EXPECT_EQ(FindText(text, "a"), R"({"status":"inner","x":"}\"]"})");
  EXPECT_EQ(FindText(text, "b"), R"([1,{"c":"\\"}])");
  EXPECT_EQ(FindText(text, "n"), "-1.5e3");
  EXPECT_EQ(FindText(text, "t"), "true");
  EXPECT_EQ(FindText(text, "status"), R"({"y":[]})");
  EXPECT_EQ(FindText(text, "last"), R"("end\\\"")");
  EXPECT_EQ(FindText(text, "x"), std::nullopt);
  EXPECT_EQ(FindText("{}", "x"), std::nullopt);
}

TEST(JsonSpliceTest, AnyOtherTextFindsNothingAndIsNotReadBeyond) {
  std::string text = R"({"a":{"b":"c\\"},"metadata":{"resourceVersion":"1"},"status":{"x":[1]}})";
  for (size_t size = 0; size < text.size(); ++size) {
    std::string cut = text.substr(0, size);
    EXPECT_FALSE(FindText(cut, "status")) << size;
    if (auto spliced = SpliceStatus(cut, "2", "{}")) {
      EXPECT_EQ(spliced->back(), '}') << size;
    }
  }
  for (std::string_view odd : {"", "7", "[]", "{\"a\"", "{\"a\":", "{\"\\", "{ \"a\":1}"}) {
    EXPECT_FALSE(FindText(odd, "b")) << odd;
    EXPECT_FALSE(CanSplice(odd)) << odd;
  }
}

TEST(JsonSpliceTest, SpliceIsWhatParsingChangingAndSerialisingGives) {
  for (std::string_view text :
       {R"({"kind":"Job","metadata":{"name":"a","resourceVersion":"12"},"spec":{"x":"\"}"},)"
        R"("status":{"active":1}})",
        R"({"kind":"Job","metadata":{"resourceVersion":"1","uid":"u"},"spec":{}})",
        R"({"metadata":{"resourceVersion":"1"},"status":null,"spec":[]})",
        R"({"status":{"active":1},"metadata":{"resourceVersion":"1"}})"}) {
    Value doc = ParseJson(text).value();
    EnsureObject(doc.get_object(), {"metadata"})["resourceVersion"] = "345";
    doc.get_object()["status"] = ParseJson(R"({"ready":2,"m":"{"})").value();
    EXPECT_TRUE(CanSplice(text));
    EXPECT_EQ(SpliceStatus(text, "345", R"({"ready":2,"m":"{"})"), Serialize(doc)) << text;
  }
}

TEST(JsonSpliceTest, WithoutAVersionThereIsNothingToSplice) {
  EXPECT_FALSE(SpliceStatus(R"({"metadata":{},"status":{}})", "1", "{}"));
  EXPECT_FALSE(SpliceStatus(R"({"metadata":{"resourceVersion":7}})", "1", "{}"));
}

}  // namespace
}  // namespace fairway::kube
