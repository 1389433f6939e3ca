// Hard constraints mean what Kubernetes means by them.
#include "scheduler/constraint.h"

#include <gtest/gtest.h>

namespace fairway::scheduler {
namespace {

using Op = LabelRequirement::Op;

bool Matches(Op op, std::vector<std::string> values, const Labels& labels) {
  return MatchesRequirement({"k", op, std::move(values)}, labels);
}

TEST(ConstraintTest, OperatorsOnPresentAndAbsentLabels) {
  const Labels a = {{"k", "a"}};
  const Labels none;
  EXPECT_TRUE(Matches(Op::kIn, {"b", "a"}, a));
  EXPECT_FALSE(Matches(Op::kIn, {"b"}, a));
  EXPECT_FALSE(Matches(Op::kIn, {"a"}, none));
  EXPECT_FALSE(Matches(Op::kNotIn, {"a"}, a));
  EXPECT_TRUE(Matches(Op::kNotIn, {"b"}, a));
  EXPECT_TRUE(Matches(Op::kNotIn, {"a"}, none));
  EXPECT_TRUE(Matches(Op::kExists, {}, a));
  EXPECT_FALSE(Matches(Op::kExists, {}, none));
  EXPECT_FALSE(Matches(Op::kDoesNotExist, {}, a));
  EXPECT_TRUE(Matches(Op::kDoesNotExist, {}, none));
}

TEST(ConstraintTest, GtAndLtCompareIntegersAndNothingElse) {
  EXPECT_TRUE(Matches(Op::kGt, {"9"}, {{"k", "10"}}));
  EXPECT_FALSE(Matches(Op::kGt, {"10"}, {{"k", "10"}}));
  EXPECT_TRUE(Matches(Op::kLt, {"-1"}, {{"k", "-2"}}));
  EXPECT_FALSE(Matches(Op::kGt, {"9"}, {}));
  EXPECT_FALSE(Matches(Op::kGt, {"9"}, {{"k", "ten"}}));
  EXPECT_FALSE(Matches(Op::kLt, {"x"}, {{"k", "1"}}));
  EXPECT_FALSE(Matches(Op::kGt, {"1", "2"}, {{"k", "10"}}));
}

TEST(ConstraintTest, TermsAreOredRequirementsAreAndedAndAnEmptyTermMatchesNothing) {
  const Labels labels = {{"a", "1"}, {"b", "2"}};
  const LabelRequirement a{"a", Op::kIn, {"1"}};
  const LabelRequirement wrong{"b", Op::kIn, {"3"}};
  EXPECT_TRUE(MatchesRequiredAffinity({}, labels));
  EXPECT_FALSE(MatchesRequiredAffinity({{}}, labels));
  EXPECT_FALSE(MatchesRequiredAffinity({{{a, wrong}}}, labels));
  EXPECT_TRUE(MatchesRequiredAffinity({{{wrong}}, {{a}}}, labels));
}

TEST(ConstraintTest, TolerationsCoverByKeyValueAndEffect) {
  const Taint taint{"key", "v", TaintEffect::kNoSchedule};
  EXPECT_TRUE(Tolerates({"key", false, "v", true, {}}, taint));
  EXPECT_FALSE(Tolerates({"key", false, "w", true, {}}, taint));
  EXPECT_TRUE(Tolerates({"key", true, "", true, {}}, taint));
  EXPECT_TRUE(Tolerates({"", true, "", true, {}}, taint));
  EXPECT_FALSE(Tolerates({"", false, "v", true, {}}, taint));
  EXPECT_FALSE(Tolerates({"other", true, "", true, {}}, taint));
  EXPECT_TRUE(Tolerates({"key", true, "", false, TaintEffect::kNoSchedule}, taint));
  EXPECT_FALSE(Tolerates({"key", true, "", false, TaintEffect::kNoExecute}, taint));
}

TEST(ConstraintTest, SoftTaintsKeepNobodyOut) {
  const std::vector<Taint> taints = {{"soft", "", TaintEffect::kPreferNoSchedule},
                                     {"hard", "", TaintEffect::kNoExecute}};
  const Taint* first = FirstUntoleratedTaint(taints, {});
  ASSERT_NE(first, nullptr);
  EXPECT_EQ(first->key, "hard");
  EXPECT_EQ(CountUntoleratedPreferences(taints, {}), 1);
  EXPECT_EQ(FirstUntoleratedTaint(taints, {{"hard", true, "", true, {}}}), nullptr);
}

TEST(ConstraintTest, AllPodsMustFitTogetherAndOneOnTheRoomiestNode) {
  JobSpec spec;
  spec.request.cpu_milli = 3000;
  spec.parallelism = 4;
  const Resources total = TotalRequest(spec);
  EXPECT_EQ(total.cpu_milli, 12000);
  EXPECT_EQ(total.pods, 4);
  Capacity capacity;
  capacity.nodes = 10;
  capacity.largest_node_free.cpu_milli = 3000;
  Resources free;
  free.cpu_milli = 12000;
  free.pods = 4;
  EXPECT_TRUE(HasRoom(total, PodRequest(spec), free, capacity));
  free.pods = 3;
  EXPECT_FALSE(HasRoom(total, PodRequest(spec), free, capacity));
  free.pods = 4;
  capacity.largest_node_free.cpu_milli = 2999;
  EXPECT_FALSE(HasRoom(total, PodRequest(spec), free, capacity));
  capacity.nodes = 0;  // nothing is known of the nodes
  EXPECT_TRUE(HasRoom(total, PodRequest(spec), free, capacity));
}

}  // namespace
}  // namespace fairway::scheduler
