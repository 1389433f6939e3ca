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
    switch (rng_.Below(14)) {
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
        return CapacityObserved{cluster, &capacity_};
      case 9:
        return DispatchAcked{job, cluster, epoch};
      case 10:
        return DispatchFailed{job, cluster, epoch, flag};
      case 11:
        return RunObserved{job, cluster, epoch, static_cast<RunPhase>(rng_.Below(5)),
                           Instant{rng_.Between(-5, 5'000'000)}};
      case 12:
        return CopyGone{job, cluster, epoch, flag};
      default:
        return WithdrawFailed{job, cluster, epoch};
    }
  }
  Rng& rng() { return rng_; }

 private:
  Rng rng_;
  JobSpec spec_;
  ClusterSpec cluster_;
  Capacity capacity_;
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
