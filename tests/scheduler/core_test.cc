// Core::Step as its callers see it: one event in, edits and commands out.
#include "scheduler/core.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "scheduler/names.h"
#include "tests/scheduler/core_fixture.h"

namespace fairway::scheduler {
namespace {

using ::testing::IsEmpty;
using CoreTest = CoreFixture;

TEST_F(CoreTest, SubmittedJobIsPlacedOnTheOnlyCluster) {
  AddCluster(1, 4000);
  Submit(10, Pod(1000));
  EXPECT_EQ(Job(10).state, JobState::kPlacing);
  EXPECT_EQ(Job(10).epoch, Epoch{1});
  ASSERT_EQ(Count<Dispatch>(), 1);
  EXPECT_EQ(Only<Dispatch>().cluster, ClusterId{1});
  EXPECT_EQ(Free(1), 3000);
}

TEST_F(CoreTest, LifeOfAJobEndsAtTheCommitPoint) {
  AddCluster(1, 4000);
  Submit(10, Pod(1000));
  Step(DispatchAcked{JobId{10}, ClusterId{1}, Epoch{1}});
  EXPECT_EQ(Job(10).state, JobState::kDispatched);
  Step(Run(10, 1, 1, RunPhase::kRunning));
  EXPECT_EQ(Job(10).state, JobState::kRunning);
  Step(Run(10, 1, 1, RunPhase::kSucceeded));
  EXPECT_EQ(Job(10).state, JobState::kDone);
  EXPECT_EQ(Job(10).spec, SpecId{});
  EXPECT_EQ(Count<PublishStatus>(), 1);
  EXPECT_EQ(Free(1), 4000);
  // Whatever is said later changes nothing.
  Step(Run(10, 1, 1, RunPhase::kFailed));
  EXPECT_EQ(Job(10).state, JobState::kDone);
  EXPECT_THAT(sink().edits, IsEmpty());
  EXPECT_EQ(Count<Dispatch>(), 0);
}

TEST_F(CoreTest, ReportsOfAnOldEpochAreCountedAndTheirCopyIsWithdrawn) {
  AddCluster(1, 4000);
  Submit(10, Pod(1000));
  Ack(10);
  Step(CopyGone{JobId{10}, ClusterId{1}, Epoch{1}});
  EXPECT_EQ(Job(10).epoch, Epoch{2});
  ASSERT_EQ(Job(10).former.size(), 1u);
  EXPECT_EQ(Job(10).former[0].reason, EndReason::kCopyLost);
  Step(Run(10, 1, 1, RunPhase::kSucceeded));
  EXPECT_EQ(Job(10).state, JobState::kPlacing);
  EXPECT_EQ(core().world().stats().stale_reports, 1u);
  EXPECT_EQ(Only<Withdraw>().epoch, Epoch{1});
}

TEST_F(CoreTest, JobWithoutRoomWaitsAndGoesWhenRoomIsFreed) {
  AddCluster(1, 1000);
  Submit(10, Pod(1000));
  Submit(11, Pod(1000));
  EXPECT_EQ(Job(11).state, JobState::kQueued);
  EXPECT_EQ(Count<Dispatch>(), 0);
  Step(Run(10, 1, 1, RunPhase::kSucceeded));
  EXPECT_EQ(Job(11).state, JobState::kPlacing);
  EXPECT_EQ(Only<Dispatch>().job, JobId{11});
}

TEST_F(CoreTest, UnplaceableHeadBlocksNobody) {
  AddCluster(1, 1000);
  Submit(10, Pod(1000));
  JobSpec big = Pod(900'000);
  big.priority = 100;
  Submit(11, big);
  Submit(12, Pod(500));
  Step(Run(10, 1, 1, RunPhase::kSucceeded));
  EXPECT_EQ(Job(11).state, JobState::kQueued);
  EXPECT_EQ(Job(12).state, JobState::kPlacing);
}

TEST_F(CoreTest, SweepReachesTheJobBehindHundredsOfHeadsWithoutRoom) {
  AddCluster(1, 1000);
  Submit(10, Pod(1000));
  for (uint64_t i = 0; i < 500; ++i) {
    JobSpec big = Pod(900'000 + static_cast<int64_t>(i));  // each a group of its own
    big.priority = 100;
    Submit(100 + i, big);
  }
  Submit(1000, Pod(500));
  Step(Run(10, 1, 1, RunPhase::kSucceeded));
  EXPECT_EQ(Job(1000).state, JobState::kQueued) << "one step's work is bounded";
  int steps = 0;
  while (Count<SetTimer>() > 0 && ++steps < 100) {
    At(Only<SetTimer>().at);
    Step(TimerFired{});
    if (Job(1000).state != JobState::kQueued) break;
  }
  EXPECT_EQ(Job(1000).state, JobState::kPlacing);
}

TEST_F(CoreTest, InfeasibleIsExplainedByTheEmptyWorldNotByTheMoment) {
  AddCluster(1, 4000);
  Step(LinkObserved{ClusterId{1}, false});
  Submit(10, Pod(900'000));
  ASSERT_EQ(sink().decisions.size(), 1u);
  const Decision& decision = sink().decisions[0];
  EXPECT_EQ(decision.outcome, names::kOutcomeInfeasible);
  ASSERT_EQ(decision.verdicts.size(), 1u);
  EXPECT_EQ(decision.verdicts[0].reason, names::kReasonInsufficient);
  EXPECT_EQ(decision.verdicts[0].message, "needs 900 cpu, 4 is all it has");
}

TEST_F(CoreTest, AMemberThatNeverTakesAJobIsGivenUpAndLastChoiceAfterwards) {
  AddCluster(1, 4000);
  AddCluster(2, 4000);
  Submit(10, Pod(1000));
  const ClusterId first = Job(10).cluster;
  for (int i = 0; i < 20 && Job(10).state == JobState::kPlacing; ++i) {
    Step(DispatchFailed{JobId{10}, first, Epoch{1}, true});
  }
  EXPECT_EQ(Job(10).state, JobState::kRequeued);
  Step(CopyGone{JobId{10}, first, Epoch{1}});
  EXPECT_NE(Job(10).cluster, first);
  EXPECT_EQ(Job(10).former.at(0).reason, EndReason::kWithdrawn);
}

TEST_F(CoreTest, HigherPriorityGoesFirstThenAge) {
  AddCluster(1, 1000);
  Submit(10, Pod(1000));
  Submit(11, Pod(1000));
  JobSpec urgent = Pod(1000);
  urgent.priority = 5;
  Submit(12, urgent);
  Submit(13, urgent);
  Step(Run(10, 1, 1, RunPhase::kSucceeded));
  EXPECT_EQ(Job(12).state, JobState::kPlacing);
  Step(Run(12, 1, 1, RunPhase::kFailed));
  EXPECT_EQ(Job(13).state, JobState::kPlacing);
  Step(Run(13, 1, 1, RunPhase::kFailed));
  EXPECT_EQ(Job(11).state, JobState::kPlacing);
}

TEST_F(CoreTest, LikesOfABlockedHeadAreNotTried) {
  AddCluster(1, 1000);
  for (uint64_t job = 10; job < 1010; ++job) Submit(job, Pod(700));
  const uint64_t before = core().world().stats().attempts;
  Step(Run(10, 1, 1, RunPhase::kSucceeded));
  EXPECT_EQ(core().world().stats().attempts - before, 2u);  // one placed, one miss
}

TEST_F(CoreTest, DeletedWhileQueuedGoesAtOnce) {
  Submit(10, Pod(1000));
  Step(JobDeleted{JobId{10}, false});
  EXPECT_EQ(Count<ReleaseJob>(), 1);
  EXPECT_EQ(core().world().FindJob(JobId{10}), nullptr);
  EXPECT_TRUE(core().world().specs().entries().empty());
}

TEST_F(CoreTest, DeletedJobIsReleasedOnlyWhenItsCopyIsGone) {
  AddCluster(1, 4000);
  Submit(10, Pod(1000));
  Step(JobDeleted{JobId{10}, false});
  EXPECT_EQ(Count<Withdraw>(), 1);
  EXPECT_EQ(Count<ReleaseJob>(), 0);
  EXPECT_EQ(Free(1), 3000) << "its pods may still run";
  Step(CopyGone{JobId{10}, ClusterId{1}, Epoch{1}});
  EXPECT_EQ(Count<ReleaseJob>(), 1);
  EXPECT_EQ(Free(1), 4000);
}

TEST_F(CoreTest, OrphaningDeleteLeavesTheCopyAlone) {
  AddCluster(1, 4000);
  Submit(10, Pod(1000));
  Step(JobDeleted{JobId{10}, true});
  EXPECT_EQ(Count<Withdraw>(), 0);
  EXPECT_EQ(Count<ReleaseJob>(), 1);
}

TEST_F(CoreTest, FinishedJobWithACopyIsWithdrawnOnDelete) {
  AddCluster(1, 4000);
  Submit(10, Pod(1000));
  Step(Run(10, 1, 1, RunPhase::kSucceeded));
  Step(JobDeleted{JobId{10}, false});
  EXPECT_EQ(Count<Withdraw>(), 1);
  Step(CopyGone{JobId{10}, ClusterId{1}, Epoch{1}});
  EXPECT_EQ(Count<ReleaseJob>(), 1);
}

TEST_F(CoreTest, RemovedClusterBlocksNoRelease) {
  AddCluster(1, 4000);
  Submit(10, Pod(1000));
  Submit(11, Pod(1000));
  Step(JobDeleted{JobId{10}, false});
  Step(ClusterRemoved{ClusterId{1}});
  EXPECT_EQ(Only<ReleaseJob>().job, JobId{10});
  EXPECT_EQ(Job(11).state, JobState::kQueued);
  EXPECT_EQ(Job(11).former.at(0).reason, EndReason::kClusterRemoved);
  EXPECT_EQ(core().world().stats().left_behind, 2u);
}

TEST_F(CoreTest, SuspendedJobWaitsWithoutPlacing) {
  AddCluster(1, 4000);
  Submit(10, Pod(1000), true);
  EXPECT_EQ(Job(10).state, JobState::kQueued);
  EXPECT_EQ(Count<Dispatch>(), 0);
  Change(10, Pod(1000), false);
  EXPECT_EQ(Job(10).state, JobState::kPlacing);
}

TEST_F(CoreTest, AWaitingJobThatIsToldNothingNewIsLeftInPeace) {
  AddCluster(1, 1000);
  Submit(10, Pod(5000));
  const uint64_t attempts = core().world().stats().attempts;
  Change(10, Pod(5000), false);
  EXPECT_TRUE(sink().edits.empty());
  EXPECT_TRUE(sink().commands.empty());
  EXPECT_EQ(core().world().stats().attempts, attempts);
  Change(10, Pod(500), false);
  EXPECT_EQ(Job(10).state, JobState::kPlacing);
}

TEST_F(CoreTest, SuspendingAPlacedJobUpdatesTheSameEpochAndFreesItsRoom) {
  AddCluster(1, 1000);
  Submit(10, Pod(1000));
  Ack(10);
  Submit(11, Pod(1000));
  Change(10, Pod(1000), true);
  EXPECT_EQ(First<Dispatch>().job, JobId{10});
  EXPECT_EQ(First<Dispatch>().epoch, Epoch{1});
  EXPECT_EQ(Job(11).state, JobState::kPlacing);
  Change(10, Pod(1000), false);
  EXPECT_EQ(Free(1), -1000) << "both are promised; the member lets one wait";
}

TEST_F(CoreTest, TtlExpiresAFinishedJobOnce) {
  AddCluster(1, 4000);
  Submit(10, Pod(1000), false, 30);
  Step(Run(10, 1, 1, RunPhase::kSucceeded));
  const Instant due = now() + Seconds(30);
  EXPECT_EQ(Only<SetTimer>().at, due);
  At(due);
  Step(TimerFired{});
  EXPECT_EQ(Only<ExpireJob>().job, JobId{10});
  At(due + Seconds(100));
  Step(TimerFired{});
  EXPECT_EQ(Count<ExpireJob>(), 0);
}

TEST_F(CoreTest, FailedDispatchIsRetriedLaterAndLater) {
  AddCluster(1, 4000);
  Submit(10, Pod(1000));
  Instant last = now();
  for (const int64_t delay : {1, 2, 4, 8}) {
    Step(DispatchFailed{JobId{10}, ClusterId{1}, Epoch{1}, true});
    ASSERT_EQ(Only<SetTimer>().at, last + Seconds(delay));
    last = last + Seconds(delay);
    At(last);
    Step(TimerFired{});
    EXPECT_EQ(Only<Dispatch>().epoch, Epoch{1});
  }
}

TEST_F(CoreTest, RejectedJobGoesToAnotherClusterOnceItsCopyIsSurelyGone) {
  AddCluster(1, 4000);
  AddCluster(2, 4000);
  Submit(10, Pod(1000));
  const ClusterId first = Job(10).cluster;
  Step(DispatchFailed{JobId{10}, first, Epoch{1}, false});
  EXPECT_EQ(Job(10).state, JobState::kRequeued);
  EXPECT_EQ(Only<Withdraw>().cluster, first);
  Step(CopyGone{JobId{10}, first, Epoch{1}});
  EXPECT_EQ(Job(10).state, JobState::kPlacing);
  EXPECT_NE(Job(10).cluster, first);
  Step(DispatchFailed{JobId{10}, Job(10).cluster, Epoch{2}, false});
  Step(CopyGone{JobId{10}, Job(10).cluster, Epoch{2}});
  EXPECT_EQ(Job(10).state, JobState::kQueued);
  const Decision decision = ExplainJob(core().world(), Job(10));
  EXPECT_EQ(decision.outcome, names::kOutcomeInfeasible);
  ASSERT_EQ(decision.verdicts.size(), 1u);
  EXPECT_EQ(decision.verdicts[0].reason, names::kReasonRejected);
}

TEST_F(CoreTest, UnreadyLinkTakesNoNewJobsAndKeepsTheRunningOnes) {
  AddCluster(1, 4000);
  Submit(10, Pod(1000));
  Ack(10);
  Step(LinkObserved{ClusterId{1}, false});
  Submit(11, Pod(1000));
  EXPECT_EQ(Job(10).state, JobState::kDispatched);
  EXPECT_EQ(Job(11).state, JobState::kQueued);
  Step(LinkObserved{ClusterId{1}, true});
  EXPECT_EQ(Job(11).state, JobState::kPlacing);
}

TEST_F(CoreTest, RecoveredAsksAgainForWhatWasNotAcknowledged) {
  AddCluster(1, 8000);
  Submit(10, Pod(1000));
  Submit(11, Pod(1000));
  Ack(11);
  Submit(12, Pod(1000));
  Step(JobDeleted{JobId{12}, false});
  Restart();
  Step(Recovered{});
  EXPECT_EQ(Only<Dispatch>().job, JobId{10});
  EXPECT_EQ(Only<Withdraw>().job, JobId{12});
}

TEST_F(CoreTest, UnknownJobsAndClustersChangeNothing) {
  Step(Run(99, 1, 1, RunPhase::kSucceeded));
  Step(DispatchAcked{JobId{99}, ClusterId{1}, Epoch{1}});
  Step(CopyGone{JobId{99}, ClusterId{1}, Epoch{1}});
  Step(ClusterRemoved{ClusterId{7}});
  EXPECT_THAT(sink().edits, IsEmpty());
  EXPECT_EQ(core().world().stats().unknown_reports, 4u);
}

}  // namespace
}  // namespace fairway::scheduler
