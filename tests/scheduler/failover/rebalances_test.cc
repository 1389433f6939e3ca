// Promise: a running job is moved only when its author allows it and it gains by enough, few at a
// time, never soon after it was placed or moved, and never to and fro.
#include "tests/scheduler/failover/rebalance_fixture.h"

namespace fairway::scheduler {
namespace {

using Rebalances = RebalanceFixture;

TEST_F(Rebalances, MovesWhoGainsUntilNobodyGainsEnough) {
  Pile(6, Willing());
  Cordon(2, false);
  Live(Seconds(300));
  // 4 and 2: another move would gain 94 points, of the 100 that are demanded.
  EXPECT_EQ(On(1), 4);
  EXPECT_EQ(On(2), 2);
  for (const auto& [id, record] : core().world().jobs()) {
    if (record->cluster == ClusterId{1}) continue;
    ASSERT_EQ(record->former.size(), 1u);
    EXPECT_EQ(record->former[0].reason, EndReason::kRebalanced);
    EXPECT_EQ(record->former[0].cluster, ClusterId{1});
    EXPECT_EQ(record->epoch, Epoch{2});
  }
  Live(Seconds(3600));
  EXPECT_EQ(On(1), 4);
  EXPECT_EQ(core().world().stats().requeued, 2u);
}

TEST_F(Rebalances, IsOffUnlessConfigured) {
  Use(Settings(false));
  Pile(6, Willing());
  Cordon(2, false);
  Live(Seconds(600));
  EXPECT_EQ(On(1), 6);
}

TEST_F(Rebalances, NeverUnlessItsAuthorAllowsItNorUnderNever) {
  JobSpec unasked = Willing();
  unasked.rebalance = false;
  Pile(3, unasked);
  for (uint64_t job = 11; job <= 13; ++job) {
    Submit(job, Willing(FailoverPolicy::kNever));
    RunNow(job);
  }
  Cordon(2, false);
  Live(Seconds(600));
  EXPECT_EQ(On(1), 6);
}

TEST_F(Rebalances, LeavesAJobAloneThatCameAMomentAgo) {
  Pile(6, Willing());
  Cordon(2, false);
  Pass(Seconds(55));
  EXPECT_EQ(Moving(), 0);
  Pass(Seconds(20));
  EXPECT_GT(Moving(), 0);
}

TEST_F(Rebalances, FewAtATimeAndPerMinute) {
  Pile(6, Willing());
  FailoverConfig config = Settings();
  config.rebalance.gain_min = 1;
  config.rebalance.moving_max = 1;
  Use(config);
  Cordon(2, false);
  Pass(Seconds(120));
  EXPECT_EQ(Moving(), 1);  // the first has not ended yet
  Settle();
  Pass(Seconds(4));
  Settle();
  EXPECT_LE(On(2), 2);
  config.rebalance.moving_max = 10;
  Use(config);
  const int64_t before = On(2) + Moving();
  Pass(Seconds(4));
  EXPECT_EQ(On(2) + Moving(), before);  // five seconds from one to the next, over a start too
}

TEST_F(Rebalances, ARunDoesNotWaitForEverForWhoFindsNoPlace) {
  Use(Settings(false));
  Pile(6, Willing());
  Pass(Seconds(61));
  Cordon(2, false);
  Step(RebalanceAsked{true, 1});
  while (Moving() == 0) Pass(Seconds(1));
  Cordon(1, true);
  Cordon(2, true);
  Settle();
  ASSERT_EQ(core().world().CountJobs(JobState::kQueued), 1);
  Live(Seconds(500));
  EXPECT_TRUE(IsUnderWay(core().world().rebalance()));
  Live(Seconds(200));
  EXPECT_FALSE(IsUnderWay(core().world().rebalance()));
  EXPECT_EQ(core().world().rebalance().end, RebalanceEnd::kMost);
}

TEST_F(Rebalances, WhoDoesNotRunYetWhereItWentIsNotMovedOn) {
  Pile(2, Willing());
  FailoverConfig config = Settings();
  config.rebalance.gain_min = 1;
  Use(config);
  Cordon(2, false);
  while (Moving() == 0) Pass(Seconds(1));
  const uint64_t moved = Job(1).state == JobState::kRequeued ? 1 : 2;
  Step(CopyGone{JobId{moved}, ClusterId{1}, Epoch{1}});
  Ack(moved);  // it is there, and its pods are not
  ASSERT_EQ(Job(moved).cluster, ClusterId{2});
  Step(CopyGone{JobId{3 - moved}, ClusterId{1}, Epoch{1}});  // and all of cluster 1 is free
  JobSpec settled = Willing();
  settled.rebalance = false;
  Cordon(1, true);
  for (uint64_t job = 11; job <= 15; ++job) {
    Submit(job, settled);
    RunNow(job);
  }
  Cordon(1, false);
  Pass(Seconds(1200));
  EXPECT_EQ(Job(moved).cluster, ClusterId{2});
  EXPECT_EQ(Moving(), 0);
  RunNow(moved);
  Pass(Seconds(120));
  EXPECT_EQ(Job(moved).state, JobState::kRequeued);
}

TEST_F(Rebalances, TheLeastWorkIsLostFirst) {
  Pile(5, Willing());
  Pass(Seconds(30));
  Submit(6, Willing());
  RunNow(6);
  Pass(Seconds(61));
  Cordon(2, false);
  while (Moving() == 0) Pass(Seconds(1));
  EXPECT_EQ(Job(6).state, JobState::kRequeued);
}

TEST_F(Rebalances, NothingMovesWhileAllIsFrozen) {
  Pile(6, Willing());
  Freeze(true);
  Cordon(2, false);
  Live(Seconds(600));
  EXPECT_EQ(On(1), 6);
  Freeze(false);
  Live(Seconds(60));
  EXPECT_EQ(On(2), 2);
}

TEST_F(Rebalances, NotToAClusterOnProbation) {
  Pile(6, Willing());
  Silence(2);
  Pass(Seconds(200));  // a lease of observation before it counts as lost
  ASSERT_TRUE(IsLost(Link(2).state));
  Hear(2);
  Step(InventoryTaken{ClusterId{2}});
  Cordon(2, false);
  ASSERT_EQ(Link(2).state, LinkState::kProbation);
  while (Link(2).state == LinkState::kProbation) {
    EXPECT_EQ(On(1), 6);
    EXPECT_EQ(Moving(), 0);
    Pass(Seconds(1));
  }
  Live(Seconds(60));
  EXPECT_EQ(On(2), 2);
}

TEST_F(Rebalances, ThoseOnTheirWayCountWhereTheyGo) {
  FailoverConfig config = Settings();
  config.rebalance.moving_max = 100;
  config.rebalance.moves_per_minute = 60'000;
  Use(config);
  Pile(6, Willing());
  Cordon(2, false);
  Pass(Seconds(120));  // nobody confirms anything
  EXPECT_EQ(Moving(), 2);
}

TEST_F(Rebalances, AMovedJobRestsForAWhile) {
  Pile(6, Willing());
  Cordon(2, false);
  Live(Seconds(120));
  ASSERT_EQ(On(2), 2);
  for (uint64_t job = 1; job <= 6; ++job) {  // cluster 1 is empty now
    if (Job(job).cluster == ClusterId{1}) {
      Step(Run(job, 1, Job(job).epoch.value, RunPhase::kSucceeded));
    }
  }
  for (uint64_t job = 21; job <= 24; ++job) {
    JobSpec filler = Pod(1000);
    filler.preferred = {{100, {{{"there", LabelRequirement::Op::kExists, {}}}}}};
    ClusterSpec spec = core().world().FindCluster(ClusterId{2})->record.spec;
    spec.labels["there"] = "yes";
    Step(ClusterChanged{ClusterId{2}, &spec});
    Submit(job, filler);
    ASSERT_EQ(Job(job).cluster, ClusterId{2});
    RunNow(job);
  }
  Live(Seconds(400));
  EXPECT_EQ(On(2), 6);
  Live(Seconds(300));
  EXPECT_EQ(On(2), 4);  // after the cooldown they move again
}

TEST_F(Rebalances, OneRunOnAnOperatorsWord) {
  Use(Settings(false));
  Pile(6, Willing());
  Cordon(2, false);
  Pass(Seconds(61));
  Step(RebalanceAsked{true, 0});
  EXPECT_TRUE(IsUnderWay(core().world().rebalance()));
  Live(Seconds(60));
  EXPECT_EQ(On(2), 2);
  const RebalanceRecord run = core().world().rebalance();
  EXPECT_EQ(run.end, RebalanceEnd::kDone);
  EXPECT_EQ(run.moved, 2);
  EXPECT_EQ(run.run, 1u);
  Live(Seconds(1200));
  EXPECT_EQ(core().world().rebalance(), run);
}

TEST_F(Rebalances, ARunMovesNoMoreThanItWasAllowedAlsoOverARestart) {
  Use(Settings(false));
  Pile(6, Willing());
  Cordon(2, false);
  Pass(Seconds(61));
  Step(RebalanceAsked{true, 1});
  while (Moving() == 0) Pass(Seconds(1));
  Restart();
  Begin();
  for (const uint64_t id : {1, 2}) AddCluster(id, 8000);  // measured anew
  EXPECT_EQ(core().rebalance().moving.size(), 1u);
  EXPECT_TRUE(IsUnderWay(core().world().rebalance()));
  Live(Seconds(60));
  EXPECT_EQ(core().world().rebalance().moved, 1);
  EXPECT_EQ(core().world().rebalance().end, RebalanceEnd::kMost);
}

TEST_F(Rebalances, AnOperatorMayStopARun) {
  Use(Settings(false));
  Pile(6, Willing());
  Pass(Seconds(61));
  Freeze(true);
  Cordon(2, false);
  Step(RebalanceAsked{true, 0});
  Live(Seconds(60));
  EXPECT_TRUE(IsUnderWay(core().world().rebalance()));  // held
  Step(RebalanceAsked{false, 0});
  EXPECT_EQ(core().world().rebalance().end, RebalanceEnd::kStopped);
  Freeze(false);
  Live(Seconds(600));
  EXPECT_EQ(On(1), 6);
}

TEST_F(Rebalances, AnnotationThatComesLateCounts) {
  JobSpec unasked = Willing();
  unasked.rebalance = false;
  Pile(6, unasked);
  Cordon(2, false);
  Live(Seconds(120));
  ASSERT_EQ(On(1), 6);
  Change(3, Willing(), false);
  Ack(3);
  Live(Seconds(60));
  EXPECT_EQ(Job(3).cluster, ClusterId{2});
  EXPECT_EQ(On(1), 5);
}

// Home is where the job was moved off; a rebalance away from there is for good.
TEST_F(Rebalances, FailbackAndRebalanceDoNotPlayPingPong) {
  JobSpec spec = Willing();
  spec.failback = true;
  Pile(6, spec);
  Cordon(2, false);
  Live(Seconds(120));
  EXPECT_EQ(On(2), 2);
  Live(Seconds(7200));
  EXPECT_EQ(core().world().stats().requeued, 2u);
}

}  // namespace
}  // namespace fairway::scheduler
