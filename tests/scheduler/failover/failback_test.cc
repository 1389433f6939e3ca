// Promise: a job goes back to the cluster that it was moved off only when its author allows it, and
// not before both clusters have been quiet for a while; few at a time.
#include "tests/scheduler/failover/failover_fixture.h"

namespace fairway::scheduler {
namespace {

class Failback : public FailoverFixture {
 protected:
  static JobSpec Homesick() {
    JobSpec spec = Policy(FailoverPolicy::kFast);
    spec.failback = true;
    return spec;
  }
  // Off cluster 1 and running on cluster 2.
  void MoveAway(const std::vector<uint64_t>& jobs, const JobSpec& spec) {
    for (const uint64_t job : jobs) Start(job, spec);
    Lose(1);
    Pass(Seconds(100));  // a lease of observation
    for (const uint64_t job : jobs) {
      ASSERT_EQ(Job(job).cluster, ClusterId{2});
      Ack(job);
      Step(Run(job, 2, 2, RunPhase::kRunning));
    }
  }
  void Return() {
    Hear(1);
    Step(InventoryTaken{ClusterId{1}});
    for (const auto& [job, residue] : core().world().residues()) gone_.push_back(job);
    for (const JobId job : gone_) Step(CopyGone{job, ClusterId{1}, Epoch{1}});
    Pass(Seconds(61));
    ASSERT_EQ(Link(1).state, LinkState::kReady);
  }
  std::vector<JobId> gone_;
};

TEST_F(Failback, GoesHomeAfterAWhileWhenItMay) {
  MoveAway({1}, Homesick());
  Return();
  Pass(Seconds(590));
  EXPECT_EQ(Job(1).state, JobState::kRunning);
  Pass(Seconds(30));
  EXPECT_EQ(Job(1).state, JobState::kRequeued);
  Step(CopyGone{JobId{1}, ClusterId{2}, Epoch{2}});
  EXPECT_EQ(Job(1).cluster, ClusterId{1});
  EXPECT_EQ(Job(1).epoch, Epoch{3});
  EXPECT_EQ(Job(1).former.back().reason, EndReason::kFailback);
  Ack(1);
  Step(Run(1, 1, 3, RunPhase::kRunning));
  Pass(Seconds(7200));
  EXPECT_EQ(Job(1).epoch, Epoch{3});  // it is at home
}

TEST_F(Failback, NeverUnlessItsAuthorAllowsIt) {
  MoveAway({1}, Policy(FailoverPolicy::kFast));
  Return();
  Pass(Seconds(7200));
  EXPECT_EQ(Job(1).state, JobState::kRunning);
  EXPECT_EQ(Job(1).epoch, Epoch{2});
}

TEST_F(Failback, OneAfterTheOther) {
  MoveAway({1, 2, 3}, Homesick());
  Return();
  Pass(Seconds(545));  // the first is due 600 s after the cluster came well
  while (core().world().CountJobs(JobState::kRequeued) == 0) Pass(Seconds(1));
  Pass(Seconds(1));
  EXPECT_EQ(core().world().CountJobs(JobState::kRequeued), 1);
  Pass(Seconds(6));
  EXPECT_EQ(core().world().CountJobs(JobState::kRequeued), 2);
}

TEST_F(Failback, NotWhileAllIsFrozenOrTheClusterIsClosed) {
  MoveAway({1}, Homesick());
  Return();
  const std::string reason;
  Step(FreezeChanged{true, false, &reason});
  Pass(Seconds(1200));
  EXPECT_EQ(Job(1).state, JobState::kRunning);
  ClusterSpec cordoned = core().world().FindCluster(ClusterId{1})->record.spec;
  cordoned.cordoned = true;
  Step(ClusterChanged{ClusterId{1}, &cordoned});
  Step(FreezeChanged{false, false, &reason});
  Pass(Seconds(1200));
  EXPECT_EQ(Job(1).state, JobState::kRunning);
  cordoned.cordoned = false;
  Step(ClusterChanged{ClusterId{1}, &cordoned});
  Pass(Seconds(30));
  EXPECT_EQ(Job(1).state, JobState::kRequeued);
}

}  // namespace
}  // namespace fairway::scheduler
