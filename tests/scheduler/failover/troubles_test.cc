#include "scheduler/failover/trouble.h"
#include "tests/scheduler/failover/failover_fixture.h"

namespace fairway::scheduler {
namespace {

class TroubleTest : public FailoverFixture {
 protected:
  void Report(uint64_t job, Trouble trouble, uint64_t cluster = 1, uint64_t epoch = 1) {
    Step(CopyTroubled{JobId{job}, ClusterId{cluster}, Epoch{epoch}, trouble});
  }
  void Fail(uint64_t job, Trouble trouble, uint64_t cluster = 1, uint64_t epoch = 1) {
    RunObserved run = Run(job, cluster, epoch, RunPhase::kFailed);
    run.trouble = trouble;
    Step(run);
  }
  void Gone(uint64_t job, uint64_t cluster, uint64_t epoch) {
    Step(CopyGone{JobId{job}, ClusterId{cluster}, Epoch{epoch}});
  }
};

TEST_F(TroubleTest, ACopyThatCannotRunLeavesAfterAWhileOnceItIsKnownToBeGone) {
  PlaceAtHome(10, Policy(FailoverPolicy::kFenced));
  Report(10, Trouble::kImagePull);
  Pass(Seconds(119));
  EXPECT_EQ(Job(10).state, JobState::kDispatched) << "images come late";
  Pass(Seconds(2));
  EXPECT_EQ(Job(10).state, JobState::kRequeued);
  EXPECT_EQ(Job(10).epoch, Epoch{1}) << "the old copy may still start";
  Gone(10, 1, 1);
  EXPECT_EQ(Job(10).cluster, ClusterId{2});
  EXPECT_EQ(Job(10).epoch, Epoch{2});
  ASSERT_EQ(Job(10).former.size(), 1u);
  EXPECT_EQ(Job(10).former[0].reason, EndReason::kImagePull);
  EXPECT_TRUE(Job(10).former[0].avoided);
  EXPECT_EQ(core().world().stats().trouble_moves, 1u);
}

TEST_F(TroubleTest, TroubleThatEndsMovesNothing) {
  PlaceAtHome(10, Policy(FailoverPolicy::kFenced));
  Report(10, Trouble::kImagePull);
  Pass(Seconds(100));
  Report(10, Trouble::kNone);
  Pass(Seconds(100));
  EXPECT_EQ(Job(10).state, JobState::kDispatched);
  Report(10, Trouble::kImagePull);
  Pass(Seconds(100));
  EXPECT_EQ(Job(10).state, JobState::kDispatched) << "it counts anew";
}

TEST_F(TroubleTest, NeverAndManualStay) {
  PlaceAtHome(10, Policy(FailoverPolicy::kNever));
  PlaceAtHome(11, Policy(FailoverPolicy::kManual));
  Report(10, Trouble::kImagePull);
  Report(11, Trouble::kPodsRefused);
  Pass(Seconds(600));
  EXPECT_EQ(Job(10).state, JobState::kDispatched);
  EXPECT_EQ(Job(11).state, JobState::kDispatched);
}

TEST_F(TroubleTest, NothingLeavesWhereNobodyElseHasRoom) {
  Step(LinkObserved{ClusterId{2}, false});
  PlaceAtHome(10, Policy(FailoverPolicy::kFast));
  Report(10, Trouble::kImagePull);
  Pass(Seconds(200));
  EXPECT_EQ(Job(10).state, JobState::kDispatched);
  Hear(2);
  Step(InventoryTaken{ClusterId{2}});
  Pass(Seconds(70));  // its probation
  EXPECT_EQ(Job(10).state, JobState::kRequeued);
}

TEST_F(TroubleTest, AFrozenGatewayMovesNothing) {
  PlaceAtHome(10, Policy(FailoverPolicy::kFenced));
  const std::string why = "a test";
  Step(FreezeChanged{true, false, &why});
  Report(10, Trouble::kImagePull);
  Pass(Seconds(300));
  EXPECT_EQ(Job(10).state, JobState::kDispatched);
  Step(FreezeChanged{false, false, &why});
  Pass(Seconds(20));
  EXPECT_EQ(Job(10).state, JobState::kRequeued);
}

TEST_F(TroubleTest, AFailureOnTheClustersAccountIsRetriedElsewhere) {
  Start(10, Policy(FailoverPolicy::kFenced));
  Fail(10, Trouble::kNodeFailure);
  EXPECT_EQ(Job(10).state, JobState::kRequeued);
  EXPECT_EQ(Only<Withdraw>().epoch, Epoch{1});
  Gone(10, 1, 1);
  EXPECT_EQ(Job(10).cluster, ClusterId{2});
  EXPECT_EQ(Job(10).former[0].reason, EndReason::kNodeFailure);
}

TEST_F(TroubleTest, AFailureOnItsOwnAccountIsItsResult) {
  Start(10, Policy(FailoverPolicy::kFast));
  Fail(10, Trouble::kNone);
  EXPECT_EQ(Job(10).state, JobState::kFailed);
  EXPECT_EQ(Count<Withdraw>(), 0);
  Pass(Seconds(1000));
  EXPECT_EQ(Job(10).epoch, Epoch{1});
}

TEST_F(TroubleTest, NeverAndManualTakeAnyFailureAsTheirResult) {
  Start(10, Policy(FailoverPolicy::kNever));
  Start(11, Policy(FailoverPolicy::kManual));
  Fail(10, Trouble::kNodeFailure);
  Fail(11, Trouble::kNodeFailure);
  EXPECT_EQ(Job(10).state, JobState::kFailed);
  EXPECT_EQ(Job(11).state, JobState::kFailed);
}

TEST_F(TroubleTest, MovesOfOneJobAreCounted) {
  for (uint64_t id : {3, 4, 5}) AddCluster(id, 8000);
  Start(10, Policy(FailoverPolicy::kFenced));
  for (uint64_t epoch = 1; epoch <= 3; ++epoch) {
    const ClusterId at = Job(10).cluster;
    Fail(10, Trouble::kNodeFailure, at.value, epoch);
    Gone(10, at.value, epoch);
    ASSERT_EQ(Job(10).epoch, Epoch{epoch + 1});
    Ack(10);
  }
  Fail(10, Trouble::kNodeFailure, Job(10).cluster.value, 4);
  EXPECT_EQ(Job(10).state, JobState::kFailed) << "three times is enough";
}

TEST_F(TroubleTest, AFailureIsTheResultWhereNobodyElseCouldRunIt) {
  JobSpec spec = Policy(FailoverPolicy::kFenced);
  spec.required = {{{{"home", LabelRequirement::Op::kExists, {}}}}};
  Start(10, spec);
  Fail(10, Trouble::kNodeFailure);
  EXPECT_EQ(Job(10).state, JobState::kFailed);
}

TEST_F(TroubleTest, TheClusterIsAvoidedForAWhileAndThePlacementSaysWhy) {
  Start(10, Policy(FailoverPolicy::kFenced));
  Fail(10, Trouble::kNodeFailure);
  ClusterSpec other;
  other.name = "c2";
  other.cordoned = true;
  Step(ClusterChanged{ClusterId{2}, &other});
  Gone(10, 1, 1);
  EXPECT_EQ(Job(10).state, JobState::kQueued);
  const Decision decision = Explained(10);
  EXPECT_EQ(decision.outcome, "Waiting") << "it is not infeasible for ever";
  ASSERT_FALSE(decision.verdicts.empty());
  bool told = false;
  for (const VerdictGroup& group : decision.verdicts) {
    told = told || (group.reason == "AvoidedForNow" &&
                    group.message.find("failed with their nodes") != std::string::npos);
  }
  EXPECT_TRUE(told);
  Pass(Seconds(601));
  EXPECT_EQ(Job(10).cluster, ClusterId{1});
  EXPECT_FALSE(Job(10).former[0].avoided);
}

TEST_F(TroubleTest, AvoidanceSurvivesARestart) {
  Start(10, Policy(FailoverPolicy::kFenced));
  Fail(10, Trouble::kNodeFailure);
  Step(LinkObserved{ClusterId{2}, false});
  Gone(10, 1, 1);
  Restart();
  Step(Recovered{});
  AddCluster(1, 8000);
  Hear(1);
  Pass(Seconds(300));
  EXPECT_EQ(Job(10).state, JobState::kQueued);
  Pass(Seconds(310));
  EXPECT_EQ(Job(10).cluster, ClusterId{1});
}

TEST_F(TroubleTest, SuspensionAndDeletionEndIt) {
  PlaceAtHome(10, Policy(FailoverPolicy::kFenced));
  Report(10, Trouble::kImagePull);
  Change(10, Policy(FailoverPolicy::kFenced), true);
  Pass(Seconds(200));
  EXPECT_NE(Job(10).state, JobState::kRequeued);
  PlaceAtHome(11, Policy(FailoverPolicy::kFenced));
  Report(11, Trouble::kImagePull);
  Step(JobDeleted{JobId{11}, false});
  Pass(Seconds(200));
  EXPECT_EQ(Job(11).state, JobState::kDeleting);
}

}  // namespace
}  // namespace fairway::scheduler
