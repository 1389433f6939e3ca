// Every reason to wait has its name, and a change that is told does admit the job.
#include "scheduler/quota/quota_explain.h"

#include "scheduler/names.h"
#include "scheduler/quota/n_minus_one.h"
#include "scheduler/quota/quota_view.h"
#include "scheduler/quota/reservation.h"
#include "scheduler/split/split_plan.h"
#include "tests/scheduler/quota/quota_fixture.h"

namespace fairway::scheduler {
namespace {

class QuotaExplainTest : public QuotaFixture {
 protected:
  void SetUp() override {
    AddCluster(1, 100'000);
    Flavor(1, "default");
  }
};

TEST_F(QuotaExplainTest, SaysWhatIsMissingAsKueueDoes) {
  AddQueue(1, Queue("a", 4));
  Submit(10, Job("a", 3));
  Submit(11, Job("a", 3));
  const Decision decision = Explained(11);
  EXPECT_EQ(decision.outcome, names::kOutcomeQuotaExceeded);
  EXPECT_EQ(decision.quota->reason, "WaitingForQuota");
  EXPECT_EQ(decision.quota->message,
            "couldn't assign flavors to pod set main: insufficient unused quota for cpu in flavor "
            "default, 2 more needed");
  EXPECT_EQ(decision.quota->place, 1);
  EXPECT_EQ(decision.quota->waiting, 1);
  ASSERT_EQ(decision.quota->levels.size(), 1U);
  EXPECT_EQ(decision.quota->levels[0].used, 3000);
  EXPECT_FALSE(decision.quota->start);
}

TEST_F(QuotaExplainTest, MoreThanTheQueueMayEverUseIsInfeasible) {
  AddQueue(1, Queue("a", 4));
  Submit(10, Job("a", 5));
  const Decision decision = Explained(10);
  EXPECT_EQ(decision.outcome, names::kOutcomeInfeasible);
  EXPECT_EQ(decision.quota->nearest_change,
            "may fit if nominalQuota of ClusterQueue a for cpu in flavor default rises by 1");
  AddQueue(1, Queue("a", 5));
  Settle();
  EXPECT_TRUE(Admitted(10));
}

TEST_F(QuotaExplainTest, NamesTheQueueThatKeepsItsQuota) {
  ClusterQueueSpec other = Queue("b", 4, "all");
  other.groups = {CpuGroup(4, kNoLimit, 1)};
  AddQueue(1, Queue("a", 4, "all"));
  AddQueue(2, other);
  Submit(10, Job("a", 3));
  Submit(11, Job("a", 4));
  EXPECT_EQ(Explained(11).quota->nearest_change, "fits if queue b lends 2 cpu more");
  other.groups = {CpuGroup(4, kNoLimit, 3)};
  AddQueue(2, other);
  Settle();
  EXPECT_TRUE(Admitted(11));
}

TEST_F(QuotaExplainTest, NamesTheBorrowingLimit) {
  ClusterQueueSpec a = Queue("a", 4, "all");
  a.groups = {CpuGroup(4, 2)};
  AddQueue(1, a);
  AddQueue(2, Queue("b", 8, "all"));
  Submit(10, Job("a", 5));
  Submit(11, Job("a", 3));
  EXPECT_EQ(Explained(11).quota->nearest_change,
            "fits if the borrowingLimit of ClusterQueue a for cpu in flavor default rises by 2");
  a.groups = {CpuGroup(4, 4)};
  AddQueue(1, a);
  Settle();
  EXPECT_TRUE(Admitted(11));
}

TEST_F(QuotaExplainTest, AStoppedQueueHoldsByPolicy) {
  ClusterQueueSpec spec = Queue("a", 4);
  spec.stop_policy = StopPolicy::kHold;
  AddQueue(1, spec);
  Submit(10, Job("a", 3));
  EXPECT_EQ(Explained(10).outcome, names::kOutcomePolicyHeld);
  EXPECT_EQ(ViewClusterQueue(core().world(), ClusterQueueId{1}).reason, "Stopped");
  Submit(11, Job("nowhere", 3));
  EXPECT_EQ(Explained(11).outcome, names::kOutcomePolicyHeld);
  EXPECT_EQ(Explained(11).quota->message, "LocalQueue ns/nowhere doesn't exist");
}

TEST_F(QuotaExplainTest, ACordonedClusterIsNamed) {
  AddQueue(1, Queue("a", 400));
  ClusterSpec cluster;
  cluster.name = "c1";
  cluster.cordoned = true;
  Step(ClusterChanged{ClusterId{1}, &cluster});
  Submit(10, Job("a", 3));
  EXPECT_EQ(Explained(10).outcome, names::kOutcomeWaiting);
  EXPECT_EQ(Explained(10).quota->nearest_change, "fits if cluster c1 is uncordoned");
  cluster.cordoned = false;
  Step(ClusterChanged{ClusterId{1}, &cluster});
  Settle();
  EXPECT_TRUE(Admitted(10));
}

TEST_F(QuotaExplainTest, AStartIsEstimatedFromMaximumExecutionTimes) {
  AddQueue(1, Queue("a", 4));
  JobSpec spec = Job("a", 4);
  spec.queueing.max_execution_seconds = 100;
  Submit(10, spec);
  const Instant end = now() + Seconds(100);
  Submit(11, Job("a", 2));
  EXPECT_EQ(Explained(11).quota->start, end);
  EXPECT_EQ(Explained(11).quota->start_error, Seconds(100));
}

TEST_F(QuotaExplainTest, ViewsCountAndShowUsage) {
  AddQueue(1, Queue("a", 4, "all"));
  AddQueue(2, Queue("b", 4, "all"));
  Submit(10, Job("a", 6));
  Submit(11, Job("a", 6));
  const QueueView view = ViewClusterQueue(core().world(), ClusterQueueId{1});
  EXPECT_TRUE(view.active);
  EXPECT_EQ(view.pending, 1);
  EXPECT_EQ(view.admitted, 1);
  ASSERT_EQ(view.usage.size(), 1U);
  EXPECT_EQ(view.usage[0].total, 6000);
  EXPECT_EQ(view.usage[0].borrowed, 2000);
  EXPECT_EQ(view.weighted_share, 250);
  const QueueView local = ViewLocalQueue(core().world(), LocalQueueId{1});
  EXPECT_EQ(local.usage[0].total, 6000);
  EXPECT_EQ(local.pending, 1);
}

TEST_F(QuotaExplainTest, ALargeHeadGetsItsTurn) {
  AddQueue(1, Queue("a", 8));
  for (uint64_t job = 10; job < 14; ++job) Submit(job, Job("a", 2));
  Submit(20, Job("a", 8));
  At(now() + core().world().quota_settings().reserve_after);
  uint64_t next = 30;
  // One of the small ones ends at a time, and another small one comes.
  for (uint64_t job = 10; job < 14; ++job) {
    Submit(next++, Job("a", 2));
    Done(job);
  }
  EXPECT_TRUE(Admitted(20));
}

TEST_F(QuotaExplainTest, NMinusOneKeepsRoomForTheLossOfAnyCluster) {
  AddCluster(2, 100'000);
  ClusterQueueSpec spec = Queue("a", 400);
  spec.survive_cluster_loss = true;
  AddQueue(1, spec);
  for (uint64_t job = 10; job < 20; ++job) Submit(job, Job("a", 20));
  int admitted = 0;
  for (uint64_t job = 10; job < 20; ++job) admitted += Admitted(job);
  EXPECT_EQ(admitted, 5) << "what one of the two clusters can hold";
  EXPECT_TRUE(ViewHeadroom(core().world()).needed.FitsIn(ViewHeadroom(core().world()).free));
  // Nor is a job divided there; it is told so.
  JobSpec wide = Job("a", 60);
  wide.parallelism = 2;
  for (PodSet& pod_set : wide.queueing.pod_sets) pod_set.count = 2;
  wide.split = {SplitWish{}};
  wide.split.front().completions = 2;
  Submit(40, wide);
  EXPECT_FALSE(Admitted(40));
  EXPECT_THAT(SplitText(core().world(), *core().world().FindJob(JobId{40})),
              ::testing::HasSubstr("loss of a cluster"));
}

}  // namespace
}  // namespace fairway::scheduler
