#include "clusters/kube/kinds/split_rules.h"

#include <gtest/gtest.h>

#include "clusters/kube/json.h"
#include "tests/clusters/kube/kinds/kind_testing.h"

namespace fairway::kube {
namespace {

using scheduler::SplitBar;
using scheduler::SplitMode;
using testing::ParseObject;

Object IndexedJob(const std::string& more, const std::string& annotations = "{}") {
  return ParseObject(R"({"metadata":{"annotations":)" + annotations +
                     R"(},"spec":{"completionMode":"Indexed","completions":9,"backoffLimit":2)" +
                     more + "}}");
}
std::vector<scheduler::SplitWish> Under(const Object& job, const std::string& split) {
  const Object policy = ParseObject(R"({"spec":{"split":)" + split + "}}");
  return SplitFrom(job, &policy);
}
SplitBar BarOf(const Object& job) { return Under(job, "{}").at(0).bar; }

TEST(SplitRules, OnlyAPolicyAsksForASplit) {
  const Object policy = ParseObject(R"({"spec":{}})");
  EXPECT_TRUE(SplitFrom(IndexedJob(""), nullptr).empty());
  EXPECT_TRUE(SplitFrom(IndexedJob(""), &policy).empty());
}

TEST(SplitRules, APolicyAndItsJobAreRead) {
  const auto some =
      Under(IndexedJob(""), R"({"mode":"Always","minIndexes":3,"maxClusters":4})").at(0);
  EXPECT_EQ(some, (scheduler::SplitWish{SplitMode::kAlways, SplitBar::kNone, 9, 3, 4, 2}));
  const auto none = Under(ParseObject(R"({"spec":{"completionMode":"Indexed"}})"), "{}").at(0);
  EXPECT_EQ(none, (scheduler::SplitWish{SplitMode::kWhenNeeded, SplitBar::kNone, 0, 1, 0, 6}));
}

TEST(SplitRules, WhatCannotBeSplitSaysWhyAndIsOtherwiseLikeItsLikes) {
  const auto plain =
      Under(ParseObject(R"({"spec":{"completions":9,"backoffLimit":2}})"), "{}").at(0);
  EXPECT_EQ(plain.bar, SplitBar::kNotIndexed);
  EXPECT_EQ(plain.completions, 0);
  EXPECT_EQ(BarOf(IndexedJob("", R"({"fairway.flext.sh/split":"false"})")), SplitBar::kOptedOut);
  EXPECT_EQ(BarOf(IndexedJob("", R"({"fairway.flext.sh/split":"true"})")), SplitBar::kNone);
  EXPECT_EQ(BarOf(IndexedJob(R"(,"podFailurePolicy":{"rules":[]})")), SplitBar::kPodFailures);
  EXPECT_EQ(BarOf(IndexedJob(R"(,"successPolicy":{"rules":[]})")), SplitBar::kSuccess);
  EXPECT_EQ(BarOf(IndexedJob(R"(,"backoffLimitPerIndex":1)")), SplitBar::kPerIndex);
}

TEST(SplitRules, MistakesAreNamedAllAtOnce) {
  const auto problems = [](const std::string& split) {
    FieldErrors errors;
    ValidateSplit(ParseObject(R"({"split":)" + split + "}"), errors);
    return errors.size();
  };
  EXPECT_EQ(problems(R"({"mode":"Now","minIndexes":0,"maxClusters":1})"), 3u);
  EXPECT_EQ(problems(R"({"maxClusters":65})"), 1u);
  EXPECT_EQ(problems(R"({"mode":"WhenNeeded","minIndexes":1,"maxClusters":64})"), 0u);
  EXPECT_EQ(problems("{}"), 0u);
  EXPECT_EQ(SplitProblem("perhaps"), "must be true or false");
  EXPECT_EQ(SplitProblem("false"), "");
}

}  // namespace
}  // namespace fairway::kube
