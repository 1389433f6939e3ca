// Selectors are read, refused and matched as the API server does.
#include "clusters/kube/selector.h"

#include <gtest/gtest.h>

#include "tests/clusters/kube/kinds/kind_testing.h"

namespace fairway::kube {
namespace {

bool Matches(std::string_view selector, std::string_view labels) {
  const Result<LabelSelector> parsed = LabelSelector::Parse(selector);
  EXPECT_TRUE(parsed.has_value()) << selector << ": " << (parsed ? "" : parsed.error().message);
  const Object object = testing::ParseObject(labels);
  return parsed && parsed->Matches(&object);
}

TEST(LabelSelector, Matches) {
  const struct {
    const char* selector;
    const char* labels;
    bool match;
  } kCases[] = {{"", "{}", true},
                {"a", R"({"a":""})", true},
                {"a", "{}", false},
                {"!a", "{}", true},
                {"! a", R"({"a":"b"})", false},
                {"a=b", R"({"a":"b"})", true},
                {"a == b", R"({"a":"b"})", true},
                {"a=b", R"({"a":"c"})", false},
                {"a!=b", R"({"a":"c"})", true},
                {"a!=b", "{}", true},
                {"a!=b", R"({"a":"b"})", false},
                {"a in (b, c)", R"({"a":"c"})", true},
                {"a in (b,c)", "{}", false},
                {"a notin (b,c)", R"({"a":"d"})", true},
                {"a notin (b,c)", "{}", true},
                {"a notin (b,c)", R"({"a":"b"})", false},
                {"a=", R"({"a":""})", true},
                {"a in ()", R"({"a":""})", true},
                {"a>5", R"({"a":"6"})", true},
                {"a>5", R"({"a":"5"})", false},
                {"a<5", R"({"a":"-6"})", true},
                {"a<5", R"({"a":"x"})", false},
                {"a>5", "{}", false},
                {"a=b,c,!d", R"({"a":"b","c":"x"})", true},
                {"a=b,c,!d", R"({"a":"b","c":"x","d":""})", false},
                {"in in (in)", R"({"in":"in"})", true},
                {"x.y/z=1", R"({"x.y/z":"1"})", true}};
  for (const auto& c : kCases) {
    EXPECT_EQ(Matches(c.selector, c.labels), c.match) << c.selector << " on " << c.labels;
  }
}

TEST(LabelSelector, RefusesInTheApiServersWords) {
  constexpr std::string_view kValueText =
      "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or "
      "'.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value', "
      " "
      "or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";
  const std::pair<const char*, std::string> kCases[] = {
      {"a b", "unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt"},
      {"a!", "unable to parse requirement: found '!', expected: in, notin, =, ==, !=, gt, lt"},
      {"a in", "unable to parse requirement: found '' expected: '('"},
      {"a in (", "unable to parse requirement: found '', expected: ',', ')' or identifier"},
      {"a in (b c)", "unable to parse requirement: found 'c', expected: ',' or ')'"},
      {"k==(", "unable to parse requirement: found '(', expected: identifier"},
      {"a=b,", "found '', expected: identifier after ','"},
      {"a,,b", "found ',', expected: identifier after ','"},
      {"=b", "found '=', expected: !, identifier, or 'end of string'"},
      {"!a=b", "found '=', expected: ',' or 'end of string'"},
      {"a>x",
       "unable to parse requirement: values[0]: Invalid value: \"x\": for 'Gt', 'Lt' operators, "
       "the value must be an integer"},
      {"a=$b", "unable to parse requirement: values[0][a]: Invalid value: \"$b\": " +
                   std::string(kValueText)}};
  for (const auto& [selector, message] : kCases) {
    const Result<LabelSelector> parsed = LabelSelector::Parse(selector);
    ASSERT_FALSE(parsed.has_value()) << selector;
    EXPECT_EQ(parsed.error().code, 400);
    EXPECT_EQ(parsed.error().message, message) << selector;
  }
}

TEST(LabelSelector, FromObjectIsTheSameAsItsText) {
  const Object object = testing::ParseObject(R"({"matchLabels":{"a":"b"},"matchExpressions":[
      {"key":"c","operator":"In","values":["e","d"]},{"key":"f","operator":"DoesNotExist"},
      {"key":"g","operator":"Exists"},{"key":"h","operator":"NotIn","values":["i","j"]}]})");
  const Result<LabelSelector> parsed = LabelSelector::FromObject(object);
  ASSERT_TRUE(parsed.has_value());
  EXPECT_EQ(parsed->Text(), "a=b,c in (d,e),!f,g,h notin (i,j)");
  EXPECT_EQ(LabelSelector::Parse(parsed->Text())->requirements(), parsed->requirements());
}

