// Clusters 1 and 2 of eight cores. All jobs came to cluster 1 while 2 was cordoned, and run.
#pragma once

#include <vector>

#include "tests/scheduler/failover/failover_fixture.h"

namespace fairway::scheduler {

class RebalanceFixture : public FailoverFixture {
 protected:
  static FailoverConfig Settings(bool enabled = true) {
    FailoverConfig config;
    config.rebalance.enabled = enabled;
    config.rebalance.gain_min = 100;
    config.rebalance.run_min = Seconds(60);
    config.rebalance.cooldown = Seconds(600);
    config.rebalance.every = Seconds(10);
    config.rebalance.moves_per_minute = 12;
    config.rebalance.moving_max = 2;
    return config;
  }
  static JobSpec Willing(FailoverPolicy policy = FailoverPolicy::kFast) {
    JobSpec spec = Pod(1000);
    spec.failover = policy;
    spec.rebalance = true;
    return spec;
  }
  void Cordon(uint64_t cluster, bool cordoned) {
    ClusterSpec spec = core().world().FindCluster(ClusterId{cluster})->record.spec;
    spec.cordoned = cordoned;
    Step(ClusterChanged{ClusterId{cluster}, &spec});
  }
  void SetUp() override {
    FailoverFixture::SetUp();
    Use(Settings());
    Cordon(2, true);
  }
  // A process with these settings goes on from here.
  void Use(const FailoverConfig& config) {
    Configure(config);
    Begin();
  }
  void Begin() {
    Step(Recovered{});
    Hear(1);
    Hear(2);
  }
  void RunNow(uint64_t job) {
    Ack(job);
    RunObserved run = Run(job, Job(job).cluster.value, Job(job).epoch.value, RunPhase::kRunning);
    run.ends = kNoDeadline;
    Step(run);
  }
  void Pile(uint64_t count, const JobSpec& spec) {
    for (uint64_t job = 1; job <= count; ++job) {
      Submit(job, spec);
      ASSERT_EQ(Job(job).cluster, ClusterId{1});
      RunNow(job);
    }
  }
  // What the members do: withdrawn copies go, new ones run.
  void Settle() {
    std::vector<JobRecord> leaving, placed;
    for (const auto& [id, record] : core().world().jobs()) {
      if (record->state == JobState::kRequeued) leaving.push_back(*record);
    }
    for (const JobRecord& record : leaving) {
      Step(CopyGone{record.job, record.cluster, record.epoch});
    }
    for (const auto& [id, record] : core().world().jobs()) {
      if (record->state == JobState::kPlacing) placed.push_back(*record);
    }
    for (const JobRecord& record : placed) RunNow(record.job.value);
  }
  // Time goes on, and members keep up.
  void Live(Duration span) {
    for (const Instant end = now() + span; now() < end;) {
      At(now() + Milliseconds(500));
      Step(TimerFired{});
      Settle();
    }
  }
  int64_t On(uint64_t cluster) const {
    return core().world().FindCluster(ClusterId{cluster})->jobs;
  }
  int64_t Moving() const { return core().world().CountJobs(JobState::kRequeued); }
  void Freeze(bool frozen) {
    static const std::string kReason = "a test's";
    Step(FreezeChanged{frozen, false, &kReason});
  }
};

}  // namespace fairway::scheduler
