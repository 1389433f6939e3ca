// Promise: a plan says what the core would do, and changes nothing.
#include "scheduler/failover/drain_plan.h"

#include "tests/scheduler/failover/failover_fixture.h"

namespace fairway::scheduler {
namespace {

using DrainPlan = FailoverFixture;

TEST_F(DrainPlan, TellsWhereEachJobWouldGoAndWhatStays) {
  Start(1, Policy(FailoverPolicy::kFenced));  // runs
  JobSpec waiting = Policy(FailoverPolicy::kFenced);
  waiting.priority = 5;
  Submit(2, waiting);
  Submit(3, Policy(FailoverPolicy::kFenced));
  ASSERT_EQ(Job(3).cluster, ClusterId{1});
  const World& world = core().world();
  const uint64_t generation = world.generation();
  MovePlan plan = PlanDrain(world, ClusterId{1}, {DrainMode::kGraceful, {}, 0, {}}, now());
  ASSERT_EQ(plan.jobs.size(), 3u);
  EXPECT_EQ(plan.jobs[0].job, JobId{2});  // the highest priority first
  EXPECT_EQ(plan.jobs[0].to, ClusterId{2});
  EXPECT_EQ(plan.jobs[1].step, DrainStep::kStays);
  EXPECT_EQ(plan.leaves, 2);
  EXPECT_EQ(plan.stays, 1);
  EXPECT_EQ(plan.arrivals.at(ClusterId{2}), 2);
  plan = PlanDrain(world, ClusterId{1}, {DrainMode::kNow, {}, 0, {}}, now());
  EXPECT_EQ(plan.leaves, 3);
  EXPECT_EQ(world.generation(), generation);
  world.CheckInvariants();
}

TEST_F(DrainPlan, CountsTheRoomThatEarlierJobsTake) {
  JobSpec half = Policy(FailoverPolicy::kFenced);
  half.request = MakeResources(3000, 1);
  JobSpec home = half;
  home.required = {{{{"home", LabelRequirement::Op::kExists, {}}}}};
  Start(1, half);
  Start(2, half);
  Submit(3, Pod(4000));  // on cluster 2
  ASSERT_EQ(Job(3).cluster, ClusterId{2});
  const MovePlan graceful =
      PlanDrain(core().world(), ClusterId{1}, {DrainMode::kGraceful, {}, 0, {}}, now());
  EXPECT_EQ(graceful.stays, 2);
  const MovePlan plan =
      PlanDrain(core().world(), ClusterId{1}, {DrainMode::kNow, {}, 0, {}}, now());
  EXPECT_EQ(plan.leaves, 1);
  EXPECT_EQ(plan.waits, 1);  // 1000m are left for the second
  EXPECT_NE(plan.jobs[1].why.find("can take this job now"), std::string::npos);
}

TEST_F(DrainPlan, ARemovalListsWhatMayStillRunAndWhatIsLeftBehind) {
  Start(1, Policy(FailoverPolicy::kFenced));
  Start(2, Policy(FailoverPolicy::kNever));
  Start(3, Policy(FailoverPolicy::kFenced));
  Step(Run(3, 1, 1, RunPhase::kSucceeded));
  Lose(1);
  const auto plan = [&] {
    return PlanRemoval(core().world(), core().failover(), ClusterId{1}, now());
  };
  EXPECT_FALSE(plan().reachable);
  EXPECT_EQ(plan().moves.jobs.size(), 2u);
  EXPECT_TRUE(plan().moves.jobs[0].may_run);
  EXPECT_TRUE(plan().moves.jobs[1].may_run);
  EXPECT_EQ(plan().finished, 1);
  Pass(Seconds(600));  // job 1 has gone elsewhere, behind its fence
  EXPECT_EQ(Job(1).cluster, ClusterId{2});
  ASSERT_EQ(plan().moves.jobs.size(), 1u);
  EXPECT_EQ(plan().moves.jobs[0].job, JobId{2});
  ASSERT_EQ(plan().residue.size(), 1u);
  EXPECT_EQ(plan().residue[0].job, JobId{1});
}

}  // namespace
}  // namespace fairway::scheduler
