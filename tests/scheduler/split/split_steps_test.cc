// Promise: the parts of a split job live as jobs of their own and end as one: it is done when all
// are, failed when one is, and takes them along when it is suspended or deleted; a restart in the
// middle changes nothing.
#include "scheduler/split/split_steps.h"

#include "scheduler/split/family.h"
#include "tests/scheduler/core_fixture.h"

namespace fairway::scheduler {
namespace {

constexpr uint64_t kJob = 10;

class SplitStepsTest : public CoreFixture {
 protected:
  static uint64_t Part(uint64_t number) { return ShardOf(JobId{kJob}, number).value; }
  static JobSpec Indexed() {
    JobSpec spec = Pod(1000);
    spec.parallelism = 6;
    SplitWish wish;
    wish.completions = 12;
    wish.backoff_limit = 3;
    spec.split = {wish};
    return spec;
  }
  void SetUp() override {
    AddCluster(1, 4000);
    AddCluster(2, 4000);
    Submit(kJob, Indexed(), false, 60);
  }
  void Report(uint64_t number, RunPhase phase, int32_t failures = 0) {
    const JobRecord& part = Job(Part(number));
    RunObserved run = Run(Part(number), part.cluster.value, part.epoch.value, phase);
    run.failures = failures;
    Step(run);
  }
  bool Exists(uint64_t job) const { return core().world().FindJob(JobId{job}) != nullptr; }
};

TEST_F(SplitStepsTest, OneStepSplitsAndDispatches) {
  EXPECT_EQ(Job(kJob).state, JobState::kSplit);
  EXPECT_EQ(Count<Dispatch>(), 2);
  ASSERT_EQ(PartsOf(core().world(), JobId{kJob}).size(), 2u);
  EXPECT_NE(Job(Part(1)).cluster, Job(Part(2)).cluster);
  EXPECT_EQ(Free(1) + Free(2), 2000);
  EXPECT_EQ(sink().decisions.size(), 1u);
  Restart();
  EXPECT_EQ(Job(kJob).state, JobState::kSplit);
  Step(Recovered{});
  EXPECT_EQ(Count<Dispatch>(), 2);  // nobody has acknowledged them
}

TEST_F(SplitStepsTest, EndsWithItsLastPart) {
  Report(1, RunPhase::kRunning);
  Report(1, RunPhase::kSucceeded);
  EXPECT_EQ(Job(kJob).state, JobState::kSplit);
  Restart();
  Report(2, RunPhase::kSucceeded);
  EXPECT_EQ(Job(kJob).state, JobState::kDone);
  EXPECT_FALSE(Job(kJob).spec);
  EXPECT_EQ(Job(Part(1)).state, JobState::kDone);
}

TEST_F(SplitStepsTest, OneFailureFailsAll) {
  Report(1, RunPhase::kFailed);
  EXPECT_EQ(Job(kJob).state, JobState::kFailed);
  EXPECT_EQ(Job(Part(1)).state, JobState::kFailed);
  EXPECT_EQ(Job(Part(2)).state, JobState::kCommitting);
  EXPECT_TRUE(Job(Part(2)).part->given_up);
  EXPECT_EQ(Only<Withdraw>().job, JobId{Part(2)});
}

TEST_F(SplitStepsTest, FailuresCountOverAllParts) {
  Report(1, RunPhase::kRunning, 2);
  Report(2, RunPhase::kRunning, 1);
  EXPECT_EQ(Job(kJob).state, JobState::kSplit);
  Report(2, RunPhase::kRunning, 2);
  EXPECT_EQ(Job(kJob).state, JobState::kFailed);
  EXPECT_EQ(Count<Withdraw>(), 2);
}

TEST_F(SplitStepsTest, SuspendedAndResumedAsOne) {
  Change(kJob, Indexed(), true, 60);
  EXPECT_TRUE(Job(Part(1)).suspended);
  EXPECT_TRUE(Job(Part(2)).suspended);
  EXPECT_EQ(Count<Dispatch>(), 2);
  EXPECT_EQ(Free(1) + Free(2), 8000);
  Change(kJob, Indexed(), false, 60);
  EXPECT_FALSE(Job(Part(1)).suspended);
  EXPECT_EQ(Count<Dispatch>(), 2);
}

TEST_F(SplitStepsTest, FewerPodsAreDividedAnew) {
  JobSpec spec = Indexed();
  spec.parallelism = 1;
  Change(kJob, spec, false);
  const auto pods = [&](uint64_t number) {
    const JobRecord& part = Job(Part(number));
    return core().world().FindSpec(part.spec)->parallelism;
  };
  EXPECT_EQ(pods(1) + pods(2), 1);
  const uint64_t first = pods(1) == 1 ? 1 : 2;
  Report(first, RunPhase::kSucceeded);
  EXPECT_EQ(pods(3 - first), 1) << "the other has a turn";
}

TEST_F(SplitStepsTest, DeletedWithAllParts) {
  Step(JobDeleted{JobId{kJob}, false});
  EXPECT_EQ(Count<Withdraw>(), 2);
  EXPECT_EQ(Job(kJob).state, JobState::kDeleting);
  Restart();
  Step(CopyGone{JobId{Part(1)}, Job(Part(1)).cluster, Epoch{1}});
  EXPECT_FALSE(Exists(Part(1)));
  EXPECT_TRUE(Exists(kJob));
  Step(CopyGone{JobId{Part(2)}, Job(Part(2)).cluster, Epoch{1}});
  EXPECT_FALSE(Exists(kJob));
}

TEST_F(SplitStepsTest, OrphanedAtOnce) {
  Step(JobDeleted{JobId{kJob}, true});
  EXPECT_FALSE(Exists(kJob));
  EXPECT_FALSE(Exists(Part(1)));
  EXPECT_EQ(Count<Withdraw>(), 0);
}

TEST_F(SplitStepsTest, PartsKeepOffEachOther) {
  const ClusterId home = Job(Part(1)).cluster;
  Step(ClusterRemoved{home});
  EXPECT_EQ(Job(Part(1)).state, JobState::kQueued);
  EXPECT_EQ(Explained(Part(1)).verdicts.front().reason, "OtherPartIsThere");
  // The other part is done and makes way: its copy has the name.
  const ClusterId other = Job(Part(2)).cluster;
  Report(2, RunPhase::kSucceeded);
  EXPECT_EQ(Only<Withdraw>().job, JobId{Part(2)});
  Step(CopyGone{JobId{Part(2)}, other, Epoch{1}});
  EXPECT_EQ(Job(Part(1)).cluster, other);
  EXPECT_EQ(Job(Part(1)).epoch, Epoch{2});
  EXPECT_EQ(Job(Part(2)).state, JobState::kDone);
}

TEST_F(SplitStepsTest, IdsOfPartsComeRightAfterTheirWhole) {
  EXPECT_LT(JobId{kJob}, JobId{Part(1)});
  EXPECT_LT(JobId{Part(1)}, JobId{Part(2)});
  EXPECT_LT(JobId{Part(2)}, JobId{kJob + 1});
  EXPECT_EQ(WholeOf(JobId{Part(2)}), JobId{kJob});
}

}  // namespace
}  // namespace fairway::scheduler
