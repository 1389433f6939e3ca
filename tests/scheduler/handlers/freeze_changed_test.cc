// Promise: while the gateway is frozen nothing moves by itself, and what was held goes on after it.
#include "tests/scheduler/failover/failover_fixture.h"

namespace fairway::scheduler {
namespace {

class Freeze : public FailoverFixture {
 protected:
  void Turn(bool frozen, bool all = false) { Step(FreezeChanged{frozen, all, &reason_}); }
  const std::string reason_ = "the network is being rebuilt";
};

TEST_F(Freeze, HoldsFailoverButNotWhatAnOperatorApproves) {
  const JobSpec fast = Policy(FailoverPolicy::kFast);
  Start(1, fast);
  Start(2, fast);
  Turn(true);
  Lose(1);
  Pass(Seconds(600));
  EXPECT_EQ(Job(1).state, JobState::kUncertain);
  Step(JobChanged{JobId{2}, &fast, false, -1, Epoch{1}});
  Pass(Seconds(1));
  EXPECT_EQ(Job(2).cluster, ClusterId{2});
  EXPECT_EQ(Job(1).state, JobState::kUncertain);
  Turn(false);
  Pass(Seconds(2));
  EXPECT_EQ(Job(1).cluster, ClusterId{2});
}

TEST_F(Freeze, HoldsEvictionByTaint) {
  Start(1, Policy(FailoverPolicy::kFenced));
  Turn(true);
  ClusterSpec tainted = core().world().FindCluster(ClusterId{1})->record.spec;
  tainted.taints.push_back({"repair", "", TaintEffect::kNoExecute});
  Step(ClusterChanged{ClusterId{1}, &tainted});
  Pass(Seconds(60));
  EXPECT_EQ(Job(1).state, JobState::kRunning);
  Turn(false);
  EXPECT_EQ(Job(1).state, JobState::kRequeued);
}

TEST_F(Freeze, LetsNewJobsBePlacedUnlessItIsForAll) {
  Turn(true);
  Submit(1, Pod(1000));
  EXPECT_EQ(Job(1).state, JobState::kPlacing);
  Turn(true, true);
  Submit(2, Pod(1000));
  EXPECT_EQ(Job(2).state, JobState::kQueued);
  EXPECT_EQ(Explained(2).outcome, "Waiting");
  EXPECT_EQ(Explained(2).message, "the gateway is frozen: the network is being rebuilt");
  Pass(Seconds(60));
  EXPECT_EQ(Job(2).state, JobState::kQueued);
  Turn(false);
  EXPECT_EQ(Job(2).state, JobState::kPlacing);
}

TEST_F(Freeze, SaidAgainChangesNothing) {
  Turn(true);
  EXPECT_EQ(sink().edits.size(), 1u);
  const Instant since = core().world().freeze().since;
  Pass(Seconds(5));
  Turn(true);
  EXPECT_TRUE(sink().edits.empty());
  Turn(true, true);
  EXPECT_EQ(core().world().freeze().since, since);
  Turn(false);
  Turn(false);
  EXPECT_TRUE(sink().edits.empty());
}

}  // namespace
}  // namespace fairway::scheduler
