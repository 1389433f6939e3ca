#include "scheduler/split/family.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "scheduler/edit.h"

namespace fairway::scheduler {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(Ids, PartsComeRightBehindTheirWhole) {
  const JobId whole{7};
  const JobId part = ShardOf(whole, 3);
  EXPECT_EQ(WholeOf(part), whole);
  EXPECT_EQ(WholeOf(whole), whole);
  EXPECT_EQ(ShardNumber(part), 3u);
  EXPECT_TRUE(IsShard(part));
  EXPECT_FALSE(IsShard(whole));
  EXPECT_LT(whole, ShardOf(whole, 1));
  EXPECT_LT(ShardOf(whole, 1), ShardOf(whole, kShardsMax));
  EXPECT_LT(ShardOf(whole, kShardsMax), JobId{8});
}

class FamilyTest : public ::testing::Test {
 protected:
  FamilyTest() {
    for (uint64_t i = 1; i <= 4; ++i) {
      ClusterSpec spec;
      spec.name = "c" + std::to_string(i);
      world_.Apply(PutCluster{{ClusterId{i}, spec}});
    }
    Put(JobId{6}, {});
    Put(JobId{7}, {});
    Put(ShardOf(JobId{7}, 1), ClusterId{1});
    Put(ShardOf(JobId{7}, 2), ClusterId{2});
    Put(JobId{8}, ClusterId{3});
  }
  void Put(JobId job, ClusterId cluster) {
    JobRecord record;
    record.job = job;
    record.name = "default/j" + std::to_string(WholeOf(job).value);
    record.state = JobState::kDone;
    record.finished = Instant{1};
    record.cluster = cluster;
    record.epoch = Epoch{1};
    if (IsShard(job)) record.part.Make();
    record.split = job == JobId{7};
    world_.Apply(PutJob{record});
  }
  World world_;
};

TEST_F(FamilyTest, PartsAreFoundByTheirIds) {
  std::vector<JobId> parts;
  for (const JobRecord* part : PartsOf(world_, JobId{7})) parts.push_back(part->job);
  EXPECT_THAT(parts, ElementsAre(ShardOf(JobId{7}, 1), ShardOf(JobId{7}, 2)));
  EXPECT_THAT(PartsOf(world_, JobId{6}), IsEmpty());
}

TEST_F(FamilyTest, OthersOfTheFamilyAreInTheWayWhereTheyAreOrMayBe) {
  const JobId first = ShardOf(JobId{7}, 1);
  EXPECT_FALSE(FamilyIsOn(world_, first, ClusterId{1}));
  EXPECT_TRUE(FamilyIsOn(world_, first, ClusterId{2}));
  EXPECT_FALSE(FamilyIsOn(world_, first, ClusterId{3}));
  // Left behind by the whole, before it was split.
  world_.Apply(PutResidue{{JobId{7}, "default/j7", {{ClusterId{4}, Epoch{1}}}}});
  EXPECT_TRUE(FamilyIsOn(world_, first, ClusterId{4}));
  EXPECT_FALSE(FamilyIsOn(world_, JobId{8}, ClusterId{4}));
}

}  // namespace
}  // namespace fairway::scheduler
