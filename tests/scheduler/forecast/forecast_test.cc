#include "scheduler/forecast/forecast.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/scheduler/core_fixture.h"
#include "tests/scheduler/policy_world.h"

namespace fairway::scheduler {
namespace {

using ::testing::HasSubstr;

class ForecastTest : public CoreFixture {
 protected:
  static constexpr uint64_t kNewJob = 900'000;

  void Start(uint64_t job, const JobSpec& spec) {
    Submit(job, spec);
    ASSERT_TRUE(Job(job).cluster);
    Ack(job);
    RunObserved run = Run(job, Job(job).cluster.value, Job(job).epoch.value, RunPhase::kRunning);
    run.ends = kNoDeadline;
    Step(run);
  }
  ForecastPlan Plan(Duration run = Seconds(100)) {
    ForecastPlan plan;
    plan.now = now();
    plan.run_times.assumed = run;
    return plan;
  }
  void Add(ForecastPlan& plan, uint64_t job, const JobSpec& spec, Duration after = {}) {
    plan.jobs.push_back({JobId{job}, "default/new-" + std::to_string(job), spec, false, after});
  }
  Forecast Foresee(const ForecastPlan& plan) { return scheduler::Foresee(core().world(), plan); }
  // Id 12, with one flavor of cpu.
  ClusterQueueSpec AddQueue(int64_t cpu_milli) {
    FlavorSpec flavor;
    flavor.name = "default";
    Step(FlavorChanged{FlavorId{11}, &flavor});
    ClusterQueueSpec queue;
    queue.name = "team";
    queue.groups.push_back(
        {{"cpu", "memory"}, {{"default", {{"cpu", cpu_milli}, {"memory", int64_t{1} << 40}}}}});
    Step(ClusterQueueChanged{ClusterQueueId{12}, &queue});
    LocalQueueSpec local;
    local.name = "default/main";
    local.cluster_queue = "team";
    Step(LocalQueueChanged{LocalQueueId{13}, &local});
    return queue;
  }
  static JobSpec Queued(int64_t cpu_milli) {
    JobSpec spec = Pod(cpu_milli);
    spec.queueing.local_queue = "default/main";
    PodSet& main = spec.queueing.pod_sets.emplace_back();
    main.name = "main";
    main.request = spec.request;
    return spec;
  }
  ClusterSpec Cordoned(uint64_t id) {
    ClusterSpec spec = core().world().FindCluster(ClusterId{id})->record.spec;
    spec.cordoned = true;
    return spec;
  }
};

TEST_F(ForecastTest, WorldAtRestStaysAsItIs) {
  AddCluster(1, 4000);
  AddCluster(2, 4000);
  for (uint64_t job = 1; job <= 6; ++job) Start(job, Pod(1000));
  const Forecast forecast = Foresee(Plan());
  EXPECT_EQ(forecast.why, ForecastEnd::kSettled);
  ASSERT_EQ(forecast.jobs.size(), 6u);
  for (const auto& [id, fate] : forecast.jobs) {
    EXPECT_EQ(fate.cluster, fate.before);
    EXPECT_EQ(fate.placements, 0);
    EXPECT_EQ(fate.waited, Duration{});
    EXPECT_EQ(fate.outcome, "");
  }
}

TEST_F(ForecastTest, NewJobWaitsUntilTheFirstEndsThatMakesRoom) {
  AddCluster(1, 2000);
  Start(1, Pod(2000));
  At(now() + Seconds(30));
  ForecastPlan plan = Plan(Seconds(100));
  Add(plan, kNewJob, Pod(2000));
  Add(plan, kNewJob + 1, Pod(2000));
  const Forecast forecast = Foresee(plan);
  const JobFate& first = forecast.jobs.at(JobId{kNewJob});
  EXPECT_EQ(first.cluster, ClusterId{1});
  EXPECT_EQ(first.waited, Seconds(70));
  EXPECT_EQ(first.started, plan.now + Seconds(70));
  EXPECT_EQ(first.outcome, "Waiting");
  EXPECT_THAT(first.reason, HasSubstr("cpu"));
  EXPECT_FALSE(first.waiting);
  EXPECT_EQ(forecast.jobs.at(JobId{kNewJob + 1}).waited, Seconds(170));
  EXPECT_EQ(forecast.jobs.at(JobId{1}).ended, plan.now + Seconds(70));
  EXPECT_EQ(forecast.clusters.at(ClusterId{1}).uses.front().peak, 2000);
}

TEST_F(ForecastTest, JobsOfARemovedClusterMoveOrWait) {
  AddCluster(1, 2000);
  AddCluster(2, 3000);
  for (uint64_t job = 1; job <= 4; ++job) Start(job, Pod(1000));
  ForecastPlan plan = Plan();
  plan.changes.removed = {ClusterId{1}};
  const Forecast forecast = Foresee(plan);
  EXPECT_EQ(forecast.why, ForecastEnd::kSettled);
  int moved = 0;
  int waited = 0;
  for (const auto& [id, fate] : forecast.jobs) {
    EXPECT_EQ(fate.cluster, ClusterId{2});
    if (fate.before == ClusterId{1}) ++moved;
    if (fate.waited.ms > 0) ++waited;
  }
  EXPECT_EQ(moved, 2);
  EXPECT_EQ(waited, 1);
  EXPECT_EQ(forecast.clusters.count(ClusterId{1}), 0u);
}

TEST_F(ForecastTest, WhatFitsNowhereWaitsForEverAndIsToldWhy) {
  AddCluster(1, 2000);
  Start(1, Pod(1000));
  ForecastPlan plan = Plan();
  Add(plan, kNewJob, Pod(64'000));
  const Forecast forecast = Foresee(plan);
  EXPECT_EQ(forecast.why, ForecastEnd::kStuck);
  const JobFate& fate = forecast.jobs.at(JobId{kNewJob});
  EXPECT_TRUE(fate.waiting);
  EXPECT_EQ(fate.outcome, "Infeasible");
  EXPECT_FALSE(fate.cluster);
}

TEST_F(ForecastTest, CordonedAndAddedClusters) {
  AddCluster(1, 4000);
  ForecastPlan plan = Plan();
  plan.changes.clusters = {{ClusterId{1}, Cordoned(1)}};
  Add(plan, kNewJob, Pod(1000));
  EXPECT_TRUE(Foresee(plan).jobs.at(JobId{kNewJob}).waiting);
  ClusterSpec fresh;
  fresh.name = "fresh";
  const Resources whole = MakeResources(4000, 1024, 100);
  plan.changes.new_clusters = {{ClusterId{77}, fresh, MakeCapacity(whole, whole)}};
  const Forecast forecast = Foresee(plan);
  EXPECT_EQ(forecast.jobs.at(JobId{kNewJob}).cluster, ClusterId{77});
  EXPECT_EQ(forecast.clusters.at(ClusterId{77}).name, "fresh");
}

TEST_F(ForecastTest, PodsLeaveTheNodesThatTheyWereOn) {
  // One node of 4 cpu, three of them taken by a job that was there before.
  Capacity capacity = MakeCapacity(MakeResources(4000, 1024, 100), MakeResources(4000, 1024, 100));
  NodeClass& nodes = capacity.node_classes.emplace_back();
  nodes.whole = {{MakeResources(4000, 1024, 100), 1}};
  nodes.free = {{MakeResources(4000, 1024, 100), 1}};
  ClusterSpec spec;
  spec.name = "one";
  Step(ClusterChanged{ClusterId{1}, &spec});
  Step(CapacityObserved{ClusterId{1}, &capacity});
  Step(LinkObserved{ClusterId{1}, true});
  Start(1, Pod(3000));
  nodes.free = {{MakeResources(1000, 1023, 99), 1}};
  capacity.largest_node_free = nodes.free.front().amounts;
  Step(CapacityObserved{ClusterId{1}, &capacity});
  ForecastPlan plan = Plan(Seconds(50));
  Add(plan, kNewJob, Pod(4000));
  Add(plan, kNewJob + 1, Pod(4000));
  const Forecast forecast = Foresee(plan);
  EXPECT_EQ(forecast.why, ForecastEnd::kSettled);
  EXPECT_EQ(forecast.jobs.at(JobId{kNewJob}).waited, Seconds(50));
  EXPECT_EQ(forecast.jobs.at(JobId{kNewJob + 1}).waited, Seconds(100));
}

TEST_F(ForecastTest, QuotaHoldsJobsBackUntilItIsRaised) {
  AddCluster(1, 8000);
  ClusterQueueSpec queue = AddQueue(1000);
  JobSpec spec = Queued(1000);
  ForecastPlan plan = Plan(Seconds(60));
  for (uint64_t i = 0; i < 3; ++i) Add(plan, kNewJob + i, spec);
  Forecast forecast = Foresee(plan);
  EXPECT_EQ(forecast.why, ForecastEnd::kSettled);
  EXPECT_EQ(forecast.jobs.at(JobId{kNewJob + 2}).waited, Seconds(120));
  EXPECT_EQ(forecast.jobs.at(JobId{kNewJob + 2}).outcome, "QuotaExceeded");
  ASSERT_EQ(forecast.cluster_queues.at(ClusterQueueId{12}).uses.size(), 2u);
  EXPECT_EQ(forecast.cluster_queues.at(ClusterQueueId{12}).uses.front(),
            (PeakUse{"default", "cpu", 1000, 1000}));
  queue.groups[0].flavors[0].resources[0].nominal = 3000;
  plan.changes.cluster_queues = {{ClusterQueueId{12}, queue}};
  forecast = Foresee(plan);
  for (const auto& [id, fate] : forecast.jobs) EXPECT_EQ(fate.waited, Duration{});
  EXPECT_EQ(forecast.cluster_queues.at(ClusterQueueId{12}).uses.front().peak, 3000);
}

TEST_F(ForecastTest, BareWorkloadsRunFromTheirAdmissionOn) {
  AddCluster(1, 8000);
  AddQueue(1000);
  JobSpec spec = Queued(1000);
  spec.queueing.workload_only = true;
  Submit(1, spec);
  ASSERT_EQ(Job(1).state, JobState::kAdmitted);
  At(now() + Seconds(10));
  ForecastPlan plan = Plan(Seconds(60));
  Add(plan, kNewJob, spec);
  const Forecast forecast = Foresee(plan);
  EXPECT_EQ(forecast.jobs.at(JobId{1}).ended, plan.now + Seconds(50));
  EXPECT_EQ(forecast.jobs.at(JobId{kNewJob}).waited, Seconds(50));
  EXPECT_TRUE(forecast.jobs.at(JobId{kNewJob}).started);
}

TEST_F(ForecastTest, LostClusterIsLeftWhenItsLeasesAreOver) {
  AddCluster(1, 4000);
  AddCluster(2, 4000);
  AddCluster(3, 4000);
  for (uint64_t id : {1, 2, 3}) Step(ClockObserved{ClusterId{id}, {}, Milliseconds(600)});
  Submit(1, Pod(1000));
  Ack(1);
  const ClusterId home = Job(1).cluster;
  RunObserved run = Run(1, home.value, 1, RunPhase::kRunning);
  run.ends = now() + Seconds(120);
  run.leased = true;
  Step(run);
  Step(LinkObserved{home, false, false, now()});
  ForecastPlan plan = Plan(Seconds(600));
  plan.to_the_end = true;
  plan.horizon = Seconds(3600);
  const Forecast forecast = Foresee(plan);
  const JobFate& fate = forecast.jobs.at(JobId{1});
  EXPECT_NE(fate.cluster, home);
  EXPECT_EQ(fate.placements, 1);
  EXPECT_GE(fate.started, plan.now + Seconds(120));
  EXPECT_EQ(fate.ended, fate.started + Seconds(600));
}

TEST_F(ForecastTest, TooManyStepsAreGivenUp) {
  AddCluster(1, 1000);
  ForecastPlan plan = Plan(Seconds(60));
  for (uint64_t i = 0; i < 50; ++i) Add(plan, kNewJob + i, Pod(1000));
  plan.steps_max = 40;
  const Forecast forecast = Foresee(plan);
  EXPECT_EQ(forecast.why, ForecastEnd::kGaveUp);
  EXPECT_LE(forecast.steps, 60);
  plan.steps_max = 1'000'000;
  plan.horizon = Seconds(600);
  EXPECT_EQ(Foresee(plan).why, ForecastEnd::kHorizon);
  plan.cancelled = [] { return true; };
  EXPECT_EQ(Foresee(plan).why, ForecastEnd::kCancelled);
}

// Random worlds: jobs that run stay where they are, whatever their nodes look like, and the same
// question has the same answer.
TEST_F(ForecastTest, RandomWorldsAtRestMoveNothing) {
  for (uint64_t seed = 1; seed <= 60; ++seed) {
    Forget();
    Rng rng(seed);
    const uint64_t clusters = 1 + rng.Below(4);
    for (uint64_t id = 1; id <= clusters; ++id) {
      ClusterSpec spec;
      spec.name = "c" + std::to_string(id);
      const Capacity capacity = RandomNodes(rng);
      Step(ClusterChanged{ClusterId{id}, &spec});
      Step(CapacityObserved{ClusterId{id}, &capacity});
      Step(LinkObserved{ClusterId{id}, true});
    }
    for (uint64_t job = 1; job <= 12; ++job) {
      Submit(job, Pod(100 * rng.Between(1, 20)));
      if (!Job(job).cluster) continue;
      Ack(job);
      RunObserved run = Run(job, Job(job).cluster.value, 1, RunPhase::kRunning);
      run.ends = kNoDeadline;
      Step(run);
    }
    ForecastPlan plan = Plan();
    const Forecast forecast = Foresee(plan);
    for (const auto& [id, fate] : forecast.jobs) {
      if (!fate.before) continue;
      EXPECT_EQ(fate.cluster, fate.before) << "seed " << seed;
      EXPECT_EQ(fate.placements, 0) << "seed " << seed;
    }
    const Forecast again = Foresee(plan);
    EXPECT_EQ(again.steps, forecast.steps);
    ASSERT_EQ(again.jobs.size(), forecast.jobs.size());
    for (const auto& [id, fate] : forecast.jobs) {
      const JobFate& other = again.jobs.at(id);
      EXPECT_EQ(fate.cluster, other.cluster);
      EXPECT_EQ(fate.started, other.started);
      EXPECT_EQ(fate.ended, other.ended);
      EXPECT_EQ(fate.reason, other.reason);
    }
  }
}

}  // namespace
}  // namespace fairway::scheduler
