// Promise: a drain empties its cluster and starts no second copy; what runs is left alone unless
// the operator said otherwise, and no more jobs are on the move than he allowed.
#include "tests/scheduler/failover/failover_fixture.h"

namespace fairway::scheduler {
namespace {

class Drains : public FailoverFixture {
 protected:
  void Drain(DrainMode mode, Duration deadline = {}, int32_t moving_max = 0) {
    ClusterSpec spec = core().world().FindCluster(ClusterId{1})->record.spec;
    spec.drain = {mode, deadline, moving_max, {}};
    Step(ClusterChanged{ClusterId{1}, &spec});
    Step(TimerFired{});
  }
  void Pend(uint64_t job, int32_t priority = 0) {
    JobSpec spec = Policy(FailoverPolicy::kFenced);
    spec.priority = priority;
    PlaceAtHome(job, spec);
  }
  void Gone(uint64_t job, uint64_t epoch = 1) {
    Step(CopyGone{JobId{job}, ClusterId{1}, Epoch{epoch}});
    Step(TimerFired{});
  }
  const DrainProgress& Progress() const { return core().drains().clusters.at(ClusterId{1}).shown; }
};

TEST_F(Drains, GracefulMovesWhatHasNotStartedOnceItsCopyIsGone) {
  Pend(1);
  Start(2, Policy(FailoverPolicy::kFenced));
  Drain(DrainMode::kGraceful);
  EXPECT_EQ(Only<Withdraw>().job, JobId{1});
  EXPECT_EQ(Job(1).state, JobState::kRequeued);
  EXPECT_EQ(Job(2).state, JobState::kRunning);
  EXPECT_EQ(Progress().left, 2);
  EXPECT_EQ(Progress().stays, 1);
  EXPECT_EQ(Progress().moving, 1);
  Pass(Seconds(60));
  EXPECT_EQ(Job(1).epoch, Epoch{1});  // not before its end is confirmed
  Gone(1);
  EXPECT_EQ(Job(1).cluster, ClusterId{2});
  EXPECT_EQ(Job(1).epoch, Epoch{2});
  EXPECT_EQ(Job(1).former.back().reason, EndReason::kDrained);
  Pass(Seconds(3600));
  EXPECT_EQ(Job(2).state, JobState::kRunning);
  Step(Run(2, 1, 1, RunPhase::kSucceeded));
  Pass(Seconds(2));
  EXPECT_EQ(Progress().left, 0);
  EXPECT_EQ(Progress().moved, 1);
}

TEST_F(Drains, NothingNewIsPlacedThere) {
  Drain(DrainMode::kGraceful);
  Submit(1, Pod(1000));
  EXPECT_EQ(Job(1).cluster, ClusterId{2});
  Submit(2, Pod(8000));
  EXPECT_EQ(Job(2).state, JobState::kQueued);
  EXPECT_EQ(Explained(2).nearest_change, "fits if cluster c1 is undrained");
  Drain(DrainMode::kNone);
  EXPECT_EQ(Job(2).cluster, ClusterId{1});
}

TEST_F(Drains, AfterTheDeadlineWhatRunsMovesHighestPriorityFirst) {
  JobSpec low = Policy(FailoverPolicy::kFenced);
  JobSpec high = low;
  high.priority = 10;
  Start(1, low);
  Start(2, high);
  Drain(DrainMode::kGraceful, Seconds(600), 1);
  Pass(Seconds(590));
  EXPECT_EQ(Job(2).state, JobState::kRunning);
  Pass(Seconds(15));
  EXPECT_EQ(Job(2).state, JobState::kRequeued);
  EXPECT_EQ(Job(1).state, JobState::kRunning);
  Gone(2);
  EXPECT_EQ(Job(2).cluster, ClusterId{2});
  EXPECT_EQ(Job(1).state, JobState::kRequeued);  // the budget is free again
}

TEST_F(Drains, WhatHasSucceededBeforeItsWithdrawalDoesNotRunAgain) {
  Start(1, Policy(FailoverPolicy::kFenced));
  Start(2, Policy(FailoverPolicy::kFenced));
  Drain(DrainMode::kNow, {}, 1);
  const uint64_t leaves = Job(1).state == JobState::kRequeued ? 1 : 2;
  const uint64_t other = 3 - leaves;
  Step(Run(leaves, 1, 1, RunPhase::kSucceeded));
  EXPECT_EQ(Job(leaves).state, JobState::kDone);
  EXPECT_EQ(Only<PublishStatus>().job, JobId{leaves});
  Gone(leaves);
  EXPECT_EQ(Job(leaves).state, JobState::kDone);
  EXPECT_EQ(Job(leaves).epoch, Epoch{1});
  Pass(Seconds(2));
  EXPECT_EQ(Job(other).state, JobState::kRequeued);  // the budget is free again
}

TEST_F(Drains, NowMovesEverythingWithinTheBudget) {
  for (uint64_t job = 1; job <= 5; ++job) Start(job, Policy(FailoverPolicy::kNever));
  Drain(DrainMode::kNow, {}, 2);
  EXPECT_EQ(core().world().CountJobs(JobState::kRequeued), 2);
  Pass(Seconds(120));
  EXPECT_EQ(core().world().CountJobs(JobState::kRequeued), 2);
  Gone(1);
  EXPECT_EQ(core().world().CountJobs(JobState::kRequeued), 2);
  for (uint64_t job = 2; job <= 5; ++job) Gone(job);
  Pass(Seconds(2));
  EXPECT_EQ(core().world().FindCluster(ClusterId{1})->jobs, 0);
  EXPECT_EQ(Progress().moved, 5);
}

TEST_F(Drains, WhatFitsNowhereElseStaysAndIsCounted) {
  JobSpec big = Policy(FailoverPolicy::kFenced);
  big.request = MakeResources(8000, 1);
  Submit(1, Pod(1000));  // on one of them
  const uint64_t taken = Job(1).cluster.value;
  Submit(2, big);
  const uint64_t other = Job(2).cluster.value;
  ASSERT_NE(taken, other);
  ClusterSpec spec = core().world().FindCluster(ClusterId{other})->record.spec;
  spec.drain.mode = DrainMode::kGraceful;
  Step(ClusterChanged{ClusterId{other}, &spec});
  Step(TimerFired{});
  EXPECT_EQ(Count<Withdraw>(), 0);
  const DrainProgress& progress = core().drains().clusters.at(ClusterId{other}).shown;
  EXPECT_EQ(progress.stuck, 1);
  EXPECT_NE(progress.stuck_why.find("can take this job now"), std::string::npos);
  Step(Run(1, taken, 1, RunPhase::kSucceeded));  // room
  Pass(Seconds(2));
  EXPECT_EQ(Job(2).state, JobState::kRequeued);
}

TEST_F(Drains, GoesOnAfterARestartWithItsBudget) {
  for (uint64_t job = 1; job <= 4; ++job) Start(job, Policy(FailoverPolicy::kNever));
  Drain(DrainMode::kNow, {}, 2);
  const Instant since = core().world().FindCluster(ClusterId{1})->record.spec.drain.since;
  EXPECT_EQ(since, now());
  Restart();
  Step(Recovered{});
  Hear(1);
  Hear(2);
  Pass(Seconds(5));
  EXPECT_EQ(core().world().CountJobs(JobState::kRequeued), 2);
  EXPECT_EQ(core().world().FindCluster(ClusterId{1})->record.spec.drain.since, since);
}

TEST_F(Drains, AFreezeHoldsIt) {
  Start(1, Policy(FailoverPolicy::kNever));
  const std::string reason = "release";
  Step(FreezeChanged{true, false, &reason});
  Drain(DrainMode::kNow);
  Pass(Seconds(60));
  EXPECT_EQ(Job(1).state, JobState::kRunning);
  Restart();
  EXPECT_TRUE(core().world().freeze().frozen);
  EXPECT_EQ(core().world().freeze().reason, reason);
  Step(Recovered{});
  Hear(1);
  Hear(2);
  Pass(Seconds(5));
  EXPECT_EQ(Job(1).state, JobState::kRunning);
  Step(FreezeChanged{false, false, &reason});
  Pass(Seconds(2));
  EXPECT_EQ(Job(1).state, JobState::kRequeued);
}

}  // namespace
}  // namespace fairway::scheduler
