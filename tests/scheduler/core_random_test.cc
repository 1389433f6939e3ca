// Whatever comes in whatever order, the core stays consistent, and its edits alone rebuild its
// world.
#include <gtest/gtest.h>

#include <map>
#include <string>

#include "scheduler/core.h"
#include "scheduler/world_loader.h"
#include "tests/scheduler/sample_world.h"

namespace fairway::scheduler {
namespace {

// Events about few jobs, clusters and epochs, so that most of them meet something.
class RandomEvents {
 public:
  explicit RandomEvents(uint64_t seed) : rng_(seed) {}

  Event Next() {
    const JobId job{rng_.Below(12)};
    const ClusterId cluster{rng_.Below(4)};
    const Epoch epoch{rng_.Below(5)};
    const bool flag = rng_.Chance({1, 2});
    const auto ttl = static_cast<int32_t>(rng_.Between(-1, 3));
    spec_ = SampleJobSpec(rng_.Below(8));
    spec_.request = MakeResources(rng_.Between(-10, 3000), rng_.Between(0, 10));
    spec_.parallelism = static_cast<int32_t>(rng_.Between(-1, 4));
    spec_.priority = static_cast<int32_t>(rng_.Between(-2, 2));
    const auto trouble = static_cast<Trouble>(rng_.Below(static_cast<uint64_t>(kLastTrouble) + 1));
    DrawQueueing();
    switch (rng_.Below(20)) {
      case 0:
        return Recovered{};
      case 1:
        return TimerFired{};
      case 2:
      case 3:
        return JobSubmitted{JobId{job.value + 1}, &spec_, &name_, rng_.Chance({1, 5}), ttl};
      case 4:
        return JobChanged{job, &spec_, flag, ttl};
      case 5:
        return JobDeleted{job, rng_.Chance({1, 4})};
      case 6:
        cluster_ = SampleClusterSpec(rng_.Below(20));
        cluster_.cordoned = rng_.Chance({1, 4});
        return ClusterChanged{ClusterId{cluster.value + 1}, &cluster_};
      case 7:
        if (rng_.Chance({1, 2})) return ClusterRemoved{cluster};
        return LinkObserved{cluster, flag};
      case 8:
        capacity_.allocatable = MakeResources(rng_.Between(-5, 9000), 1000, rng_.Between(0, 20));
        capacity_.requested = MakeResources(rng_.Between(-5, 5000), 0);
        capacity_.largest_node_free = capacity_.allocatable;
        capacity_.nodes = static_cast<int32_t>(rng_.Below(2));
        counted_.clear();
        for (uint64_t i = rng_.Below(4); i > 0; --i) {
          counted_.push_back({JobId{rng_.Below(12)}, Epoch{rng_.Below(4)},
                              static_cast<int32_t>(rng_.Between(-2, 6))});
        }
        return CapacityObserved{cluster, &capacity_, flag ? &counted_ : nullptr};
      case 9:
        return DispatchAcked{job, cluster, epoch};
      case 10:
        return DispatchFailed{job, cluster, epoch, flag};
      case 11:
        if (rng_.Chance({1, 3})) return CopyTroubled{job, cluster, epoch, trouble};
        return RunObserved{job,
                           cluster,
                           epoch,
                           static_cast<RunPhase>(rng_.Below(5)),
                           Instant{rng_.Between(-5, 5'000'000)},
                           {},
                           0,
                           false,
                           trouble};
      case 12:
        return CopyGone{job, cluster, epoch, flag};
      case 13:
      case 14:
      case 15:
      case 16:
      case 17:
        return NextQuotaEvent();
      case 18:
        return WorkloadFinished{job, flag, Instant{rng_.Between(-5, 5'000'000)}};
      default:
        return WithdrawFailed{job, cluster, epoch};
    }
  }
  Rng& rng() { return rng_; }

 private:
  // Half of the jobs have a queue; what they ask of it makes sense only sometimes.
  void DrawQueueing() {
    spec_.queueing = {};
    if (rng_.Chance({1, 2})) return;
    spec_.queueing.local_queue = "ns/q" + std::to_string(rng_.Below(3));
    spec_.queueing.workload_only = rng_.Chance({1, 3});
    spec_.queueing.max_execution_seconds = static_cast<int32_t>(rng_.Between(-1, 3));
    const uint64_t pod_sets = rng_.Below(3);
    for (uint64_t i = 0; i < pod_sets; ++i) {
      PodSet& pod_set = spec_.queueing.pod_sets.emplace_back();
      pod_set.count = static_cast<int32_t>(rng_.Between(-1, 4));
      pod_set.min_count = static_cast<int32_t>(rng_.Between(-1, 4));
      pod_set.request = MakeResources(rng_.Between(-10, 3000), 0);
    }
  }

