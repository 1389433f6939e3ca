// Promise: a cluster is lost after its whole threshold and not before; a blip, a restart or our own
// isolation loses none.
#include "tests/scheduler/failover/failover_fixture.h"

namespace fairway::scheduler {
namespace {

using Detector = FailoverFixture;

TEST_F(Detector, SilenceIsFirstSuspiciousThenLost) {
  Silence(1);
  Pass(Seconds(4));
  EXPECT_EQ(Link(1).state, LinkState::kReady);
  Pass(Seconds(2));
  EXPECT_EQ(Link(1).state, LinkState::kSuspect);
  Pass(Seconds(23));
  EXPECT_EQ(Link(1).state, LinkState::kSuspect);
  Pass(Seconds(2));
  EXPECT_TRUE(IsLost(Link(1).state));
}

TEST_F(Detector, ABlipMovesNothing) {
  Start(1, Policy(FailoverPolicy::kFast));
  Silence(1);
  Pass(Seconds(25));
  Hear(1);
  EXPECT_EQ(Link(1).state, LinkState::kReady);
  Pass(Seconds(60));
  EXPECT_EQ(Job(1).epoch, Epoch{1});
  EXPECT_EQ(Job(1).state, JobState::kRunning);
}

TEST_F(Detector, AClusterThatAnswersIsNotLost) {
  Step(LinkObserved{ClusterId{1}, false, /*answering=*/true, now()});
  Pass(Seconds(300));
  EXPECT_EQ(Link(1).state, LinkState::kSuspect);
}

TEST_F(Detector, AfterAStartNothingIsLostBeforeALeaseWasObserved) {
  Silence(1);
  Pass(Seconds(20));
  Restart();
  Step(Recovered{});
  Hear(2);
  Pass(Seconds(100));
  EXPECT_EQ(Link(1).state, LinkState::kSuspect);
  Pass(Seconds(30));
  EXPECT_TRUE(IsLost(Link(1).state));
}

TEST_F(Detector, AStallOfOursIsNotTheirSilence) {
  Silence(1);
  Pass(Seconds(6));
  At(now() + Seconds(600));
  Step(TimerFired{});
  EXPECT_EQ(Link(1).state, LinkState::kSuspect);
}

TEST_F(Detector, ClustersLostTogetherMeanThatWeAreCutOff) {
  AddCluster(3, 8000);
  Start(1, Policy(FailoverPolicy::kFast));
  Silence(1);
  Silence(2);
  Pass(Seconds(120));
  EXPECT_TRUE(IsIsolated(core().world(), core().failover()));
  EXPECT_EQ(Job(1).state, JobState::kUncertain);
  // Until an operator knows better.
  ClusterSpec lost = core().world().FindCluster(ClusterId{1})->record.spec;
  lost.confirmed_lost = true;
  Step(ClusterChanged{ClusterId{1}, &lost});
  Pass(Seconds(5));
  EXPECT_EQ(Job(1).cluster, ClusterId{3});
}

TEST_F(Detector, ReturnsThroughInventoryAndProbation) {
  Lose(1);
  Hear(1);
  EXPECT_EQ(Link(1).state, LinkState::kRejoining);
  EXPECT_EQ(Only<TakeInventory>().cluster, ClusterId{1});
  Step(InventoryTaken{ClusterId{1}});
  EXPECT_EQ(Link(1).state, LinkState::kProbation);
  EXPECT_FALSE(core().world().FindCluster(ClusterId{1})->IsOpen());
  Pass(Seconds(61));
  EXPECT_EQ(Link(1).state, LinkState::kReady);
  // The next loss soon after costs twice as much.
  Lose(1);
  Hear(1);
  Step(InventoryTaken{ClusterId{1}});
  EXPECT_EQ(Link(1).probation_until, now() + Seconds(120));
}

}  // namespace
}  // namespace fairway::scheduler
