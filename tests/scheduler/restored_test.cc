// The core after a restore: what members have outranks what the older store says.
#include "scheduler/restored.h"

#include "tests/scheduler/core_fixture.h"

namespace fairway::scheduler {
namespace {

class RestoredTest : public CoreFixture {
 protected:
  void SetUp() override {
    AddCluster(1, 4000);
    AddCluster(2, 4000);
  }
  // A new process with the older store: no link is up, the inventory is told.
  void Inventory(const std::vector<FoundCopy>& copies, bool run_missing = false) {
    plan_ = PlanRestored(now(), core().world(), copies, {JobId{1000}, run_missing});
    Replace(plan_.edits);
  }
  void Reopen() {
    Restart();
    Step(Recovered{});
  }
  static FoundCopy Copy(uint64_t job, uint64_t epoch, uint64_t cluster, bool finished = false) {
    return {JobId{job}, Epoch{epoch}, ClusterId{cluster}, finished};
  }
  void Connect() {
    const Resources whole = MakeResources(4000, 1024, 100);
    const Capacity capacity = MakeCapacity(whole, whole);
    for (uint64_t cluster : {1, 2}) {
      Step(CapacityObserved{ClusterId{cluster}, &capacity});
      Step(LinkObserved{ClusterId{cluster}, true});
    }
  }

 protected:
  RestorePlan plan_;
};

TEST_F(RestoredTest, NewerEpochElsewhereIsAdoptedAndItsResultTaken) {
  Submit(10, Pod(1000));
  Ack(10);
  ASSERT_EQ(Job(10).cluster, ClusterId{1});
  Reopen();
  Inventory({Copy(10, 1, 1), Copy(10, 3, 2, true)});
  EXPECT_EQ(Job(10).cluster, ClusterId{2});
  EXPECT_EQ(Job(10).epoch, Epoch{3});
  EXPECT_TRUE(plan_.held.empty());
  Connect();
  EXPECT_EQ(Count<Dispatch>(), 0);
  // The older copy is in the way, the newer one has the result.
  Step(Run(10, 1, 1, RunPhase::kSucceeded));
  EXPECT_EQ(Only<Withdraw>().epoch, Epoch{1});
  EXPECT_EQ(Job(10).state, JobState::kDispatched);
  Step(Run(10, 2, 3, RunPhase::kFailed));
  EXPECT_EQ(Job(10).state, JobState::kFailed);
}

TEST_F(RestoredTest, QueuedJobThatWasPlacedSinceIsNotPlacedAgain) {
  Submit(10, Pod(9000));  // fits nowhere: it waits
  ASSERT_EQ(Job(10).state, JobState::kQueued);
  Change(10, Pod(1000), true);
  Change(10, Pod(1000), true);
  Reopen();
  Change(10, Pod(1000), false);
  ASSERT_EQ(Job(10).state, JobState::kQueued) << "no cluster is open yet";
  Inventory({Copy(10, 1, 2)});
  EXPECT_EQ(Job(10).state, JobState::kDispatched);
  EXPECT_EQ(Job(10).cluster, ClusterId{2});
  Connect();
  EXPECT_EQ(Job(10).epoch, Epoch{1});
  EXPECT_EQ(Free(2), 3000);
}

TEST_F(RestoredTest, WhatNobodyHasIsHeldUntilItIsReleased) {
  Submit(10, Pod(1000));
  Ack(10);
  Submit(11, Pod(9000));
  Reopen();
  Inventory({});
  EXPECT_EQ(plan_.held.size(), 2u);
  EXPECT_EQ(Job(10).state, JobState::kQueued);
  EXPECT_TRUE(Job(10).suspended);
  EXPECT_TRUE(Job(11).suspended);
  ASSERT_EQ(Job(10).former.size(), 1u);
  EXPECT_EQ(Job(10).former[0].reason, EndReason::kCopyLost);
  Connect();
  EXPECT_EQ(Count<Dispatch>(), 0);
  Change(10, Pod(1000), false);
  EXPECT_EQ(Job(10).epoch, Epoch{2});
  EXPECT_EQ(Count<Dispatch>(), 1);
}

TEST_F(RestoredTest, RunMissingLeavesThemAsTheyAre) {
  Submit(10, Pod(1000));
  Reopen();
  Inventory({}, /*run_missing=*/true);
  EXPECT_TRUE(plan_.held.empty());
  EXPECT_EQ(Job(10).state, JobState::kPlacing);
}

TEST_F(RestoredTest, NewJobsAreNotHeldAndFinishedOnesStayFinished) {
  Submit(10, Pod(1000));
  Ack(10);
  Step(Run(10, 1, 1, RunPhase::kSucceeded));
  Reopen();
  Submit(2000, Pod(1000));
  Inventory({Copy(10, 2, 2)});
  EXPECT_EQ(Job(10).state, JobState::kDone);
  EXPECT_EQ(Job(10).epoch, Epoch{1});
  EXPECT_FALSE(Job(2000).suspended);
}

TEST_F(RestoredTest, OlderCopyThanTheRecordDoesNotCount) {
  Submit(10, Pod(1000));
  Ack(10);
  Step(CopyGone{JobId{10}, ClusterId{1}, Epoch{1}});
  Ack(10);
  ASSERT_EQ(Job(10).epoch, Epoch{2});
  Reopen();
  Inventory({Copy(10, 1, 1), Copy(10, 1, 9)});
  EXPECT_EQ(plan_.held.size(), 1u);
  EXPECT_EQ(Job(10).state, JobState::kQueued);
  Connect();
  Step(Run(10, 1, 1, RunPhase::kRunning));
  EXPECT_EQ(Only<Withdraw>().epoch, Epoch{1});
}

TEST_F(RestoredTest, JobBeingDeletedIsWithdrawnWhereItIs) {
  Submit(10, Pod(1000));
  Ack(10);
  Step(JobDeleted{JobId{10}, false});
  Reopen();
  Inventory({Copy(10, 2, 2)});
  EXPECT_EQ(Job(10).state, JobState::kDeleting);
  Step(Recovered{});
  EXPECT_EQ(Only<Withdraw>().cluster, ClusterId{2});
  Step(CopyGone{JobId{10}, ClusterId{2}, Epoch{2}});
  EXPECT_EQ(Count<ReleaseJob>(), 1);
}

}  // namespace
}  // namespace fairway::scheduler