  Event NextQuotaEvent() {
    const uint64_t id = rng_.Below(3) + 1;
    const std::string number = std::to_string(rng_.Below(3));
    switch (rng_.Below(9)) {
      case 0:
        flavor_.name = "f" + number;
        if (rng_.Chance({1, 3})) flavor_.node_labels = {{"region", "r" + number}};
        return FlavorChanged{FlavorId{id}, &flavor_};
      case 1:
        return FlavorRemoved{FlavorId{id}};
      case 2:
        cohort_.name = "c" + number;
        cohort_.parent = rng_.Chance({1, 2}) ? "c" + std::to_string(rng_.Below(3)) : "";
        return CohortChanged{CohortId{id}, &cohort_};
      case 3:
        return CohortRemoved{CohortId{id}};
      case 4:
      case 5:
        DrawQueue(number);
        return ClusterQueueChanged{ClusterQueueId{id}, &queue_};
      case 6:
        if (rng_.Chance({1, 2})) return ClusterQueueRemoved{ClusterQueueId{id}};
        return QuotaConfigured{{rng_.Chance({1, 2}), static_cast<FairStrategies>(rng_.Below(3))}};
      case 7:
        return LocalQueueRemoved{LocalQueueId{id}};
      default:
        local_.name = "ns/q" + number;
        local_.cluster_queue = "q" + std::to_string(rng_.Below(3));
        local_.stop_policy = static_cast<StopPolicy>(rng_.Chance({1, 3}) ? rng_.Below(3) : 0);
        local_.namespace_admitted = rng_.Chance({4, 5});
        return LocalQueueChanged{LocalQueueId{id}, &local_};
    }
  }

  void DrawQueue(const std::string& number) {
    queue_ = {};
    queue_.name = "q" + number;
    queue_.cohort = rng_.Chance({2, 3}) ? "c" + std::to_string(rng_.Below(3)) : "";
    ResourceGroup& group = queue_.groups.emplace_back();
    group.covered = {"cpu", "pods"};
    for (uint64_t i = 0; i < 2; ++i) {
      group.flavors.push_back(
          {"f" + std::to_string(i),
           {{"cpu", rng_.Between(0, 9000), rng_.Between(-1, 3000), rng_.Between(-1, 3000)},
            {"pods", 9}}});
    }
    queue_.strategy = static_cast<QueueingStrategy>(rng_.Below(2));
    queue_.preemption.within_cluster_queue = static_cast<PreemptionPolicy>(rng_.Below(4));
    queue_.preemption.reclaim_within_cohort = static_cast<PreemptionPolicy>(rng_.Below(4));
    queue_.preemption.borrow_within_cohort = static_cast<PreemptionPolicy>(rng_.Below(2));
    queue_.fungibility = {static_cast<FungibilityPolicy>(rng_.Below(2)),
                          static_cast<FungibilityPolicy>(rng_.Below(2)),
                          static_cast<FungibilityPreference>(rng_.Below(2))};
    queue_.fair_weight_milli = rng_.Between(0, 2000);
    queue_.stop_policy = static_cast<StopPolicy>(rng_.Chance({1, 5}) ? rng_.Below(3) : 0);
    queue_.survive_cluster_loss = rng_.Chance({1, 5});
  }

  FlavorSpec flavor_;
  CohortSpec cohort_;
  ClusterQueueSpec queue_;
  LocalQueueSpec local_;
  Rng rng_;
  JobSpec spec_;
  ClusterSpec cluster_;
  Capacity capacity_;
  std::vector<CountedPods> counted_;
  std::string name_ = "default/random";
};

TEST(CoreRandomTest, ArbitraryEventsLeaveAConsistentWorldThatItsEditsRebuild) {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    RandomEvents events(seed);
    Core core;
    CommandSink sink;
    sink.want_decisions = true;
    std::map<std::string, std::string> stored;
    Instant now{1'000'000};
    for (int i = 0; i < 2'000; ++i) {
      now = now + Milliseconds(events.rng().Between(0, 2'000));
      sink.Clear();
      core.Step(now, events.Next(), sink);
      core.world().CheckInvariants();
      for (const Edit& edit : sink.edits) {
        if (const auto value = EditValue(edit)) {
          stored[EditKey(edit)] = *value;
        } else {
          stored.erase(EditKey(edit));
        }
      }
    }
    WorldLoader loader;
    for (const auto& [key, value] : stored) ASSERT_TRUE(loader.Add(key, value));
    const auto loaded = loader.Finish();
    ASSERT_TRUE(loaded) << loaded.error().message;
    loaded->CheckInvariants();
    ASSERT_EQ(loaded->jobs().size(), core.world().jobs().size());
    for (const auto& [id, box] : core.world().jobs()) ASSERT_EQ(*loaded->FindJob(id), *box);
  }
}

}  // namespace
}  // namespace fairway::scheduler
