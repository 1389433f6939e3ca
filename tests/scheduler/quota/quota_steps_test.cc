// Admission by quota and cluster together, from the events in to the commands out.
#include "tests/scheduler/quota/quota_fixture.h"

namespace fairway::scheduler {
namespace {

class AdmissionTest : public QuotaFixture {
 protected:
  void SetUp() override {
    AddCluster(1, 100'000);
    Flavor(1, "default");
  }
};

TEST_F(AdmissionTest, QuotaIsChargedWithThePlacementAndFreedWithTheEnd) {
  AddQueue(1, Queue("a", 4));
  Submit(10, Job("a", 3));
  EXPECT_EQ(State(10), JobState::kPlacing);
  EXPECT_EQ(Only<Dispatch>().job, JobId{10});
  EXPECT_EQ(Held(1), 3);
  EXPECT_EQ(Record(10).quota->pod_sets.front().flavors.front(), FlavorId{1});
  Submit(11, Job("a", 2));
  EXPECT_EQ(State(11), JobState::kQueued);
  Done(10);
  EXPECT_EQ(State(11), JobState::kPlacing);
  EXPECT_EQ(Held(1), 2);
}

TEST_F(AdmissionTest, AdmissionsSurviveARestart) {
  AddQueue(1, Queue("a", 4));
  Submit(10, Job("a", 3));
  Submit(11, Job("a", 2));
  Restart();
  EXPECT_EQ(Held(1), 3);
  EXPECT_TRUE(Admitted(10));
  EXPECT_FALSE(Admitted(11));
}

TEST_F(AdmissionTest, AJobWaitsForAQueueThatDoesNotExistYet) {
  Submit(10, Job("a", 3));
  EXPECT_EQ(State(10), JobState::kQueued);
  AddQueue(1, Queue("a", 4));
  Settle();
  EXPECT_TRUE(Admitted(10));
}

TEST_F(AdmissionTest, WhereQuotaFitsButNoClusterHasRoomNothingIsHeld) {
  AddQueue(1, Queue("a", 400));
  Submit(10, Job("a", 150));
  EXPECT_EQ(State(10), JobState::kQueued);
  EXPECT_EQ(Held(1), 0);
  AddCluster(2, 200'000);
  Settle();
  EXPECT_EQ(Record(10).cluster, ClusterId{2});
}

TEST_F(AdmissionTest, BestEffortLetsSmallJobsPassALargeHeadAndStrictDoesNot) {
  ClusterQueueSpec strict = Queue("s", 4);
  strict.strategy = QueueingStrategy::kStrictFifo;
  AddQueue(1, Queue("b", 4));
  AddQueue(2, strict);
  for (const auto& [queue, first] : {std::pair<const char*, uint64_t>{"b", 10}, {"s", 20}}) {
    Submit(first, Job(queue, 3));
    Submit(first + 1, Job(queue, 2));
    Submit(first + 2, Job(queue, 1));
  }
  EXPECT_TRUE(Admitted(12));
  EXPECT_FALSE(Admitted(22));
  Done(20);
  EXPECT_TRUE(Admitted(21));
  EXPECT_TRUE(Admitted(22));
}

TEST_F(AdmissionTest, WhenAStrictHeadIsDeletedTheNextOneIsLookedAt) {
  ClusterQueueSpec strict = Queue("s", 4);
  strict.strategy = QueueingStrategy::kStrictFifo;
  AddQueue(1, strict);
  Submit(20, Job("s", 3));
  Submit(21, Job("s", 2));
  Submit(22, Job("s", 1));
  EXPECT_FALSE(Admitted(22));
  Step(JobDeleted{JobId{21}, true});
  Settle();
  EXPECT_TRUE(Admitted(22));
}

TEST_F(AdmissionTest, ACohortLendsWhatIsUnused) {
  AddQueue(1, Queue("a", 4, "all"));
  AddQueue(2, Queue("b", 4, "all"));
  Submit(10, Job("a", 6));
  EXPECT_TRUE(Admitted(10));
  Submit(11, Job("b", 3));
  EXPECT_FALSE(Admitted(11));
  Submit(12, Job("b", 2));
  EXPECT_TRUE(Admitted(12));
}

TEST_F(AdmissionTest, LimitsOnBorrowingAndLendingHold) {
  ClusterQueueSpec a = Queue("a", 4, "all");
  a.groups = {CpuGroup(4, 1)};
  ClusterQueueSpec b = Queue("b", 4, "all");
  b.groups = {CpuGroup(4, kNoLimit, 2)};
  AddQueue(1, a);
  AddQueue(2, b);
  AddQueue(3, Queue("c", 0, "all"));
  Submit(10, Job("a", 6));  // more than 4 + 1
  EXPECT_FALSE(Admitted(10));
  Submit(11, Job("a", 5));
  EXPECT_TRUE(Admitted(11));
  Submit(12, Job("c", 2));  // b lends 2, of which a has borrowed 1
  EXPECT_FALSE(Admitted(12));
  Submit(13, Job("c", 1));
  EXPECT_TRUE(Admitted(13));
  Submit(14, Job("b", 2));  // what b does not lend stays its own
  EXPECT_TRUE(Admitted(14));
}

TEST_F(AdmissionTest, TheNextFlavorIsTakenWhenTheFirstIsFull) {
  Flavor(2, "spot");
  ClusterQueueSpec spec = Queue("a", 4);
  spec.groups.front().flavors.push_back({"spot", {{"cpu", 8000}}});
  AddQueue(1, spec);
  Submit(10, Job("a", 3));
  Submit(11, Job("a", 3));
  EXPECT_EQ(Record(10).quota->pod_sets[0].flavors[0], FlavorId{1});
  EXPECT_EQ(Record(11).quota->pod_sets[0].flavors[0], FlavorId{2});
}

TEST_F(AdmissionTest, AFlavorLeadsToTheClustersWithItsLabels) {
  ClusterSpec gpu;
  gpu.name = "gpu";
  gpu.labels = {{"pool", "gpu"}};
  AddCluster(2, 10'000, gpu);
  Flavor(2, "gpu", {{"pool", "gpu"}});
  ClusterQueueSpec spec = Queue("a", 100);
  spec.groups = {CpuGroup(100, kNoLimit, kNoLimit, "gpu")};
  spec.groups.front().flavors.push_back({"default", {{"cpu", 50'000}}});
  AddQueue(1, spec);
  Submit(10, Job("a", 8));
  EXPECT_EQ(Record(10).cluster, ClusterId{2});
  // Quota of the flavor is left, room on its cluster is not: the next flavor.
  Submit(11, Job("a", 8));
  EXPECT_EQ(Record(11).cluster, ClusterId{1});
  EXPECT_EQ(Record(11).quota->pod_sets[0].flavors[0], FlavorId{1});
}

TEST_F(AdmissionTest, AResourceThatNoGroupCoversIsNeverAdmitted) {
  AddQueue(1, Queue("a", 4));
  JobSpec spec = Job("a", 1);
  spec.queueing.pod_sets[0].request.memory_bytes = 1;
  Submit(10, spec);
  EXPECT_FALSE(Admitted(10));
}

TEST_F(AdmissionTest, PartialAdmissionTakesTheMostPodsThatFit) {
  AddQueue(1, Queue("a", 7));
  JobSpec spec = Job("a", 1, 0, 10);
  spec.queueing.pod_sets[0].min_count = 3;
  Submit(10, spec);
  ASSERT_TRUE(Admitted(10));
  EXPECT_EQ(Record(10).quota->pod_sets[0].count, 7);
  EXPECT_EQ(Held(1), 7);
  EXPECT_EQ(Free(1), 93'000);
}

TEST_F(AdmissionTest, ABareWorkloadIsAdmittedByQuotaAlone) {
  AddQueue(1, Queue("a", 400));
  Submit(10, Bare("a", 300));
  EXPECT_EQ(State(10), JobState::kAdmitted);
  EXPECT_EQ(Count<Dispatch>(), 0);
  Done(10);
  EXPECT_EQ(State(10), JobState::kDone);
  EXPECT_EQ(Held(1), 0);
}

TEST_F(AdmissionTest, ADeactivatedBareWorkloadHoldsItsQuotaUntilItsOwnerHasStoppedIt) {
  AddQueue(1, Queue("a", 4));
  Submit(10, Bare("a", 3));
  Change(10, Bare("a", 3), true);
  EXPECT_EQ(State(10), JobState::kRequeued);
  EXPECT_EQ(Held(1), 3);
  Gone(10);
  EXPECT_EQ(State(10), JobState::kQueued);
  EXPECT_EQ(Held(1), 0);
  EXPECT_EQ(Record(10).former.back().reason, EndReason::kDeactivated);
}

TEST_F(AdmissionTest, HoldAdmitsNobodyAndDrainSendsEverybodyAway) {
  ClusterQueueSpec spec = Queue("a", 8);
  AddQueue(1, spec);
  Submit(10, Job("a", 3));
  spec.stop_policy = StopPolicy::kHold;
  Step(ClusterQueueChanged{ClusterQueueId{1}, &spec});
  Submit(11, Job("a", 3));
  EXPECT_TRUE(Admitted(10));
  EXPECT_FALSE(Admitted(11));
  spec.stop_policy = StopPolicy::kHoldAndDrain;
  Step(ClusterQueueChanged{ClusterQueueId{1}, &spec});
  EXPECT_EQ(State(10), JobState::kRequeued);
  EXPECT_EQ(Record(10).ending, EndReason::kClusterQueueStopped);
  Gone(10);
  EXPECT_EQ(State(10), JobState::kQueued);
  spec.stop_policy = StopPolicy::kNone;
  Step(ClusterQueueChanged{ClusterQueueId{1}, &spec});
  Settle();
  EXPECT_TRUE(Admitted(10));
  EXPECT_TRUE(Admitted(11));
}

TEST_F(AdmissionTest, ALocalQueueIsHeldAndDrainedAlone) {
  AddQueue(1, Queue("a", 8));
  AddLocal(2, "other", "a");
  Submit(10, Job("a", 2));
  Submit(11, Job("other", 2));
  AddLocal(2, "other", "a", StopPolicy::kHoldAndDrain);
  EXPECT_TRUE(Admitted(10));
  EXPECT_EQ(Record(11).ending, EndReason::kLocalQueueStopped);
}

TEST_F(AdmissionTest, TheMaximumExecutionTimeDeactivates) {
  AddQueue(1, Queue("a", 8));
  JobSpec spec = Job("a", 2);
  spec.queueing.max_execution_seconds = 60;
  Submit(10, spec);
  EXPECT_EQ(First<SetTimer>().at, now() + Seconds(60));
  At(now() + Seconds(60));
  Step(TimerFired{});
  EXPECT_EQ(Record(10).ending, EndReason::kMaxExecutionTime);
  EXPECT_TRUE(Record(10).suspended);
  Gone(10);
  EXPECT_EQ(State(10), JobState::kQueued);
  EXPECT_EQ(Held(1), 0);
}

TEST_F(AdmissionTest, AChangedRequestIsChargedOnlyAfterTheOldCopyIsGone) {
  AddQueue(1, Queue("a", 8));
  Submit(10, Job("a", 2));
  Change(10, Job("a", 7), false);
  EXPECT_EQ(Record(10).ending, EndReason::kQuotaChanged);
  EXPECT_EQ(Held(1), 2);
  Gone(10);
  EXPECT_TRUE(Admitted(10));
  EXPECT_EQ(Held(1), 7);
}

TEST_F(AdmissionTest, ACycleOfCohortsAdmitsNobody) {
  CohortSpec one, two;
  one.name = "one";
  one.parent = "two";
  two.name = "two";
  two.parent = "one";
  AddCohort(1, one);
  AddCohort(2, two);
  AddQueue(1, Queue("a", 8, "one"));
  Submit(10, Job("a", 2));
  EXPECT_FALSE(Admitted(10));
  two.parent = "";
  AddCohort(2, two);
  Settle();
  EXPECT_TRUE(Admitted(10));
}

TEST_F(AdmissionTest, HigherPriorityGoesFirstWhenQuotaComesFree) {
  AddQueue(1, Queue("a", 4));
  Submit(10, Job("a", 4));
  Submit(11, Job("a", 4, 0));
  Submit(12, Job("a", 4, 5));
  Done(10);
  EXPECT_FALSE(Admitted(11));
  EXPECT_TRUE(Admitted(12));
}

// Kueue's order within a cohort: whoever borrowed before it would only be preempted for it.
TEST_F(AdmissionTest, WhatFitsWithinNominalQuotaGoesBeforeWhatBorrows) {
  AddQueue(1, Queue("a", 2, "all"));
  AddQueue(2, Queue("b", 2, "all"));
  Submit(10, Job("a", 4));
  Submit(20, Job("a", 3, 9));
  Submit(21, Job("b", 2, 0));
  Done(10);
  EXPECT_TRUE(Admitted(21));
  EXPECT_FALSE(Admitted(20));
}

}  // namespace
}  // namespace fairway::scheduler
