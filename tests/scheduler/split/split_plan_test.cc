// Promise: a plan divides all pods and all indexes, each once, over clusters that have room for
// them, as the policy allows; and says nothing where it cannot.
#include "scheduler/split/split_plan.h"

#include "tests/scheduler/core_fixture.h"

namespace fairway::scheduler {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class SplitPlanTest : public CoreFixture {
 protected:
  static JobSpec Indexed(int32_t pods, int32_t completions, SplitMode mode) {
    JobSpec spec = Pod(1000);
    spec.parallelism = pods;
    SplitWish wish;
    wish.mode = mode;
    wish.completions = completions;
    spec.split = {wish};
    return spec;
  }
  // The job is submitted suspended, so that it can be planned and is not placed.
  std::vector<SplitPart> Plan(const JobSpec& spec, SplitRoom room = SplitRoom::kNow) {
    Submit(++jobs_, spec, true);
    return PlanSplit(core().world(), Job(jobs_), {}, room);
  }
  static int64_t PodsOf(const std::vector<SplitPart>& parts) {
    int64_t pods = 0;
    for (const SplitPart& part : parts) pods += part.pods;
    return pods;
  }

  uint64_t jobs_ = 100;
};

TEST_F(SplitPlanTest, FillsTheBestClusterFirst) {
  AddCluster(1, 3000);
  AddCluster(2, 5000);
  const auto parts = Plan(Indexed(6, 12, SplitMode::kWhenNeeded));
  ASSERT_EQ(parts.size(), 2u);
  EXPECT_EQ(PodsOf(parts), 6);
  EXPECT_EQ(parts[0].indexes.first, 0);
  EXPECT_EQ(parts[1].indexes.first, parts[0].indexes.last + 1);
  EXPECT_EQ(parts[1].indexes.last, 11);
  for (const SplitPart& part : parts) {
    EXPECT_EQ(CountOf(part.indexes), 2 * part.pods);
    EXPECT_LE(part.pods, part.cluster == ClusterId{1} ? 3 : 5);
  }
}

TEST_F(SplitPlanTest, LevelsWhereAlwaysIsAskedFor) {
  AddCluster(1, 9000);
  AddCluster(2, 9000);
  AddCluster(3, 1000);
  JobSpec spec = Indexed(9, 9, SplitMode::kAlways);
  const auto all = Plan(spec);
  ASSERT_EQ(all.size(), 3u);
  for (const SplitPart& part : all) EXPECT_EQ(part.pods, part.cluster == ClusterId{3} ? 1 : 4);
  spec.split[0].max_clusters = 2;
  const auto two = Plan(spec);
  ASSERT_EQ(two.size(), 2u);
  EXPECT_EQ(PodsOf(two), 9);
}

TEST_F(SplitPlanTest, KeepsToTheBoundsOfThePolicy) {
  for (uint64_t id = 1; id <= 4; ++id) AddCluster(id, 2000);
  JobSpec spec = Indexed(6, 8, SplitMode::kWhenNeeded);
  EXPECT_EQ(Plan(spec).size(), 3u);
  spec.split[0].max_clusters = 2;
  EXPECT_THAT(Plan(spec), IsEmpty());  // two take four pods
  spec.split[0].max_clusters = 0;
  spec.split[0].min_indexes = 3;
  EXPECT_THAT(Plan(spec), IsEmpty());  // three parts would have nine indexes
  spec.split[0].completions = 9;
  for (const SplitPart& part : Plan(spec)) EXPECT_EQ(CountOf(part.indexes), 3);
}

TEST_F(SplitPlanTest, RoomiestFirstWhereTheBestAreTooMany) {
  AddCluster(1, 2000);
  AddCluster(2, 2000);
  AddCluster(3, 6000);
  JobSpec spec = Indexed(8, 8, SplitMode::kWhenNeeded);
  spec.split[0].max_clusters = 2;
  const auto parts = Plan(spec);
  ASSERT_EQ(parts.size(), 2u);
  EXPECT_EQ(PodsOf(parts), 8);
}

TEST_F(SplitPlanTest, NoneForWhatMayNotBeSplit) {
  AddCluster(1, 3000);
  AddCluster(2, 3000);
  JobSpec spec = Indexed(6, 6, SplitMode::kWhenNeeded);
  EXPECT_TRUE(MaySplit({}, spec));
  for (const SplitBar bar : {SplitBar::kNotIndexed, SplitBar::kOptedOut, SplitBar::kPerIndex}) {
    spec.split[0].bar = bar;
    EXPECT_FALSE(MaySplit({}, spec));
    Submit(++jobs_, spec);
    EXPECT_EQ(Job(jobs_).state, JobState::kQueued);
    EXPECT_THAT(Explained(jobs_).message, HasSubstr(std::string(SplitBarText(bar))));
  }
  spec.split[0].bar = SplitBar::kNone;
  spec.rules.emplace_back().spread.emplace_back();
  EXPECT_FALSE(MaySplit({}, spec));
}

TEST_F(SplitPlanTest, WhatFitsEmptyClustersIsNotInfeasible) {
  AddCluster(1, 3000);
  AddCluster(2, 3000);
  Submit(1, [] {
    JobSpec filler = Pod(2000);
    return filler;
  }());
  Submit(2, Indexed(6, 6, SplitMode::kWhenNeeded));
  EXPECT_EQ(Job(2).state, JobState::kQueued);
  EXPECT_EQ(Explained(2).outcome, "Waiting");
  EXPECT_THAT(Explained(2).message, HasSubstr("can take 4 of 6 pods"));
}

TEST(DividePods, NeverMoreThanThereAre) {
  EXPECT_THAT(DividePods(6, {6, 3, 3}), ElementsAre(3, 2, 1));
  EXPECT_THAT(DividePods(2, {6, 3, 3}), ElementsAre(1, 1, 0));
  EXPECT_THAT(DividePods(0, {6, 3}), ElementsAre(0, 0));
  EXPECT_THAT(DividePods(20, {2, 1}), ElementsAre(2, 1));
  EXPECT_THAT(DividePods(3, {}), IsEmpty());
}

}  // namespace
}  // namespace fairway::scheduler
