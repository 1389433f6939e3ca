#include "clusters/member/node_picture.h"

#include <fmt/core.h>
#include <gtest/gtest.h>

#include "clusters/member/capacity_model.h"
#include "scheduler/policy/node_fit.h"
#include "scheduler/rng.h"
#include "tests/clusters/kube/kinds/kind_testing.h"

namespace fairway::clusters {
namespace {

using kube::testing::ParseObject;

using scheduler::Capacity;
using scheduler::NodeClass;
using scheduler::NodeRoom;

kube::Object Node(int id, int milli, const std::string& labels, const std::string& taints = "") {
  return ParseObject(fmt::format(
      R"({{"metadata":{{"name":"n{}","labels":{{"kubernetes.io/hostname":"n{}"{}}}}},
          "spec":{{"taints":[{}]}},"status":{{"allocatable":{{"cpu":"{}m","memory":"8Gi","pods":"10"}},
          "conditions":[{{"type":"Ready","status":"True"}}]}}}})",
      id, id, labels.empty() ? "" : "," + labels, taints, milli));
}

kube::Object Pod(int id, int node, int milli) {
  return ParseObject(fmt::format(
      R"({{"metadata":{{"uid":"00000000-0000-0000-0000-{:012}"}},"spec":{{"nodeName":"n{}",
          "containers":[{{"resources":{{"requests":{{"cpu":"{}m"}}}}}}]}},"status":{{"phase":"Running"}}}})",
      id, node, milli));
}

int32_t CountNodes(const Capacity& capacity, bool free) {
  int32_t nodes = 0;
  for (const NodeClass& each : capacity.node_classes) {
    for (const NodeRoom& room : free ? each.free : each.whole) nodes += room.nodes;
  }
  return nodes;
}

TEST(NodePictureTest, FewNodesAreToldApartExactly) {
  CapacityModel model("gw");
  model.UpsertNode(Node(1, 4000, R"("disk":"ssd")"));
  model.UpsertNode(Node(2, 4000, R"("disk":"hdd")", R"({"key":"gpu","effect":"NoSchedule"})"));
  model.UpsertPod(Pod(1, 1, 1500));
  const Capacity capacity = model.Measure();
  ASSERT_EQ(capacity.node_classes.size(), 2u);
  EXPECT_TRUE(capacity.blurred_labels.empty());
  const NodeClass& hdd = capacity.node_classes[0];
  EXPECT_EQ(hdd.labels.at("disk"), "hdd");
  ASSERT_EQ(hdd.taints.size(), 1u);
  const NodeClass& ssd = capacity.node_classes[1];
  EXPECT_EQ(ssd.labels.at("kubernetes.io/hostname"), "n1");
  EXPECT_EQ(ssd.free[0].amounts.cpu_milli, 2500);
  EXPECT_EQ(ssd.free[0].amounts.pods, 9);
  EXPECT_EQ(ssd.whole[0].amounts.cpu_milli, 4000);
  EXPECT_EQ(capacity.largest_node_allocatable.cpu_milli, 4000);
}

// 5,000 nodes of some kinds, all filled differently: bounded, never optimistic about what is free,
// never pessimistic about what is there when empty.
TEST(NodePictureTest, ManyNodesAreBoundedAndNeverPromised) {
  Rng rng(3);
  CapacityModel model("gw");
  std::vector<int64_t> free;
  for (int i = 0; i < 5000; ++i) {
    const int milli = static_cast<int>(4000 * (1 + rng.Below(4)) + rng.Below(50));
    model.UpsertNode(Node(i, milli, fmt::format(R"("kind":"k{}")", rng.Below(3))));
    const int used = static_cast<int>(rng.Below(static_cast<uint64_t>(milli)));
    model.UpsertPod(Pod(i, i, used));
    free.push_back(milli - used);
  }
  const Capacity capacity = model.Measure();
  EXPECT_LE(capacity.node_classes.size(), static_cast<size_t>(scheduler::kNodeClassesMax));
  EXPECT_EQ(capacity.blurred_labels, std::vector<std::string>{"kubernetes.io/hostname"});
  size_t rooms = 0;
  for (const NodeClass& each : capacity.node_classes) rooms += each.free.size();
  EXPECT_LE(rooms, static_cast<size_t>(scheduler::kNodeRoomsMax));
  EXPECT_EQ(CountNodes(capacity, true), 5000);
  EXPECT_EQ(CountNodes(capacity, false), 5000);
  // What only a handful of nodes could take is lost in the rounding down.
  for (const int64_t request : {100, 900, 3000, 7000, 12'000}) {
    scheduler::JobSpec spec;
    spec.request.cpu_milli = request;
    scheduler::SpecTable specs;
    specs.Put(SpecId{1}, spec);
    const auto fit = [&](scheduler::Rooms of) {
      return scheduler::CountPodsThatFit(specs.Get(SpecId{1}), capacity.node_classes, capacity, of,
                                         1'000'000);
    };
    int64_t real = 0;
    for (const int64_t milli : free) real += std::min<int64_t>(milli / request, 9);
    EXPECT_LE(fit(scheduler::Rooms::kFree), real) << request;
    EXPECT_GE(fit(scheduler::Rooms::kFree), real / 2) << request;
    EXPECT_GE(fit(scheduler::Rooms::kWhole), real) << request;
  }
}

TEST(NodePictureTest, TooManyClassesAreBlurredByTheirMostVariedLabel) {
  CapacityModel model("gw");
  for (int i = 0; i < 144; ++i) {
    model.UpsertNode(Node(i, 4000, fmt::format(R"("rack":"r{}","row":"w{}")", i % 16, i / 16)));
  }
  const Capacity capacity = model.Measure();
  EXPECT_EQ(capacity.node_classes.size(), 9u);
  EXPECT_EQ(capacity.blurred_labels, (std::vector<std::string>{"kubernetes.io/hostname", "rack"}));
}

TEST(NodePictureTest, ClaimsThatAreBoundAreTold) {
  CapacityModel model("gw");
  const auto claim = [](const std::string& name, const std::string& phase) {
    return ParseObject(fmt::format(
        R"({{"metadata":{{"namespace":"default","name":"{}"}},"status":{{"phase":"{}"}}}})", name,
        phase));
  };
  model.BeginClaims();
  model.UpsertClaim(claim("b", "Bound"));
  model.UpsertClaim(claim("a", "Bound"));
  model.UpsertClaim(claim("c", "Pending"));
  model.EndClaims();
  EXPECT_EQ(model.Measure().claims, (std::vector<std::string>{"default/a", "default/b"}));
  model.BeginClaims();
  model.UpsertClaim(claim("b", "Bound"));
  model.EndClaims();
  EXPECT_EQ(model.Measure().claims, std::vector<std::string>{"default/b"});
}

}  // namespace
}  // namespace fairway::clusters
