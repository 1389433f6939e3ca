// Promise: a supposition counts as if it were so, and leaves no trace.
#include "scheduler/suppose.h"

#include "tests/scheduler/core_fixture.h"

namespace fairway::scheduler {
namespace {

class SupposeTest : public CoreFixture {
 protected:
  void SetUp() override {
    AddCluster(1, 4000);
    AddCluster(2, 4000);
  }
  static JobSpec Apart() {
    JobSpec spec = Pod(1000);
    PlacementRules& rules = spec.rules.emplace_back();
    rules.scope = "default";
    rules.labels["app"] = "a";
    rules.job_affinity = {{true, 0, {"default", {{"app", LabelRequirement::Op::kIn, {"a"}}}}, ""}};
    return spec;
  }
  static World& Of(const Core& core) { return const_cast<World&>(core.world()); }
};

TEST_F(SupposeTest, RoomFollowsAndComesBack) {
  Submit(1, Pod(3000));
  const ClusterId here = Job(1).cluster;
  const ClusterId other{3 - here.value};
  World& world = Of(core());
  const uint64_t generation = world.generation();
  {
    Suppose moved(world);
    moved.Gone(Job(1));
    moved.Placed(Job(1), other);
    EXPECT_EQ(world.FindCluster(here)->Free().cpu_milli, 4000);
    EXPECT_EQ(world.FindCluster(other)->Free().cpu_milli, 1000);
    {
      Suppose back(world);
      back.Placed(Job(1), here);
      EXPECT_EQ(world.FindCluster(here)->Free().cpu_milli, 1000);
    }
    EXPECT_EQ(world.FindCluster(here)->Free().cpu_milli, 4000);
  }
  EXPECT_EQ(world.FindCluster(here)->Free().cpu_milli, 1000);
  EXPECT_EQ(world.generation(), generation);
  world.CheckInvariants();
}

TEST_F(SupposeTest, CompanyFollowsToo) {
  Submit(1, Apart());
  Submit(2, Apart());
  ASSERT_NE(Job(1).cluster, Job(2).cluster);
  World& world = Of(core());
  JobRecord third = Job(1);
  third.job = JobId{3};
  third.cluster = ClusterId{};
  third.state = JobState::kQueued;
  EXPECT_FALSE(PlaceJob(world, third).cluster);
  {
    Suppose without(world);
    without.Gone(Job(2));
    EXPECT_EQ(PlaceJob(world, third).cluster, Job(2).cluster);
  }
  EXPECT_FALSE(PlaceJob(world, third).cluster);
  world.CheckInvariants();
}

TEST_F(SupposeTest, NobodySleepsOverIt) {
  Submit(1, Pod(1000));
  World& world = Of(core());
  world.WaitForFlight(Job(1).cluster);
  {
    Suppose without(world);
    without.Gone(Job(1));
  }
  EXPECT_TRUE(world.FindCluster(Job(1).cluster)->flight_awaited);
}

}  // namespace
}  // namespace fairway::scheduler
