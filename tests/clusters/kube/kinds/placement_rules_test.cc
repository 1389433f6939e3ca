#include "clusters/kube/kinds/placement_rules.h"

#include <gtest/gtest.h>

#include "clusters/kube/kinds/job_spec.h"
#include "tests/clusters/kube/kinds/kind_testing.h"

namespace fairway::kube {
namespace {

using testing::ParseObject;

constexpr std::string_view kJobWithRules = R"({"metadata":{"name":"j","namespace":"ns",
  "labels":{"app":"a","run":"17"},"annotations":{"fairway.flext.sh/gang":"false",
  "fairway.flext.sh/datasets":"books, films"}},
  "spec":{"parallelism":4,"template":{"spec":{"nodeSelector":{"disk":"ssd"},
  "tolerations":[{"key":"gpu","operator":"Exists"}],
  "affinity":{"nodeAffinity":{"requiredDuringSchedulingIgnoredDuringExecution":{
    "nodeSelectorTerms":[{"matchExpressions":[{"key":"arch","operator":"In","values":["arm64"]}]}]}}},
  "volumes":[{"name":"v","persistentVolumeClaim":{"claimName":"data"}}],
  "containers":[{"name":"c","resources":{"requests":{"cpu":"1"}}}]}}}})";

TEST(PlacementRules, ThePodTemplateAndTheAnnotationsAreRead) {
  const auto wish = JobSpecFrom(ParseObject(kJobWithRules), nullptr);
  ASSERT_TRUE(wish) << wish.error().message;
  EXPECT_FALSE(wish->spec.gang);
  ASSERT_EQ(wish->spec.rules.size(), 1u);
  const scheduler::PlacementRules& rules = wish->spec.rules[0];
  EXPECT_EQ(rules.claims, std::vector<std::string>{"ns/data"});
  ASSERT_EQ(rules.datasets.size(), 2u);
  EXPECT_EQ(rules.datasets[1].name, "films");
  ASSERT_EQ(rules.nodes.required.size(), 1u);
  EXPECT_EQ(rules.nodes.required[0].requirements.size(), 2u);
  EXPECT_TRUE(rules.nodes.tolerations[0].exists);
  EXPECT_TRUE(rules.scope.empty()) << "nobody asks about jobs";
}

TEST(PlacementRules, APolicyIsReadAndOnlyTheLabelsThatAreAskedAboutAreTold) {
  const Object policy = ParseObject(R"({"metadata":{"name":"p"},"spec":{
    "clusterGroups":[{"name":"eu","required":[{"matchExpressions":[{"key":"region","operator":"In","values":["eu"]}]}]}],
    "jobAntiAffinity":{"required":[{"jobSelector":{"matchLabels":{"app":"a"}},"topologyKey":"zone"}]},
    "spread":[{"maxSkew":2,"topologyKey":"cluster","jobSelector":{}}],
    "datasets":{"preferred":[{"name":"books","weight":7}]},
    "tolerations":[{"key":"drain","operator":"Exists","effect":"NoExecute","tolerationSeconds":30}],
    "scoring":{"pack":300,"spread":0}}})");
  AskedLabels asked;
  CollectAskedLabels(policy, asked);
  EXPECT_TRUE(asked.any);
  EXPECT_EQ(asked.keys, std::set<std::string>{"app"});
  const auto wish = JobSpecFrom(ParseObject(kJobWithRules), &policy, asked);
  ASSERT_TRUE(wish) << wish.error().message;
  EXPECT_EQ(wish->spec.tolerations[0].seconds, 30);
  const scheduler::PlacementRules& rules = wish->spec.rules[0];
  EXPECT_EQ(rules.scope, "ns");
  EXPECT_EQ(rules.labels, (scheduler::Labels{{"app", "a"}}));
  EXPECT_EQ(rules.groups[0].name, "eu");
  ASSERT_EQ(rules.job_affinity.size(), 1u);
  EXPECT_TRUE(rules.job_affinity[0].anti);
  EXPECT_EQ(rules.job_affinity[0].topology, "topology.kubernetes.io/zone");
  EXPECT_EQ(rules.spread[0].topology, "");
  EXPECT_TRUE(rules.spread[0].required);
  EXPECT_TRUE(rules.spread[0].jobs.requirements.empty());
  ASSERT_EQ(rules.weights.size(), 1u);
  EXPECT_EQ(rules.weights[0].pack, 300);
  EXPECT_EQ(rules.weights[0].balance, 100);
}

TEST(PlacementRules, AnOrdinaryJobHasNone) {
  const auto wish =
      JobSpecFrom(ParseObject(R"({"metadata":{"name":"j","namespace":"ns","labels":{"app":"a"}},
                "spec":{"template":{"spec":{"containers":[{"name":"c"}]}}}})"),
                  nullptr);
  ASSERT_TRUE(wish);
  EXPECT_TRUE(wish->spec.rules.empty());
  EXPECT_TRUE(wish->spec.gang);
}

TEST(PlacementRules, BadAnnotationsAreRefused) {
  const auto with = [](const std::string& annotation) {
    return JobSpecFrom(ParseObject(R"({"metadata":{"name":"j","annotations":{)" + annotation +
                                   R"(}},"spec":{"template":{"spec":{"containers":[]}}}})"),
                       nullptr);
  };
  EXPECT_EQ(with(R"("fairway.flext.sh/gang":"maybe")").error().code, 422);
  EXPECT_EQ(with(R"("fairway.flext.sh/datasets":"Not A Name")").error().code, 422);
  EXPECT_TRUE(with(R"("fairway.flext.sh/gang":"true")"));
}

TEST(PlacementRules, PricesKeepTheirDigits) {
  const auto cluster = ClusterSpecFrom(ParseObject(
      R"({"metadata":{"name":"c"},"spec":{"datasets":["b","a"],
          "cost":{"cpuCoreHour":"31m","memoryGiBHour":"4200u"},"capacityOverrides":{"cpu":"2","pods":"7"}}})"));
  ASSERT_TRUE(cluster);
  EXPECT_EQ(cluster->cost_core_micro, 31'000);
  EXPECT_EQ(cluster->cost_gib_micro, 4'200);
  EXPECT_EQ(cluster->datasets, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(cluster->overrides,
            (std::vector<std::pair<std::string, int64_t>>{{"cpu", 2000}, {"pods", 7}}));
  EXPECT_EQ(ClusterSpecFrom(ParseObject(R"({"spec":{"cost":{"cpuCoreHour":"0.0042"}}})"))
                ->cost_core_micro,
            4'200);
}

}  // namespace
}  // namespace fairway::kube
