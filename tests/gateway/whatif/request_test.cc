#include "gateway/whatif/request.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/scheduler/sample_world.h"

namespace fairway::gateway {
namespace {

using ::testing::HasSubstr;

Result<WhatIfRequest> Read(std::string_view text) {
  auto doc = kube::ParseJson(text);
  EXPECT_TRUE(doc);
  return ReadWhatIf(*doc);
}
std::string Mistake(std::string_view text) {
  auto request = Read(text);
  return request ? "" : request.error().message;
}

TEST(ReadWhatIfTest, EveryField) {
  auto request = Read(R"({"removeClusters":["a"],"cordonClusters":["b"],"uncordonClusters":["c"],
      "addClusters":[{"name":"x","like":"a"},
                     {"name":"y","capacity":{"cpu":"8"},"nodes":2,"labels":{"k":"v"}}],
      "quotas":[{"clusterQueue":"q","flavor":"f","resource":"cpu","nominalQuota":"4"}],
      "jobs":[{"kind":"Job"}],"horizon":"2h","runTime":"90s"})");
  ASSERT_TRUE(request) << request.error().message;
  EXPECT_EQ(request->remove, std::vector<std::string>{"a"});
  EXPECT_EQ(request->add[1].nodes, 2);
  EXPECT_EQ(request->quotas[0].nominal, "4");
  EXPECT_EQ(request->jobs.size(), 1u);
  EXPECT_EQ(request->horizon, Seconds(7200));
  EXPECT_EQ(request->run_time, Seconds(90));
  EXPECT_TRUE(Read("{}"));
}

TEST(ReadWhatIfTest, MistakesAreNamed) {
  EXPECT_THAT(Mistake("[]"), HasSubstr("no JSON object"));
  EXPECT_THAT(Mistake(R"({"removeCluster":["a"]})"), HasSubstr("unknown field removeCluster"));
  EXPECT_THAT(Mistake(R"({"removeClusters":"a"})"), HasSubstr("must be a list"));
  EXPECT_THAT(Mistake(R"({"removeClusters":[1]})"), HasSubstr("list of names"));
  EXPECT_THAT(Mistake(R"({"addClusters":[{"name":"x"}]})"), HasSubstr("either like or capacity"));
  EXPECT_THAT(Mistake(R"({"addClusters":[{"name":"x","like":"a","nodes":0}]})"),
              HasSubstr("1 to 10000"));
  EXPECT_THAT(Mistake(R"({"addClusters":[{"like":"a"}]})"), HasSubstr("name is missing"));
  EXPECT_THAT(Mistake(R"({"quotas":[{"clusterQueue":"q"}]})"), HasSubstr("quotas[] needs"));
  EXPECT_THAT(Mistake(R"({"jobs":[1]})"), HasSubstr("list of Jobs"));
  EXPECT_THAT(Mistake(R"({"horizon":3})"), HasSubstr("span of time"));
  EXPECT_THAT(Mistake(R"({"horizon":"0s"})"), HasSubstr("span of time"));
}

class ResolveTest : public ::testing::Test {
 protected:
  ResolveTest() : world_(scheduler::SampleWorld(3)) {
    scheduler::ClusterQueueSpec queue;
    queue.name = "team";
    queue.groups.push_back({{"cpu", "memory"}, {{"spot", {{"cpu", 1000}, {"memory", 5}}}}});
    world_.Apply(scheduler::PutClusterQueue{{scheduler::ClusterQueueId{9}, queue}});
  }
  Result<scheduler::ForecastChanges> Resolve(std::string_view text) {
    auto request = Read(text);
    EXPECT_TRUE(request) << text;
    return ResolveChanges(*request, world_);
  }
  std::string Mistake(std::string_view text) {
    auto changes = Resolve(text);
    if (changes) return "";
    EXPECT_EQ(changes.error().code, 422);
    EXPECT_FALSE(changes.error().causes.empty());
    return changes.error().message;
  }

  scheduler::World world_;
};

TEST_F(ResolveTest, NamesBecomeIds) {
  auto changes = Resolve(R"({"removeClusters":["c1"],"cordonClusters":["c2"],
      "addClusters":[{"name":"x","like":"c3","labels":{"tier":"9"}},
                     {"name":"y","capacity":{"cpu":"8","memory":"2Gi"},"nodes":4}],
      "quotas":[{"clusterQueue":"team","flavor":"spot","resource":"cpu","nominalQuota":"2500m"},
                {"clusterQueue":"team","flavor":"spot","resource":"memory","nominalQuota":"1Ki"}]})");
  ASSERT_TRUE(changes) << changes.error().message;
  EXPECT_EQ(changes->removed, std::vector<ClusterId>{ClusterId{1}});
  ASSERT_EQ(changes->clusters.size(), 1u);
  EXPECT_EQ(changes->clusters[0].cluster, ClusterId{2});
  EXPECT_TRUE(changes->clusters[0].spec.cordoned);
  ASSERT_EQ(changes->new_clusters.size(), 2u);
  EXPECT_EQ(changes->new_clusters[0].cluster, ClusterId{4});
  EXPECT_EQ(changes->new_clusters[0].spec.labels.at("tier"), "9");
  EXPECT_EQ(changes->new_clusters[0].spec.labels.at("region"), "r3");
  EXPECT_EQ(changes->new_clusters[0].capacity.allocatable,
            world_.FindCluster(ClusterId{3})->allocatable);
  EXPECT_EQ(changes->new_clusters[1].cluster, ClusterId{5});
  EXPECT_EQ(changes->new_clusters[1].capacity.allocatable.cpu_milli, 8000);
  EXPECT_EQ(changes->new_clusters[1].capacity.largest_node_free.cpu_milli, 2000);
  ASSERT_EQ(changes->cluster_queues.size(), 1u);
  const auto& resources = changes->cluster_queues[0].spec.groups[0].flavors[0].resources;
  EXPECT_EQ(resources[0].nominal, 2500);
  EXPECT_EQ(resources[1].nominal, 1024);
}

TEST_F(ResolveTest, UnknownNamesListTheKnownOnes) {
  EXPECT_THAT(Mistake(R"({"removeClusters":["zz"]})"), HasSubstr("known clusters: c1, c2, c3"));
  EXPECT_THAT(Mistake(R"({"addClusters":[{"name":"x","like":"zz"}]})"), HasSubstr("c1, c2, c3"));
  EXPECT_THAT(Mistake(R"({"addClusters":[{"name":"c1","like":"c2"}]})"), HasSubstr("Duplicate"));
  EXPECT_THAT(Mistake(R"({"addClusters":[{"name":"x","capacity":{"cpu":"lots"}}]})"),
              HasSubstr("must be a quantity"));
  const auto quota = [](std::string queue, std::string resource, std::string amount) {
    return R"({"quotas":[{"clusterQueue":")" + queue + R"(","flavor":"spot","resource":")" +
           resource + R"(","nominalQuota":")" + amount + R"("}]})";
  };
  EXPECT_THAT(Mistake(quota("no", "cpu", "1")), HasSubstr("known ClusterQueues: team"));
  EXPECT_THAT(Mistake(quota("team", "gpu", "1")), HasSubstr("spot/cpu, spot/memory"));
  EXPECT_THAT(Mistake(quota("team", "cpu", "-1")), HasSubstr("must be a quantity"));
}

}  // namespace
}  // namespace fairway::gateway
