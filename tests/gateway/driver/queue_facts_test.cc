// Queues say of themselves what the world holds, in Kueue's words.
#include "gateway/driver/queue_facts.h"

#include <gtest/gtest.h>

#include "scheduler/quota/quota_names.h"

// A test names the fields that it is about.
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"

namespace fairway::gateway {
namespace {

class QueueFactsTest : public ::testing::Test {
 protected:
  QueueFactsTest() {
    world_.Apply(scheduler::PutFlavor{{scheduler::FlavorId{1}, {.name = "f"}}});
    PutQueue("cq", scheduler::ClusterQueueId{2}, 1'000);
    PutQueue("other", scheduler::ClusterQueueId{3}, 5'000);
    world_.Apply(scheduler::PutLocalQueue{
        {scheduler::LocalQueueId{4}, {.name = "ns/lq", .cluster_queue = "cq"}}});
    scheduler::JobSpec spec;
    spec.queueing.local_queue = "ns/lq";
    spec.queueing.workload_only = true;
    set_.name = "main";
    set_.count = 3;
    set_.request.cpu_milli = 1'000;
    spec.queueing.pod_sets.push_back(set_);
    world_.Apply(scheduler::PutSpec{SpecId{9}, spec});
  }

  void PutQueue(const std::string& name, scheduler::ClusterQueueId id, int64_t cpu,
                scheduler::StopPolicy stop = scheduler::StopPolicy::kNone,
                const std::string& flavor = "f") {
    scheduler::ClusterQueueSpec spec{.name = name, .cohort = "c"};
    spec.stop_policy = stop;
    spec.groups = {{{"cpu"}, {{flavor, {{"cpu", cpu}}}}}};
    world_.Apply(scheduler::PutClusterQueue{{id, spec}});
    world_.mutable_ledger().Settle();
  }
  void PutEntry(uint64_t id, bool admitted) {
    scheduler::JobRecord record;
    record.job = JobId{id};
    record.name = "workload:ns/w" + std::to_string(id);
    record.spec = SpecId{9};
    scheduler::JobQuota& quota = record.quota.Make();
    if (admitted) {
      record.state = scheduler::JobState::kAdmitted;
      record.epoch = Epoch{1};
      quota.cluster_queue = scheduler::ClusterQueueId{2};
      scheduler::PodSetAdmission admission;
      admission.count = 3;
      admission.flavors.assign(scheduler::ChargedResources(set_).size(), scheduler::FlavorId{});
      admission.flavors[0] = scheduler::FlavorId{1};
      quota.pod_sets = {admission};
      quota.admitted_at = Instant{1};
    }
    world_.Apply(scheduler::PutJob{record});
    world_.mutable_ledger().Settle();
  }

  scheduler::World world_;
  scheduler::PodSet set_;
};

TEST_F(QueueFactsTest, CountsAndUsageFollowTheEntries) {
  PutEntry(20, true);
  PutEntry(21, false);
  const QueueReader reader(world_);
  const QueueFacts queue = reader.ClusterQueue("cq");
  EXPECT_TRUE(queue.active);
  EXPECT_EQ(queue.reason, "Ready");
  EXPECT_EQ(queue.pending, 1);
  EXPECT_EQ(queue.admitted, 1);
  EXPECT_EQ(queue.usage, (std::vector<FlavorUse>{{"f", {{"cpu", 3'000, 2'000}}}}));
  const QueueFacts local = reader.LocalQueue("ns/lq");
  EXPECT_EQ(local.pending, 1);
  EXPECT_EQ(local.admitted, 1);
  EXPECT_EQ(local.usage.at(0).resources.at(0).total, 3'000);
  EXPECT_EQ(reader.ClusterQueue("other").usage.at(0).resources.at(0).total, 0);
}

TEST_F(QueueFactsTest, InactiveQueuesSayWhy) {
  PutQueue("cq", scheduler::ClusterQueueId{2}, 1'000, scheduler::StopPolicy::kHold, "gone");
  const QueueReader reader(world_);
  const QueueFacts queue = reader.ClusterQueue("cq");
  EXPECT_FALSE(queue.active);
  EXPECT_EQ(queue.reason, "Stopped");
  EXPECT_EQ(queue.message,
            "Can't admit new workloads: is stopped, references missing ResourceFlavor(s): gone.");
  EXPECT_EQ(reader.LocalQueue("ns/lq").reason, "ClusterQueueIsInactive");
  world_.Apply(scheduler::PutLocalQueue{
      {scheduler::LocalQueueId{4}, {.name = "ns/lq", .cluster_queue = "nowhere"}}});
  EXPECT_EQ(QueueReader(world_).LocalQueue("ns/lq").reason, "ClusterQueueDoesNotExist");
}

// As Kueue: with fair sharing off there is none; with it on, what is borrowed counts.
TEST_F(QueueFactsTest, SharesAreThoseOfWhatIsBorrowed) {
  PutEntry(20, true);
  EXPECT_FALSE(QueueReader(world_).ClusterQueue("cq").fair_sharing);
  world_.ConfigureQuota({.fair_sharing = true});
  const QueueReader reader(world_);
  // 2 of the 6 cores that the cohort lends: a third, in thousandths, rounded up.
  EXPECT_EQ(reader.ClusterQueue("cq").weighted_share, 334);
  EXPECT_EQ(reader.ClusterQueue("other").weighted_share, 0);
}

}  // namespace
}  // namespace fairway::gateway
