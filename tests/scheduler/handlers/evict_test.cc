// A NoExecute taint of a cluster moves the jobs there that do not bear it, when their time is over.
#include "scheduler/handlers/evict.h"

#include <gtest/gtest.h>

#include "tests/scheduler/core_fixture.h"

namespace fairway::scheduler {
namespace {

class EvictTest : public CoreFixture {
 protected:
  EvictTest() {
    AddCluster(1, 4000);
    AddCluster(2, 1000);
  }
  void Taint1(TaintEffect effect = TaintEffect::kNoExecute) {
    ClusterSpec spec;
    spec.name = "c1";
    spec.taints = {{"drain", "", effect, {}}};
    Step(ClusterChanged{ClusterId{1}, &spec});
  }
  JobSpec Bearing(int64_t seconds) {
    JobSpec spec = Pod(1000);
    spec.tolerations = {{"drain", true, "", true, {}, seconds}};
    return spec;
  }
  // On cluster 1, running.
  void RunOn1(uint64_t job, const JobSpec& spec) {
    Submit(job, spec);
    ASSERT_EQ(Job(job).cluster, ClusterId{1});
    Ack(job);
    Step(Run(job, 1, 1, RunPhase::kRunning));
  }
};

TEST_F(EvictTest, WhoDoesNotBearItLeavesAtOnceByWayOfAWithdrawal) {
  RunOn1(10, Pod(1000));
  Taint1();
  EXPECT_EQ(Job(10).state, JobState::kRequeued);
  EXPECT_EQ(Only<Withdraw>().job, JobId{10});
  Step(CopyGone{JobId{10}, ClusterId{1}, Epoch{1}});
  EXPECT_EQ(Job(10).cluster, ClusterId{2});
  ASSERT_EQ(Job(10).former.size(), 1u);
  EXPECT_EQ(Job(10).former[0].reason, EndReason::kTainted);
}

TEST_F(EvictTest, WhoBearsItStays) {
  RunOn1(10, Bearing(-1));
  Taint1();
  EXPECT_EQ(Job(10).state, JobState::kRunning);
  RunOn1(11, Bearing(-1));
  Taint1(TaintEffect::kNoSchedule);
  EXPECT_EQ(Job(11).state, JobState::kRunning);
}

TEST_F(EvictTest, TolerationSecondsAreWaitedForAlsoOverARestart) {
  RunOn1(10, Bearing(30));
  Taint1();
  EXPECT_EQ(Job(10).state, JobState::kRunning);
  At(now() + Seconds(20));
  Step(TimerFired{});
  EXPECT_EQ(Job(10).state, JobState::kRunning);
  Restart();
  Step(Recovered{});
  EXPECT_EQ(Job(10).state, JobState::kRunning);
  Taint1();  // said again: the taint is no younger for it
  At(now() + Seconds(10));
  Step(TimerFired{});
  EXPECT_EQ(Job(10).state, JobState::kRequeued);
}

TEST_F(EvictTest, ATaintThatGoesInTimeMovesNobody) {
  RunOn1(10, Bearing(30));
  Taint1();
  ClusterSpec clean;
  clean.name = "c1";
  Step(ClusterChanged{ClusterId{1}, &clean});
  At(now() + Seconds(60));
  Step(TimerFired{});
  EXPECT_EQ(Job(10).state, JobState::kRunning);
}

}  // namespace
}  // namespace fairway::scheduler
