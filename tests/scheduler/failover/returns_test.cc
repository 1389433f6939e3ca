// Promise: what succeeded before it was given up counts while nothing else is saved; the rest is
// deleted, however long that takes and whatever becomes of its job.
#include "tests/scheduler/failover/failover_fixture.h"

namespace fairway::scheduler {
namespace {

using Returns = FailoverFixture;

TEST_F(Returns, AnEarlierSuccessWinsAndTheLaterCopyGoes) {
  Start(1, Policy(FailoverPolicy::kFast));
  Lose(1);
  Ack(1);
  Hear(1);
  Step(Run(1, 1, 1, RunPhase::kSucceeded));
  EXPECT_EQ(Job(1).state, JobState::kCommitting);
  EXPECT_EQ(Only<PublishStatus>().epoch, Epoch{1});
  EXPECT_EQ(Only<Withdraw>().cluster, ClusterId{2});
  Step(CopyGone{JobId{1}, ClusterId{2}, Epoch{2}, true});
  EXPECT_EQ(Job(1).state, JobState::kDone);
  EXPECT_EQ(core().world().stats().rescued, 1u);
}

TEST_F(Returns, ALaterResultStands) {
  Start(1, Policy(FailoverPolicy::kFast));
  Lose(1);
  Ack(1);
  Step(Run(1, 2, 2, RunPhase::kFailed));
  ASSERT_EQ(Job(1).state, JobState::kFailed);
  Hear(1);
  Step(Run(1, 1, 1, RunPhase::kSucceeded));
  EXPECT_EQ(Job(1).state, JobState::kFailed);
}

TEST_F(Returns, WhatIsLeftBehindGoesAfterTheInventory) {
  Start(1, Policy(FailoverPolicy::kFast));
  Lose(1);
  Ack(1);
  Step(JobDeleted{JobId{1}, false});
  Step(CopyGone{JobId{1}, ClusterId{2}, Epoch{2}, true});
  ASSERT_EQ(core().world().FindJob(JobId{1}), nullptr);
  Restart();
  Step(Recovered{});
  Hear(1);
  EXPECT_EQ(Count<Withdraw>(), 0);
  Step(InventoryTaken{ClusterId{1}});
  EXPECT_EQ(Only<Withdraw>().epoch, Epoch{1});
  Step(WithdrawFailed{JobId{1}, ClusterId{1}, Epoch{1}});
  At(now() + Seconds(16));
  Step(TimerFired{});
  EXPECT_EQ(Only<Withdraw>().epoch, Epoch{1});
  Step(CopyGone{JobId{1}, ClusterId{1}, Epoch{1}, true});
  EXPECT_TRUE(core().world().residues().empty());
}

TEST_F(Returns, JobsThatWaitedGoOnWhereTheyAre) {
  Start(1, Policy(FailoverPolicy::kNever));
  Lose(1);
  ASSERT_EQ(Job(1).state, JobState::kUncertain);
  Hear(1);
  Step(Run(1, 1, 1, RunPhase::kRunning));
  Step(InventoryTaken{ClusterId{1}});
  EXPECT_EQ(Job(1).state, JobState::kRunning);
  EXPECT_EQ(Job(1).epoch, Epoch{1});
}

}  // namespace
}  // namespace fairway::scheduler
