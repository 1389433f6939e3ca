#include "scheduler/policy/node_fit.h"

#include <gtest/gtest.h>

#include "tests/scheduler/policy_world.h"

namespace fairway::scheduler {
namespace {

NodeRoom Room(int64_t cpu_milli, int64_t memory_mib, int64_t pods, int32_t nodes) {
  return {MakeResources(cpu_milli, memory_mib, pods), nodes};
}

TEST(NodeFitTest, AllPodsMustFitOnRealNodesAtOnce) {
  JobSpec spec;
  spec.request = MakeResources(1500, 100);
  spec.parallelism = 3;
  SpecTable specs;
  specs.Put(SpecId{1}, spec);
  Capacity capacity;
  capacity.node_classes.push_back({{}, {}, {Room(2000, 1000, 10, 2), Room(1400, 1000, 10, 5)}, {}});
  EXPECT_EQ(AskNodes(specs.Get(SpecId{1}), capacity.node_classes, capacity, Rooms::kFree),
            NodeAnswer::kFragmented);
  spec.gang = false;
  specs.Put(SpecId{2}, spec);
  EXPECT_EQ(AskNodes(specs.Get(SpecId{2}), capacity.node_classes, capacity, Rooms::kFree),
            NodeAnswer::kFits);
}

TEST(NodeFitTest, LabelsAndTaintsOfNodesCountUnlessTheyAreBlurred) {
  JobSpec spec;
  spec.request = MakeResources(100, 10);
  PlacementRules& rules = spec.rules.emplace_back();
  rules.nodes.required = {{{{"disk", LabelRequirement::Op::kIn, {"ssd"}}}}};
  SpecTable specs;
  specs.Put(SpecId{1}, spec);
  rules.nodes.tolerations = {{"gpu", true, "", true, {}, -1}};
  specs.Put(SpecId{2}, spec);
  const auto ask = [&](uint64_t id, const Capacity& capacity) {
    return AskNodes(specs.Get(SpecId{id}), capacity.node_classes, capacity, Rooms::kFree);
  };
  Capacity capacity;
  capacity.node_classes.push_back({{{"disk", "hdd"}}, {}, {Room(4000, 4000, 10, 1)}, {}});
  EXPECT_EQ(ask(1, capacity), NodeAnswer::kNoMatch);
  capacity.node_classes.push_back({{{"disk", "ssd"}},
                                   {{"gpu", "", TaintEffect::kNoSchedule, {}}},
                                   {Room(4000, 4000, 10, 1)},
                                   {}});
  EXPECT_EQ(ask(1, capacity), NodeAnswer::kTaint);
  EXPECT_EQ(ask(2, capacity), NodeAnswer::kFits);
  capacity.blurred_labels = {"disk"};
  EXPECT_EQ(ask(1, capacity), NodeAnswer::kFits);
}

// The quick answer is the slow one, whatever is on its way.
TEST(NodeFitTest, TheQuickAnswerIsThatOfTheChargedPicture) {
  Rng rng(5);
  int fits = 0;
  int tight = 0;
  for (int i = 0; i < 20'000; ++i) {
    const Capacity capacity = RandomNodes(rng);
    SpecTable specs;
    PodsInFlight in_flight;
    Resources load;
    for (uint64_t id = 1; id <= 3; ++id) {
      JobSpec spec = RandomPolicyJob(rng);
      spec.priority = static_cast<int32_t>(id);
      specs.Put(SpecId{id}, spec);
      const SpecEntry& entry = specs.Get(SpecId{id});
      if (id == 1 || entry.total.pods == 0 || rng.Chance({1, 2})) continue;
      in_flight[SpecId{id}] = entry.total.pods;
      load.Add(entry.total);
    }
    const SpecEntry& spec = specs.Get(SpecId{1});
    const bool slow = AskNodes(spec, ChargeNodes(capacity, in_flight, specs), capacity,
                               Rooms::kFree) == NodeAnswer::kFits;
    const bool bare =
        AskNodes(spec, capacity.node_classes, capacity, Rooms::kFree) == NodeAnswer::kFits;
    ASSERT_EQ(FitsOnNodes(spec, capacity, in_flight, load, ChargedNodes(), specs), slow) << i;
    ASSERT_TRUE(bare || !slow);  // pods on their way never make room
    fits += slow ? 1 : 0;
    tight += bare && !slow ? 1 : 0;
  }
  EXPECT_GT(fits, 1000);
  EXPECT_GT(tight, 100);
}

TEST(NodeFitTest, OnlyLessNeverHidesANewFit) {
  Rng rng(8);
  int less = 0;
  for (int i = 0; i < 20'000; ++i) {
    const Capacity before = RandomNodes(rng);
    Capacity now = before;
    for (NodeClass& nodes : now.node_classes) {
      for (NodeRoom& room : nodes.free) {
        if (rng.Chance({1, 3})) room.amounts.cpu_milli -= rng.Between(-100, 500);
      }
      std::sort(nodes.free.begin(), nodes.free.end(), [](const NodeRoom& a, const NodeRoom& b) {
        return a.amounts.cpu_milli > b.amounts.cpu_milli;
      });
    }
    if (!OnlyLess(now.node_classes, before.node_classes)) continue;
    ++less;
    SpecTable specs;
    specs.Put(SpecId{1}, RandomPolicyJob(rng));
    const SpecEntry& spec = specs.Get(SpecId{1});
    const auto fit = [&](const Capacity& capacity) {
      return CountPodsThatFit(spec, capacity.node_classes, capacity, Rooms::kFree, 1000);
    };
    ASSERT_LE(fit(now), fit(before)) << i;
  }
  EXPECT_GT(less, 1000);
}

}  // namespace
}  // namespace fairway::scheduler
