// Promise: the plan says what a run would do, in its order, and changes nothing.
#include "scheduler/failover/rebalance_plan.h"

#include "tests/scheduler/failover/rebalance_fixture.h"

namespace fairway::scheduler {
namespace {

using RebalancePlanTest = RebalanceFixture;

TEST_F(RebalancePlanTest, SaysWhatARunDoes) {
  Use(Settings(false));
  Pile(6, Willing());
  Submit(7, Pod(1));
  RunNow(7);
  Cordon(2, false);
  Pass(Seconds(61));
  const uint64_t generation = core().world().generation();
  const RebalancePlan plan = RebalancePlanned(0);
  EXPECT_EQ(core().world().generation(), generation);
  core().world().CheckInvariants();
  EXPECT_EQ(plan.moves, 2);
  EXPECT_EQ(plan.stays, 4);
  EXPECT_EQ(plan.not_allowed, 1);
  EXPECT_EQ(plan.arrivals.at(ClusterId{2}), 2);
  ASSERT_EQ(plan.jobs.size(), 6u);
  EXPECT_GT(plan.jobs[0].offer.gain, plan.jobs[1].offer.gain);  // room was taken
  EXPECT_GE(plan.jobs[1].offer.gain, 100);
  EXPECT_EQ(plan.jobs[0].lost, 61);
  EXPECT_EQ(plan.jobs[2].offer.stay, RebalanceStay::kGainTooSmall);
  Step(RebalanceAsked{true, 0});
  Live(Seconds(60));
  for (const PlannedRebalance& planned : plan.jobs) {
    const bool moves = planned.offer.stay == RebalanceStay::kNo;
    EXPECT_EQ(Job(planned.job.value).cluster, ClusterId{moves ? 2u : 1u});
  }
}

TEST_F(RebalancePlanTest, NoMoreThanAskedForAndWhoWouldBeNext) {
  Pile(6, Willing());
  Cordon(2, false);
  Pass(Seconds(50));
  EXPECT_EQ(RebalancePlanned(1).moves, 0);  // all are too young
  EXPECT_EQ(RebalancePlanned(1).jobs[0].offer.stay, RebalanceStay::kYoung);
  Freeze(true);  // a plan may be asked for all the same
  Pass(Seconds(11));
  const RebalancePlan plan = RebalancePlanned(1);
  EXPECT_EQ(plan.moves, 1);
  EXPECT_EQ(plan.later, 5);
  EXPECT_TRUE(plan.jobs[1].later);
}

}  // namespace
}  // namespace fairway::scheduler
