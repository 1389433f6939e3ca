#include "clusters/member/capacity_model.h"

#include <fmt/core.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "clusters/member/pod_resources.h"
#include "tests/clusters/kube/kinds/kind_testing.h"

namespace fairway::clusters {
namespace {

using kube::testing::ParseObject;

kube::Object Node(const std::string& name, const std::string& spec = "{}",
                  const std::string& ready = "True") {
  return ParseObject(fmt::format(
      R"({{"metadata":{{"name":"{}"}},"spec":{},"status":{{"allocatable":{{"cpu":"4","memory":"8Gi",
          "pods":"10","example.com/gpu":"2"}},"conditions":[{{"type":"Ready","status":"{}"}}]}}}})",
      name, spec, ready));
}

kube::Object Pod(int id, const std::string& node, const std::string& cpu,
                 const std::string& phase = "Running", const std::string& gateway = "") {
  return ParseObject(fmt::format(
      R"({{"metadata":{{"uid":"00000000-0000-0000-0000-{:012}","labels":{{"fairway.flext.sh/gateway":"{}"}}}},
          "spec":{{"nodeName":"{}","containers":[{{"resources":{{"requests":{{"cpu":"{}"}}}}}}]}},
          "status":{{"phase":"{}"}}}})",
      id, gateway, node, cpu, phase));
}

class CapacityModelTest : public ::testing::Test {
 protected:
  CapacityModel model_{"gw"};
};

TEST_F(CapacityModelTest, OnlyReadyUncordonedWorkersCount) {
  model_.UpsertNode(Node("a"));
  model_.UpsertNode(Node("cordoned", R"({"unschedulable":true})"));
  model_.UpsertNode(Node("down", "{}", "Unknown"));
  model_.UpsertNode(Node(
      "master",
      R"({"taints":[{"key":"node-role.kubernetes.io/control-plane","effect":"NoSchedule"}]})"));
  model_.UpsertNode(Node("gpu", R"({"taints":[{"key":"gpu","effect":"NoSchedule"}]})"));
  auto capacity = model_.Measure();
  EXPECT_EQ(capacity.nodes, 2);
  EXPECT_EQ(capacity.allocatable.cpu_milli, 8000);
  EXPECT_EQ(capacity.allocatable.memory_bytes, int64_t{16} << 30);
  EXPECT_EQ(capacity.allocatable.pods, 20);
}

TEST_F(CapacityModelTest, ForeignPodsAreRequestedOursOnlyFillTheirNode) {
  model_.UpsertNode(Node("a"));
  model_.UpsertNode(Node("b"));
  model_.UpsertPod(Pod(1, "a", "1"));
  model_.UpsertPod(Pod(2, "a", "2", "Running", "gw"));
  model_.UpsertPod(Pod(3, "b", "500m"));
  model_.UpsertPod(Pod(4, "b", "3", "Succeeded"));
  model_.UpsertPod(Pod(5, "", "250m", "Pending"));
  auto capacity = model_.Measure();
  EXPECT_EQ(capacity.requested.cpu_milli, 1750);
  EXPECT_EQ(capacity.requested.pods, 3);
  EXPECT_EQ(capacity.largest_node_free.cpu_milli, 3500);
}

TEST_F(CapacityModelTest, EveryOrderOfEventsEndsWhereAFreshStartWould) {
  // Pods before their node, updates, an end, a deletion, a node that goes and returns.
  model_.UpsertPod(Pod(1, "a", "1"));
  model_.UpsertPod(Pod(1, "a", "1"));
  model_.UpsertNode(Node("a"));
  model_.UpsertPod(Pod(2, "", "2", "Pending"));
  model_.UpsertPod(Pod(2, "a", "2"));
  model_.UpsertPod(Pod(3, "a", "500m"));
  model_.UpsertPod(Pod(3, "a", "500m", "Failed"));
  model_.RemoveNode(Node("a"));
  EXPECT_EQ(model_.Measure().nodes, 0);
  EXPECT_EQ(model_.Measure().requested, scheduler::Resources{});
  model_.UpsertNode(Node("a"));
  model_.RemovePod(Pod(2, "a", "2"));
  CapacityModel fresh("gw");
  fresh.UpsertNode(Node("a"));
  fresh.UpsertPod(Pod(1, "a", "1"));
  EXPECT_EQ(model_.Measure(), fresh.Measure());
  model_.RemovePod(Pod(1, "a", "1"));
  EXPECT_EQ(model_.Measure().requested, scheduler::Resources{});
  EXPECT_EQ(model_.pods(), 0u);
}

TEST_F(CapacityModelTest, WhatARelistDoesNotShowIsGone) {
  model_.BeginNodes();
  model_.UpsertNode(Node("a"));
  model_.UpsertNode(Node("b"));
  model_.EndNodes();
  model_.BeginPods();
  model_.UpsertPod(Pod(1, "a", "1"));
  model_.UpsertPod(Pod(2, "b", "1"));
  model_.EndPods();
  model_.BeginNodes();
  model_.UpsertNode(Node("b"));
  model_.EndNodes();
  model_.BeginPods();
  model_.UpsertPod(Pod(1, "b", "2"));
  model_.EndPods();
  auto capacity = model_.Measure();
  EXPECT_EQ(capacity.nodes, 1);
  EXPECT_EQ(capacity.requested.cpu_milli, 2000);
  EXPECT_EQ(model_.pods(), 1u);
}

TEST(PodResourcesTest, RequestIsTheLargerOfRunningAndInitPlusOverhead) {
  auto request = PodRequest(ParseObject(R"({
    "overhead": {"cpu": "10m"},
    "initContainers": [
      {"resources": {"requests": {"cpu": "300m", "memory": "1Gi"}}},
      {"restartPolicy": "Always", "resources": {"requests": {"cpu": "100m"}}},
      {"resources": {"requests": {"cpu": "350m"}}}],
    "containers": [{"resources": {"requests": {"cpu": "200m", "memory": "64Mi"}}},
                   {"resources": {"requests": {"cpu": 1, "example.com/gpu": "1"}}}]})"));
  ASSERT_TRUE(request);
  EXPECT_EQ(request->cpu_milli, 1310);        // 200 + 1000 + 100 sidecar + 10
  EXPECT_EQ(request->memory_bytes, 1 << 30);  // the first init step
  EXPECT_EQ(request->pods, 1);
  ASSERT_EQ(request->extended.size(), 1u);
  EXPECT_EQ(request->extended[0].second, 1);
}

TEST(PodResourcesTest, InitStepAfterASidecarRunsBesideIt) {
  auto request = PodRequest(ParseObject(R"({
    "initContainers": [{"restartPolicy": "Always", "resources": {"requests": {"cpu": "100m"}}},
                       {"resources": {"requests": {"cpu": "350m"}}}],
    "containers": [{"resources": {"requests": {"cpu": "200m"}}}]})"));
  EXPECT_EQ(request->cpu_milli, 450);
}

TEST(PodResourcesTest, BadQuantityNamesItsField) {
  auto request =
      PodRequest(ParseObject(R"({"containers":[{"resources":{"requests":{"cpu":"much"}}}]})"));
  ASSERT_FALSE(request);
  ASSERT_FALSE(request.error().causes.empty());
  EXPECT_EQ(request.error().causes[0].field, "containers[0].resources.requests.cpu");
}

}  // namespace
}  // namespace fairway::clusters
