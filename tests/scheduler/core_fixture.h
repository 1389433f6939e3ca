// A Core with a clock in hand: short words for events, and the last step's commands at the
// fingertips. After every step the world proves its invariants, and the edits rebuild the same
// world.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>

#include "scheduler/core.h"
#include "scheduler/placement.h"
#include "scheduler/world_loader.h"
#include "tests/scheduler/sample_world.h"

namespace fairway::scheduler {

class CoreFixture : public ::testing::Test {
 protected:
  static JobSpec Pod(int64_t cpu_milli) {
    JobSpec spec;
    spec.request = MakeResources(cpu_milli, 1);
    return spec;
  }
  static RunObserved Run(uint64_t job, uint64_t cluster, uint64_t epoch, RunPhase phase) {
    return {JobId{job}, ClusterId{cluster}, Epoch{epoch}, phase, {}};
  }

  void At(Instant now) { now_ = now; }
  Instant now() const { return now_; }

  void Step(const Event& event) {
    sink_.Clear();
    sink_.want_decisions = true;
    core_.Step(now_, event, sink_);
    core_.world().CheckInvariants();
    for (const Edit& edit : sink_.edits) {
      if (const auto value = EditValue(edit)) {
        stored_[EditKey(edit)] = *value;
      } else {
        stored_.erase(EditKey(edit));
      }
    }
  }
  void AddCluster(uint64_t id, int64_t cpu_milli, ClusterSpec spec = {}) {
    if (spec.name.empty()) spec.name = "c" + std::to_string(id);
    const Resources whole = MakeResources(cpu_milli, 1024, 100);
    const Capacity capacity = MakeCapacity(whole, whole);
    Step(ClusterChanged{ClusterId{id}, &spec});
    Step(CapacityObserved{ClusterId{id}, &capacity});
    Step(LinkObserved{ClusterId{id}, true});
  }
  void Submit(uint64_t job, const JobSpec& spec, bool suspended = false, int32_t ttl = -1) {
    const std::string name = "default/job-" + std::to_string(job);
    Step(JobSubmitted{JobId{job}, &spec, &name, suspended, ttl});
  }
  void Change(uint64_t job, const JobSpec& spec, bool suspended, int32_t ttl = -1) {
    Step(JobChanged{JobId{job}, &spec, suspended, ttl});
  }
  void Ack(uint64_t job) { Step(DispatchAcked{JobId{job}, Job(job).cluster, Job(job).epoch}); }

  // The process ends and a new one reads what was saved.
  void Restart() {
    WorldLoader loader;
    for (const auto& [key, value] : stored_) ASSERT_TRUE(loader.Add(key, value));
    auto world = loader.Finish();
    ASSERT_TRUE(world) << world.error().message;
    world->CheckInvariants();
    core_ = Core(*std::move(world), core_.failover());
  }

  // The same world under other settings; Recovered is for the test to send.
  void Configure(const FailoverConfig& failover) { core_ = Core(core_.world(), failover); }

  // Edits that come from elsewhere than a step, as CorePump::Replace does it.
  void Replace(const std::vector<Edit>& edits) {
    World world = core_.world();
    for (const Edit& edit : edits) {
      world.Apply(edit);
      stored_[EditKey(edit)] = *EditValue(edit);
    }
    world.CheckInvariants();
    core_ = Core(std::move(world), core_.failover());
    sink_.Clear();
  }

  const JobRecord& Job(uint64_t job) const { return *core_.world().FindJob(JobId{job}); }
  int64_t Free(uint64_t cluster) const {
    return core_.world().FindCluster(ClusterId{cluster})->Free().cpu_milli;
  }
  template <typename T>
  int Count() const {
    int count = 0;
    for (const Command& command : sink_.commands) count += std::holds_alternative<T>(command);
    return count;
  }
  template <typename T>
  T First() const {
    for (const Command& command : sink_.commands) {
      if (const T* found = std::get_if<T>(&command)) return *found;
    }
    ADD_FAILURE() << "no such command";
    return {};
  }
  template <typename T>
  T Only() const {
    EXPECT_EQ(Count<T>(), 1);
    return First<T>();
  }
  RebalancePlan RebalancePlanned(int64_t moves_max) { return core_.PlanRebalance(moves_max, now_); }
  Decision Explained(uint64_t job) { return core_.Explain(Job(job), now_); }
  // An empty world again.
  void Forget() {
    core_ = Core();
    stored_.clear();
  }
  const CommandSink& sink() const { return sink_; }
  const Core& core() const { return core_; }

 private:
  Core core_;
  CommandSink sink_;
  Instant now_{1'000'000};
  std::map<std::string, std::string> stored_;
};

}  // namespace fairway::scheduler