TEST(LabelSelector, FromObjectRefusesUnknownOperators) {
  EXPECT_FALSE(LabelSelector::FromObject(
                   testing::ParseObject(R"({"matchExpressions":[{"key":"a","operator":"Foo"}]})"))
                   .has_value());
}

TEST(FieldSelector, MatchesByPathAndType) {
  const KindInfo& pods = testing::KindOf("", "v1", "pods");
  const Object pod = testing::ParseObject(R"({"metadata":{"name":"p","namespace":"n"},
      "spec":{"nodeName":"a,b","hostNetwork":true},"status":{"phase":"Running"}})");
  const std::pair<const char*, bool> kCases[] = {{"metadata.name=p", true},
                                                 {"metadata.name!=p", false},
                                                 {"metadata.name=p,status.phase==Running", true},
                                                 {"spec.nodeName=a\\,b", true},
                                                 {"spec.hostNetwork=true", true},
                                                 {"spec.restartPolicy=", true},
                                                 {"status.phase!=Running", false},
                                                 {"", true}};
  for (const auto& [text, match] : kCases) {
    const Result<FieldSelector> parsed = FieldSelector::Parse(text, pods);
    ASSERT_TRUE(parsed.has_value()) << text;
    EXPECT_EQ(parsed->Matches(pod), match) << text;
  }
}

TEST(FieldSelector, KnowsThePinnedNameForAuthorization) {
  const auto parsed = FieldSelector::Parse("metadata.name=x,metadata.namespace=y", testing::Jobs());
  ASSERT_TRUE(parsed.has_value());
  EXPECT_EQ(parsed->name(), "x");
  EXPECT_EQ(parsed->ns(), "y");
  EXPECT_EQ(FieldSelector::Parse("metadata.name!=x", testing::Jobs())->name(), "");
}

TEST(FieldSelector, JobsAreSelectedBySuccesses) {
  const auto parsed = FieldSelector::Parse("status.successful=3", testing::Jobs());
  ASSERT_TRUE(parsed.has_value());
  EXPECT_TRUE(parsed->Matches(testing::ParseObject(R"({"status":{"succeeded":3}})")));
  EXPECT_FALSE(parsed->Matches(testing::ParseObject(R"({"status":{}})")));
  EXPECT_TRUE(FieldSelector::Parse("status.successful=0", testing::Jobs())
                  ->Matches(testing::ParseObject("{}")));
}

TEST(FieldSelector, RefusesFieldsThatTheKindDoesNotSelectBy) {
  const auto message = [](std::string_view text, const KindInfo& kind) {
    const auto parsed = FieldSelector::Parse(text, kind);
    return parsed ? "" : parsed.error().message;
  };
  EXPECT_EQ(message("spec.foo=1", testing::Jobs()),
            "field label \"spec.foo\" not supported for Job");
  EXPECT_EQ(message("spec.foo=1", testing::KindOf("", "v1", "pods")),
            "field label not supported: spec.foo");
  EXPECT_EQ(message("data.x=1", testing::KindOf("", "v1", "configmaps")),
            "\"data.x\" is not a known field selector: only \"metadata.name\", "
            "\"metadata.namespace\"");
  EXPECT_NE(message("x", testing::Jobs()), "");
  EXPECT_NE(message("metadata.name=a\\", testing::Jobs()), "");
}

}  // namespace
}  // namespace fairway::kube
