// Two clusters, both ready and with measured clocks, and a clock in hand. Defaults of
// FailoverConfig: suspect after 5 s, lost after 30 s, leases of 120 s.
#pragma once

#include "scheduler/failover/rules.h"
#include "tests/scheduler/core_fixture.h"

namespace fairway::scheduler {

class FailoverFixture : public CoreFixture {
 protected:
  void SetUp() override {
    for (uint64_t id : {1, 2}) {
      AddCluster(id, 8000);
      Step(ClockObserved{ClusterId{id}, {}, Milliseconds(600)});
    }
  }
  static JobSpec Policy(FailoverPolicy policy, int32_t grace_seconds = 30) {
    JobSpec spec = Pod(1000);
    spec.failover = policy;
    spec.grace_seconds = grace_seconds;
    spec.preferred = {{100, {{{"home", LabelRequirement::Op::kExists, {}}}}}};
    return spec;
  }
  // On cluster 1 and acknowledged there, not started.
  void PlaceAtHome(uint64_t job, const JobSpec& spec) {
    ClusterSpec home;
    home.name = "c1";
    home.labels["home"] = "yes";
    Step(ClusterChanged{ClusterId{1}, &home});
    Submit(job, spec);
    ASSERT_EQ(Job(job).cluster, ClusterId{1});
    Ack(job);
  }
  // The same, started, and under a lease when it is to have one.
  void Start(uint64_t job, const JobSpec& spec) {
    ASSERT_NO_FATAL_FAILURE(PlaceAtHome(job, spec));
    RunObserved run = Run(job, 1, 1, RunPhase::kRunning);
    const bool leased = spec.failover == FailoverPolicy::kFenced;
    run.ends = leased ? now() + Seconds(120) : kNoDeadline;
    run.leased = leased;
    Step(run);
    ASSERT_EQ(Job(job).leased, leased);
  }
  const LinkRecord& Link(uint64_t cluster) const {
    return core().world().FindCluster(ClusterId{cluster})->record.link;
  }
  // Silent from now on.
  void Silence(uint64_t cluster) { Step(LinkObserved{ClusterId{cluster}, false, false, now()}); }
  void Hear(uint64_t cluster) { Step(LinkObserved{ClusterId{cluster}, true}); }
  // Time goes on, with a TimerFired wherever the core asks for one, or at the end.
  void Pass(Duration span) {
    const Instant end = now() + span;
    for (int64_t step = std::max<int64_t>(span.ms / 200, 1); now() < end;) {
      At(std::min(end, now() + Milliseconds(step)));
      Step(TimerFired{});
    }
  }
  void Lose(uint64_t cluster) {
    Silence(cluster);
    Pass(Seconds(31));
    // Fenced at once where no lease is out.
    ASSERT_TRUE(IsLost(Link(cluster).state));
  }
};

}  // namespace fairway::scheduler
