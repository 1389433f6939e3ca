// Preemption: who has to go, why, and that the preemptor gets what was freed for it.
#include "scheduler/quota/reservation.h"
#include "tests/scheduler/quota/quota_fixture.h"

namespace fairway::scheduler {
namespace {

class PreemptionTest : public QuotaFixture {
 protected:
  void SetUp() override {
    AddCluster(1, 100'000);
    Flavor(1, "default");
  }
  static ClusterQueueSpec Preempting(const std::string& name, int64_t cpu,
                                     const std::string& cohort = "") {
    ClusterQueueSpec spec = Queue(name, cpu, cohort);
    spec.preemption.within_cluster_queue = PreemptionPolicy::kLowerPriority;
    spec.preemption.reclaim_within_cohort = PreemptionPolicy::kAny;
    return spec;
  }
  PreemptionCause CauseOf(uint64_t job) const { return Record(job).quota->preempted; }
};

TEST_F(PreemptionTest, LowerPriorityInTheOwnQueueMakesPlace) {
  AddQueue(1, Preempting("a", 4));
  Submit(10, Job("a", 2, 1));
  Submit(11, Job("a", 2, 0));
  Submit(12, Job("a", 2, 2));
  EXPECT_TRUE(Admitted(10));
  EXPECT_EQ(State(11), JobState::kRequeued);
  EXPECT_EQ(Record(11).ending, EndReason::kPreempted);
  EXPECT_EQ(CauseOf(11), PreemptionCause::kInClusterQueue);
  EXPECT_EQ(Record(11).quota->preemptor, JobId{12});
  EXPECT_FALSE(Admitted(12));
  Gone(11);
  EXPECT_TRUE(Admitted(12));
  EXPECT_FALSE(Admitted(11));
}

TEST_F(PreemptionTest, EqualPriorityPreemptsOnlyNewerJobsAndOnlyWhenAllowed) {
  ClusterQueueSpec spec = Preempting("a", 4);
  AddQueue(1, spec);
  Submit(12, Job("a", 4, 1));
  Submit(10, Job("a", 4, 1));
  EXPECT_TRUE(Admitted(12));
  spec.preemption.within_cluster_queue = PreemptionPolicy::kLowerOrNewerEqualPriority;
  AddQueue(1, spec);
  Settle();
  EXPECT_EQ(State(12), JobState::kRequeued);
  Gone(12);
  EXPECT_TRUE(Admitted(10));
  Settle();
  EXPECT_TRUE(Admitted(10)) << "the one that was sent away does not come back for its place";
}

TEST_F(PreemptionTest, AQueueReclaimsWhatItLent) {
  AddQueue(1, Preempting("a", 4, "all"));
  AddQueue(2, Preempting("b", 4, "all"));
  for (uint64_t job = 10; job < 14; ++job) Submit(job, Job("b", 2, 9));
  Submit(20, Job("a", 3));
  // Two of b's jobs sit on a's quota; the youngest lose the least.
  EXPECT_EQ(State(13), JobState::kRequeued);
  EXPECT_EQ(State(12), JobState::kRequeued);
  EXPECT_EQ(CauseOf(13), PreemptionCause::kInCohortReclamation);
  EXPECT_TRUE(Admitted(10));
  EXPECT_TRUE(Admitted(11));
  Gone(12);
  EXPECT_FALSE(Admitted(20));
  Gone(13);
  EXPECT_TRUE(Admitted(20));
  EXPECT_FALSE(Admitted(12));
}

TEST_F(PreemptionTest, WhatIsBeingFreedIsNotGivenToOthers) {
  AddQueue(1, Preempting("a", 4, "all"));
  AddQueue(2, Preempting("b", 4, "all"));
  Submit(10, Job("b", 4, 9));
  Submit(11, Job("b", 4, 9));
  Submit(20, Job("a", 4));
  EXPECT_EQ(State(11), JobState::kRequeued);
  Submit(12, Job("b", 1, 9));
  Gone(11);
  EXPECT_TRUE(Admitted(20));
  EXPECT_FALSE(Admitted(12));
  EXPECT_FALSE(Admitted(11));
}

TEST_F(PreemptionTest, NobodyIsPreemptedInVain) {
  AddQueue(1, Preempting("a", 4));
  Submit(10, Job("a", 2, 5));
  Submit(11, Job("a", 2, 0));
  Submit(12, Job("a", 4, 3));  // would need both, may take one
  EXPECT_TRUE(Admitted(10));
  EXPECT_TRUE(Admitted(11));
}

// Eight runs of a tenth of a second each: so long the queue's jobs take.
class AboutToEndTest : public PreemptionTest {
 protected:
  void SetUp() override {
    PreemptionTest::SetUp();
    AddQueue(1, Preempting("a", 2));
    for (uint64_t job = 10; job < 18; ++job) {
      Submit(job, Bare("a", 2));
      At(now() + Milliseconds(100));
      Done(job);
    }
  }
};

TEST_F(AboutToEndTest, WhoIsAboutToEndIsWaitedFor) {
  Submit(20, Bare("a", 2));
  Submit(21, Bare("a", 2, 5));
  Submit(22, Bare("a", 1));
  EXPECT_TRUE(Admitted(20));
  Done(20);
  EXPECT_TRUE(Admitted(21)) << "what came free was kept for it";
  EXPECT_FALSE(Admitted(22));
}

TEST_F(AboutToEndTest, ButNotForLong) {
  Submit(20, Bare("a", 2));
  Submit(21, Bare("a", 2, 5));
  EXPECT_TRUE(Admitted(20));
  At(now() + core().world().quota_settings().ends_awaited);
  Step(TimerFired{});
  EXPECT_EQ(State(20), JobState::kRequeued);
  Gone(20);
  EXPECT_TRUE(Admitted(21));
}

TEST_F(AboutToEndTest, TheMomentBeginsWhenItMightPreempt) {
  AddQueue(1, Preempting("a", 3));
  Submit(20, Bare("a", 2, 9));
  Submit(21, Bare("a", 3, 5));  // waits for 20, which it may not preempt
  At(now() + Seconds(2));
  Submit(22, Bare("a", 1));
  ASSERT_TRUE(Admitted(22));
  Step(WorkloadFinished{JobId{20}, true, now()});
  At(now() + Milliseconds(100));
  Step(TimerFired{});
  EXPECT_TRUE(Admitted(22)) << "it will have ended before long";
  At(now() + core().world().quota_settings().ends_awaited);
  Step(TimerFired{});
  EXPECT_EQ(State(22), JobState::kRequeued);
}

TEST_F(PreemptionTest, BorrowingPreemptsOnlyBelowTheThreshold) {
  ClusterQueueSpec a = Preempting("a", 2, "all");
  a.preemption.borrow_within_cohort = PreemptionPolicy::kLowerPriority;
  a.preemption.has_threshold = true;
  a.preemption.max_priority_threshold = 3;
  AddQueue(1, a);
  AddQueue(2, Queue("b", 2, "all"));
  AddQueue(3, Queue("c", 4, "all"));
  Submit(10, Job("b", 8, 4));
  ASSERT_TRUE(Admitted(10));
  Submit(20, Job("a", 3, 9));
  EXPECT_TRUE(Admitted(10)) << "above the threshold";
  Done(10);
  Submit(11, Job("b", 5, 3));
  EXPECT_TRUE(Admitted(20));
  EXPECT_TRUE(Admitted(11));
  Submit(21, Job("a", 3, 9));
  EXPECT_EQ(State(11), JobState::kRequeued);
  EXPECT_EQ(CauseOf(11), PreemptionCause::kInCohortReclaimWhileBorrowing);
}

TEST_F(PreemptionTest, AllVictimsAreOnOneCluster) {
  AddCluster(2, 4'000);
  AddQueue(1, Preempting("a", 104));
  Submit(10, Job("a", 50, 0));
  Submit(11, Job("a", 50, 0));
  Submit(12, Job("a", 4, 0));
  ASSERT_EQ(Record(12).cluster, ClusterId{2});
  Submit(20, Job("a", 4, 1));
  int gone = 0;
  for (const uint64_t job : {10, 11, 12}) gone += State(job) == JobState::kRequeued;
  EXPECT_EQ(gone, 1);
  EXPECT_EQ(State(12), JobState::kRequeued) << "the youngest and smallest";
}

TEST_F(PreemptionTest, ARoomThatIsMissingIsMadeAsWell) {
  AddQueue(1, Preempting("a", 400));
  Submit(10, Job("a", 60, 0));
  Submit(11, Job("a", 40, 0));
  Submit(20, Job("a", 30, 1));
  EXPECT_TRUE(Admitted(10));
  EXPECT_EQ(State(11), JobState::kRequeued);
  Gone(11);
  EXPECT_TRUE(Admitted(20));
}

TEST_F(PreemptionTest, FairSharingTakesFromTheLargestShare) {
  QuotaSettings settings;
  settings.fair_sharing = true;
  Step(QuotaConfigured{settings});
  for (uint64_t i = 1; i <= 3; ++i) {
    AddQueue(i, Preempting(std::string(1, static_cast<char>('a' + i - 1)), 3, "all"));
  }
  for (uint64_t job = 10; job < 16; ++job) Submit(job, Job("a", 1));
  for (uint64_t job = 20; job < 23; ++job) Submit(job, Job("b", 1));
  Submit(30, Job("c", 1));
  int from_a = 0;
  for (uint64_t job = 10; job < 16; ++job) from_a += State(job) == JobState::kRequeued;
  EXPECT_EQ(from_a, 1);
  for (uint64_t job = 20; job < 23; ++job) EXPECT_TRUE(Admitted(job));
}

TEST_F(PreemptionTest, FairSharingDoesNotPingPong) {
  QuotaSettings settings;
  settings.fair_sharing = true;
  Step(QuotaConfigured{settings});
  AddQueue(1, Preempting("a", 0, "all"));
  AddQueue(2, Preempting("b", 0, "all"));
  AddQueue(3, Queue("c", 10, "all"));
  for (uint64_t job = 10; job < 20; ++job) Submit(job, Job("a", 1));
  for (uint64_t job = 20; job < 30; ++job) Submit(job, Job("b", 1));
  int evictions = 0;
  for (int round = 0; round < 50; ++round) {
    for (uint64_t job = 10; job < 30; ++job) {
      if (State(job) != JobState::kRequeued) continue;
      ++evictions;
      Gone(job);
    }
  }
  EXPECT_EQ(Held(1), 5);
  EXPECT_EQ(Held(2), 5);
  EXPECT_EQ(evictions, 5);
}

// What was found by many seeds of PreemptionProperties, small and by hand.
class RestTest : public PreemptionTest {
 protected:
  void SetUp() override { Flavor(1, "default"); }
  // Everybody who was sent away goes, again and again. How many that were.
  int ComeToRest(uint64_t first, uint64_t last) {
    int evictions = 0;
    for (int round = 0; round < 20; ++round) {
      for (uint64_t job = first; job <= last; ++job) {
        const JobRecord* record = core().world().FindJob(JobId{job});
        if (record == nullptr || record->state != JobState::kRequeued) continue;
        ++evictions;
        Gone(job);
      }
    }
    return evictions;
  }
};

TEST_F(RestTest, WhoTakesOverAPromiseVoidsIt) {
  AddQueue(1, Preempting("a", 2, "all"));
  AddQueue(2, Preempting("b", 2, "all"));
  Submit(10, Bare("a", 4));
  Submit(20, Bare("b", 2));
  ASSERT_EQ(State(10), JobState::kRequeued);
  Submit(31, Bare("a", 1));
  ASSERT_EQ(core().world().ledger().claims().size(), 2u) << "20 and 31 are promised its room";
  Submit(13, Bare("a", 2, 1));
  EXPECT_EQ(ComeToRest(10, 31), 1);
  EXPECT_TRUE(Admitted(13));
  EXPECT_TRUE(Admitted(20)) << "it was promised what 10 left, and so it stays";
}

TEST_F(RestTest, SmallJobsDoNotOpenTheWayForLargeOnesForEver) {
  AddQueue(1, Preempting("a", 2, "all"));
  AddQueue(2, Preempting("b", 2, "all"));
  Submit(10, Bare("a", 3, 2));
  Submit(20, Bare("b", 3, 2));
  Submit(21, Bare("b", 2, 1));  // within b's own quota: 10 has to go, and 20 takes its place
  ASSERT_EQ(State(10), JobState::kRequeued);
  Submit(11, Bare("a", 2, 1));  // the same the other way round
  EXPECT_EQ(ComeToRest(10, 21), 2) << "10 and 20 have had their turn";
  EXPECT_TRUE(Admitted(11));
  EXPECT_TRUE(Admitted(21));
}

TEST_F(RestTest, WhoWasSentAwayTakesHisTurnOnceHisPreemptorIsFinished) {
  ClusterQueueSpec a = Preempting("a", 2, "all");
  a.preemption.borrow_within_cohort = PreemptionPolicy::kLowerPriority;
  AddQueue(1, a);
  AddQueue(2, Preempting("b", 2, "all"));
  Submit(10, Bare("a", 3, 2));
  Submit(20, Bare("b", 2));
  ASSERT_EQ(State(10), JobState::kRequeued);
  Gone(10);
  ASSERT_TRUE(Admitted(20));
  Submit(11, Bare("a", 2));
  ASSERT_TRUE(Admitted(11));
  EXPECT_FALSE(Admitted(10));
  Done(20);
  ComeToRest(10, 20);
  EXPECT_TRUE(Admitted(10)) << "before 11, which has lower priority";
  EXPECT_FALSE(Admitted(11));
}

TEST_F(RestTest, APromiseIsKeptWhenAnOlderJobOfTheSameKindComesBack) {
  AddQueue(1, Preempting("a", 2, "all"));
  AddQueue(2, Preempting("b", 2, "all"));
  Submit(9, Bare("a", 2));
  Submit(10, Bare("a", 2));
  Submit(11, Bare("a", 2));
  Submit(20, Bare("b", 1, 1));
  ASSERT_EQ(State(10), JobState::kRequeued);
  Done(9);
  ASSERT_TRUE(Admitted(20));
  ASSERT_TRUE(core().world().ledger().claims().contains(JobId{11}));
  Gone(10);
  EXPECT_TRUE(Admitted(11));
  EXPECT_FALSE(Admitted(10));
}

TEST_F(RestTest, NobodyIsPreemptedForAReservation) {
  AddQueue(1, Preempting("a", 1, "all"));
  AddQueue(2, Queue("b", 3, "all"));
  AddQueue(3, Queue("c", 0, "all"));
  Submit(30, Bare("c", 1));
  Submit(31, Bare("c", 1));
  Submit(20, Bare("b", 3));
  At(now() + Seconds(301));
  Submit(32, Bare("c", 1));
  Done(32);
  ASSERT_TRUE(core().world().ledger().claims().at(JobId{20}).reserved);
  Submit(10, Bare("a", 1));
  Settle();
  EXPECT_FALSE(Admitted(10)) << "there is room, but it is kept for 20";
  EXPECT_TRUE(Admitted(30));
  EXPECT_TRUE(Admitted(31));
  Done(30);
  EXPECT_TRUE(Admitted(20));
  EXPECT_EQ(State(31), JobState::kRequeued) << "now there is none, and a has a right to it";
  Gone(31);
  EXPECT_TRUE(Admitted(10));
}

}  // namespace
}  // namespace fairway::scheduler
