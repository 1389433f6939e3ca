// Promise: what a restore finds running is charged to its queue where it runs, as soon as the queue
// is known; nobody else is given that quota before it ends.
#include "scheduler/quota/charge_adopted.h"

#include "scheduler/restored.h"
#include "tests/scheduler/quota/quota_fixture.h"

namespace fairway::scheduler {
namespace {

class ChargeAdoptedTest : public QuotaFixture {
 protected:
  void SetUp() override {
    for (uint64_t cluster : {1, 2}) {
      ClusterSpec spec;
      spec.labels = {{"zone", cluster == 1 ? "one" : "two"}};
      AddCluster(cluster, 100'000, spec);
    }
    Flavor(1, "one", {{"zone", "one"}});
    Flavor(2, "two", {{"zone", "two"}});
  }
  static ClusterQueueSpec Zones(int64_t cpu) {
    ClusterQueueSpec spec = Queue("a", cpu);
    spec.groups = {CpuGroup(cpu, kNoLimit, kNoLimit, "one")};
    spec.groups[0].flavors.push_back({"two", {{"cpu", cpu * 1000, kNoLimit, kNoLimit}}});
    return spec;
  }
  // An older store is started, and these copies are found.
  void Restore(const std::vector<FoundCopy>& copies) {
    Restart();
    const RestorePlan plan = PlanRestored(now(), core().world(), copies, {JobId{1000}, false});
    Replace(plan.edits);
    Step(Recovered{});
    for (uint64_t cluster : {1, 2}) {
      const Resources whole = MakeResources(100'000, 1024, 100);
      const Capacity capacity = MakeCapacity(whole, whole);
      Step(CapacityObserved{ClusterId{cluster}, &capacity});
      Step(LinkObserved{ClusterId{cluster}, true});
    }
    Settle();
  }
  static FoundCopy Copy(uint64_t job, uint64_t cluster, uint64_t epoch = 1) {
    return {JobId{job}, Epoch{epoch}, ClusterId{cluster}, false};
  }
  FlavorId FlavorOf(uint64_t job) const { return Record(job).quota->pod_sets.at(0).flavors.at(0); }
};

TEST_F(ChargeAdoptedTest, WhoWaitedInTheOlderStoreIsChargedThoughNothingIsFree) {
  AddQueue(1, Zones(2));
  Submit(10, Job("a", 2));
  Submit(11, Job("a", 2));
  Submit(12, Job("a", 2));
  ASSERT_FALSE(Admitted(12));
  Restore({Copy(10, 1), Copy(11, 2), Copy(12, 2)});
  EXPECT_TRUE(Admitted(12));
  EXPECT_EQ(FlavorOf(12), FlavorId{2});
  EXPECT_EQ(Held(1), 6);
  Submit(13, Job("a", 2));
  Done(12);
  EXPECT_FALSE(Admitted(13)) << "still more is used than there is";
  Done(11);
  EXPECT_TRUE(Admitted(13));
}

TEST_F(ChargeAdoptedTest, OnAnotherClusterItIsChargedInThatOnesFlavor) {
  AddQueue(1, Zones(4));
  Submit(10, Job("a", 2));
  ASSERT_EQ(FlavorOf(10), FlavorId{1});
  Restore({Copy(10, 2, 3)});
  ASSERT_EQ(Record(10).cluster, ClusterId{2});
  EXPECT_TRUE(Admitted(10));
  EXPECT_EQ(FlavorOf(10), FlavorId{2});
  EXPECT_EQ(Held(1), 2);
}

TEST_F(ChargeAdoptedTest, WhoseQueueIsNotThereIsChargedWhenItIsMadeAgain) {
  Submit(10, Job("a", 3));
  Restore({Copy(10, 1)});
  EXPECT_EQ(State(10), JobState::kDispatched);
  EXPECT_FALSE(Admitted(10));
  AddQueue(1, Zones(4));
  Settle();
  EXPECT_TRUE(Admitted(10));
  EXPECT_EQ(Held(1), 3);
  EXPECT_EQ(State(10), JobState::kDispatched) << "it runs on";
  EXPECT_EQ(Record(10).epoch, Epoch{1});
}

TEST_F(ChargeAdoptedTest, ManyAreChargedStepByStep) {
  ClusterQueueSpec queue = Zones(1);
  std::vector<FoundCopy> copies;
  for (uint64_t job = 10; job < 10 + 2 * kAdoptedPerStep + 5; ++job) {
    JobSpec spec = Job("a", 1);
    spec.request.cpu_milli = spec.queueing.pod_sets[0].request.cpu_milli = 1;
    Submit(job, spec);
    copies.push_back(Copy(job, 1));
  }
  Restore(copies);
  AddQueue(1, queue);
  Settle();
  for (const FoundCopy& copy : copies) EXPECT_TRUE(Admitted(copy.job.value)) << copy.job.value;
}

}  // namespace
}  // namespace fairway::scheduler
