// Promise: a job leaves a lost cluster when its policy allows it and not before, within the budget.
#include "tests/scheduler/failover/failover_fixture.h"

namespace fairway::scheduler {
namespace {

using Moves = FailoverFixture;

TEST_F(Moves, FastLeavesAtOnce) {
  Start(1, Policy(FailoverPolicy::kFast));
  Lose(1);
  EXPECT_EQ(Job(1).cluster, ClusterId{2});
  EXPECT_EQ(Job(1).epoch, Epoch{2});
  EXPECT_EQ(Job(1).former.back().reason, EndReason::kClusterLost);
}

TEST_F(Moves, FencedLeavesWhenItsCopyHasEndedPodsAndAll) {
  Start(1, Policy(FailoverPolicy::kFenced, 45));
  Lose(1);
  EXPECT_EQ(Job(1).state, JobState::kUncertain);
  const Instant horizon = Link(1).horizon;
  const FailoverConfig config;
  const Instant end =
      horizon + Milliseconds(600) + config.clock_skew_max + Seconds(45) + config.guard;
  Pass(Duration{(end - now()).ms - 1000});
  EXPECT_EQ(Job(1).epoch, Epoch{1});
  Pass(Seconds(3));
  EXPECT_EQ(Job(1).epoch, Epoch{2});
  EXPECT_EQ(Job(1).former.back().reason, EndReason::kFenced);
}

TEST_F(Moves, NeverAndManualWait) {
  Start(1, Policy(FailoverPolicy::kNever));
  const JobSpec manual = Policy(FailoverPolicy::kManual);
  Start(2, manual);
  Lose(1);
  Pass(Seconds(3600));
  EXPECT_EQ(Job(1).state, JobState::kUncertain);
  EXPECT_EQ(Job(2).state, JobState::kUncertain);
  Step(JobChanged{JobId{2}, &manual, false, -1, Epoch{1}});
  Pass(Seconds(1));
  EXPECT_EQ(Job(2).cluster, ClusterId{2});
  EXPECT_EQ(Job(2).former.back().reason, EndReason::kApproved);
}

TEST_F(Moves, WhatWasNeverSeenToStartIsNotFencedByTime) {
  Submit(1, Policy(FailoverPolicy::kFenced));
  const ClusterId cluster = Job(1).cluster;
  Lose(cluster.value);
  Pass(Seconds(3600));
  EXPECT_EQ(Job(1).state, JobState::kUncertain);
  EXPECT_EQ(Job(1).epoch, Epoch{1});
}

TEST_F(Moves, NothingIsWrittenToALostCluster) {
  const JobSpec spec = Policy(FailoverPolicy::kNever);
  Start(1, spec);
  Lose(1);
  Change(1, spec, /*suspended=*/true);
  EXPECT_EQ(Count<Dispatch>(), 0);
  Step(JobDeleted{JobId{1}, false});
  EXPECT_EQ(Count<Withdraw>(), 0);
  Hear(1);
  EXPECT_EQ(Count<Withdraw>(), 0);
  Step(InventoryTaken{ClusterId{1}});
  EXPECT_EQ(Only<Withdraw>().job, JobId{1});
}

}  // namespace
}  // namespace fairway::scheduler
