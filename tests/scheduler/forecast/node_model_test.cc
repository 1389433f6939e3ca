#include "scheduler/forecast/node_model.h"

#include <gtest/gtest.h>

#include "tests/scheduler/policy_world.h"

namespace fairway::scheduler {
namespace {

SpecEntry PodOf(int64_t cpu_milli) {
  SpecEntry spec;
  spec.pod = MakeResources(cpu_milli, 1);
  return spec;
}

// Two empty nodes of 4 cpu.
Capacity TwoNodes() {
  Capacity capacity = MakeCapacity(MakeResources(8000, 2048, 20), MakeResources(4000, 1024, 10));
  NodeClass& nodes = capacity.node_classes.emplace_back();
  nodes.whole = nodes.free = {{MakeResources(4000, 1024, 10), 2}};
  return capacity;
}

TEST(NodeModelTest, PodsGoToTheFreestNodeAndComeOffTheirOwn) {
  NodeModel model(TwoNodes());
  model.Put(JobId{1}, PodOf(3000), 2);
  Capacity seen = model.Observed();
  ASSERT_EQ(seen.node_classes[0].free.size(), 1u);
  EXPECT_EQ(seen.node_classes[0].free[0].nodes, 2);
  EXPECT_EQ(seen.node_classes[0].free[0].amounts, MakeResources(1000, 1023, 9));
  EXPECT_EQ(seen.largest_node_free.cpu_milli, 1000);
  model.Put(JobId{2}, PodOf(3000), 1);  // fits nowhere
  EXPECT_EQ(model.Observed(), seen);
  model.Take(JobId{2}, PodOf(3000), 1);
  EXPECT_EQ(model.Observed(), seen);
  model.Take(JobId{1}, PodOf(3000), 2);
  EXPECT_EQ(model.Observed(), TwoNodes());
}

TEST(NodeModelTest, UnknownPodsLeaveTheFullestNodeThatCanHaveHadThem) {
  Capacity capacity = TwoNodes();
  capacity.node_classes[0].free = {{MakeResources(3000, 1023, 9), 1},
                                   {MakeResources(500, 1022, 8), 1}};
  NodeModel model(capacity);
  model.Take(JobId{1}, PodOf(2000), 1);
  const std::vector<NodeRoom> want = {{MakeResources(3000, 1023, 9), 1},
                                      {MakeResources(2500, 1023, 9), 1}};
  EXPECT_EQ(model.Observed().node_classes[0].free, want);
  // More than was ever there does not grow a node.
  model.Take(JobId{2}, PodOf(4000), 5);
  EXPECT_EQ(model.Observed().node_classes[0].free, want);
}

TEST(NodeModelTest, WithoutNodesTheRoomiestGrowsUpToAnEmptyOne) {
  Capacity capacity = MakeCapacity(MakeResources(8000, 64, 20), MakeResources(4000, 32, 10));
  capacity.largest_node_free = MakeResources(1000, 10, 2);
  NodeModel model(capacity);
  model.Take(JobId{1}, PodOf(2000), 1);
  EXPECT_EQ(model.Observed().largest_node_free.cpu_milli, 3000);
  model.Take(JobId{2}, PodOf(2000), 1);
  EXPECT_EQ(model.Observed().largest_node_free.cpu_milli, 4000);
}

// Whatever comes and goes, the nodes end as they began, and no node is ever overdrawn.
TEST(NodeModelTest, RandomComingsAndGoingsCancelOut) {
  for (uint64_t seed = 1; seed <= 200; ++seed) {
    Rng rng(seed);
    NodeModel model(RandomNodes(rng));
    const Capacity before = model.Observed();
    std::vector<SpecEntry> specs;
    for (uint64_t job = 1; job <= 10; ++job) {
      specs.push_back(PodOf(rng.Between(1, 20) * 100));
      model.Put(JobId{job}, specs.back(), rng.Between(1, 4));
      for (const NodeClass& nodes : model.Observed().node_classes) {
        for (const NodeRoom& room : nodes.free) EXPECT_GE(room.amounts.cpu_milli, 0);
      }
    }
    for (uint64_t job = 1; job <= 10; ++job) model.Take(JobId{job}, specs[job - 1], 1);
    EXPECT_EQ(model.Observed(), before) << "seed " << seed;
  }
}

}  // namespace
}  // namespace fairway::scheduler
