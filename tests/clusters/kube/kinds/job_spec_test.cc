// The core sees of a Job what Kubernetes would reserve for it and where its owner wants it.
#include "clusters/kube/kinds/job_spec.h"

#include <gtest/gtest.h>

#include "tests/clusters/kube/kinds/kind_testing.h"

namespace fairway::kube {
namespace {

using Op = scheduler::LabelRequirement::Op;
using testing::ParseObject;

Object RequestingJob(std::string_view spec, std::string_view metadata = "") {
  return testing::Created(
      testing::Jobs(),
      R"({"metadata":{"name":"j")" + std::string(metadata) + R"(},"spec":{)" + std::string(spec) +
          R"("template":{"spec":{"restartPolicy":"Never","containers":[{"name":"c","image":"i",
          "resources":{"requests":{"cpu":"500m","memory":"1Gi"},"limits":{"cpu":"2","memory":"1Gi","nvidia.com/gpu":"1"}}}]}}}})");
}

TEST(JobSpecFrom, CountsThePodAndHowManyRunAtOnce) {
  const auto wish = JobSpecFrom(RequestingJob(R"("parallelism":5,"completions":3,)"), nullptr);
  ASSERT_TRUE(wish.has_value());
  EXPECT_EQ(wish->spec.request.cpu_milli, 500);
  EXPECT_EQ(wish->spec.request.memory_bytes, int64_t{1} << 30);
  EXPECT_EQ(wish->spec.request.pods, 1);
  EXPECT_EQ(wish->spec.request.GetExtended("nvidia.com/gpu"), 1);
  EXPECT_EQ(wish->spec.parallelism, 3);
  EXPECT_EQ(JobSpecFrom(RequestingJob(R"("parallelism":5,)"), nullptr)->spec.parallelism, 5);
  EXPECT_EQ(JobSpecFrom(RequestingJob(R"("parallelism":0,)"), nullptr)->spec.parallelism, 0);
  EXPECT_EQ(JobSpecFrom(RequestingJob(""), nullptr)->spec.parallelism, 1);
}

TEST(JobSpecFrom, KnowsSuspensionAndTtl) {
  const auto wish =
      JobSpecFrom(RequestingJob(R"("suspend":true,"ttlSecondsAfterFinished":0,)"), nullptr);
  EXPECT_TRUE(wish->suspended);
  EXPECT_EQ(wish->ttl_seconds, 0);
  EXPECT_EQ(JobSpecFrom(RequestingJob(""), nullptr)->ttl_seconds, -1);
}

TEST(JobSpecFrom, TheAnnotationNarrowsEveryAlternativeOfThePolicy) {
  const Object policy = ParseObject(R"({"metadata":{"name":"p"},"spec":{"clusterAffinity":{
      "required":[{"matchExpressions":[{"key":"a","operator":"Exists"}]},
                  {"matchExpressions":[{"key":"cores","operator":"Gt","values":["8"]}]}],
      "preferred":[{"weight":7,"preference":{"matchExpressions":[{"key":"b","operator":"NotIn","values":["x"]}]}}]},
      "tolerations":[{"key":"k","operator":"Exists","effect":"NoExecute"}]}})");
  const auto wish = JobSpecFrom(
      RequestingJob(
          "", R"x(,"annotations":{"fairway.flext.sh/cluster-selector":"region=eu,tier in (b,a)",
                                  "fairway.flext.sh/priority":"-5"
})x"),
      &policy);
  ASSERT_TRUE(wish.has_value());
  EXPECT_EQ(wish->policy, "p");
  EXPECT_EQ(wish->spec.priority, -5);
  ASSERT_EQ(wish->spec.required.size(), 2u);
  for (const auto& term : wish->spec.required) {
    ASSERT_EQ(term.requirements.size(), 3u);
    EXPECT_EQ(term.requirements[1], (scheduler::LabelRequirement{"region", Op::kIn, {"eu"}}));
    EXPECT_EQ(term.requirements[2], (scheduler::LabelRequirement{"tier", Op::kIn, {"a", "b"}}));
  }
  EXPECT_EQ(wish->spec.required[1].requirements[0],
            (scheduler::LabelRequirement{"cores", Op::kGt, {"8"}}));
  ASSERT_EQ(wish->spec.preferred.size(), 1u);
  EXPECT_EQ(wish->spec.preferred[0].weight, 7);
  ASSERT_EQ(wish->spec.tolerations.size(), 1u);
  EXPECT_TRUE(wish->spec.tolerations[0].exists);
  EXPECT_FALSE(wish->spec.tolerations[0].any_effect);
}

TEST(JobSpecFrom, GoesBackOnlyWhenItsAuthorAllowsIt) {
  const auto wish = [](std::string_view annotation) {
    return JobSpecFrom(RequestingJob("", R"(,"annotations":{)" + std::string(annotation) + "}"),
                       nullptr);
  };
  EXPECT_FALSE(wish("")->spec.failback);
  EXPECT_FALSE(wish(R"("fairway.flext.sh/failback":"never")")->spec.failback);
  EXPECT_TRUE(wish(R"("fairway.flext.sh/failback":"allowed")")->spec.failback);
  EXPECT_FALSE(wish(R"("fairway.flext.sh/failback":"yes")").has_value());
  EXPECT_FALSE(wish("")->spec.rebalance);
  EXPECT_FALSE(wish(R"("fairway.flext.sh/rebalance":"never")")->spec.rebalance);
  EXPECT_TRUE(wish(R"("fairway.flext.sh/rebalance":"allowed")")->spec.rebalance);
  EXPECT_FALSE(wish(R"("fairway.flext.sh/rebalance":"yes")").has_value());
}

TEST(JobSpecFrom, BadAnnotationsAreTheJobsFault) {
  const auto bad = JobSpecFrom(
      RequestingJob("", R"(,"annotations":{"fairway.flext.sh/cluster-selector":"a b"})"), nullptr);
  ASSERT_FALSE(bad.has_value());
  EXPECT_EQ(bad.error().code, 422);
  EXPECT_EQ(bad.error().causes[0].field, "metadata.annotations[fairway.flext.sh/cluster-selector]");
  EXPECT_FALSE(
      JobSpecFrom(RequestingJob("", R"(,"annotations":{"fairway.flext.sh/priority":"high"})"),
                  nullptr)
          .has_value());
}

TEST(SelectPolicy, PrefersTheNamedThenTheNamespacesThenTheHighest) {
  const auto policy = [](std::string_view name, int priority, std::string_view selector) {
    return ParseObject(R"({"metadata":{"name":")" + std::string(name) +
                       R"("},"spec":{"priority":)" + std::to_string(priority) +
                       R"(,"workloadSelector":)" + std::string(selector) + "}}");
  };
  const Object low = policy("b-low", 1, "{}");
  const Object high = policy("c-high", 5, R"({"matchLabels":{"x":"y"}})");
  const Object tie = policy("a-tie", 5, R"({"matchLabels":{"x":"y"}})");
  const Object other = policy("other", 9, R"({"matchLabels":{"x":"z"}})");
  const Object everywhere = policy("everywhere", 100, "{}");
  const Object job = ParseObject(R"({"metadata":{"labels":{"x":"y"}}})");
  EXPECT_EQ(*SelectPolicy(job, {&low, &high, &tie, &other}, {&everywhere}), &tie);
  EXPECT_EQ(*SelectPolicy(job, {&other}, {&everywhere}), &everywhere);
  EXPECT_EQ(*SelectPolicy(job, {&other}, {}), nullptr);
  const Object named =
      ParseObject(R"({"metadata":{"annotations":{"fairway.flext.sh/placement-policy":"other"}}})");
  EXPECT_EQ(*SelectPolicy(named, {&low, &other}, {}), &other);
  const auto missing = SelectPolicy(named, {&low}, {&everywhere});
  ASSERT_FALSE(missing.has_value());
  EXPECT_EQ(missing.error().code, 404);
}

TEST(ClusterSpecFrom, TakesTheDrain) {
  const auto spec = ClusterSpecFrom(ParseObject(
      R"({"metadata":{"name":"eu"},"spec":{"drain":{"mode":"Graceful","deadline":"10m",
      "maxMoving":5}}})"));
  ASSERT_TRUE(spec.has_value());
  EXPECT_EQ(spec->drain.mode, scheduler::DrainMode::kGraceful);
  EXPECT_EQ(spec->drain.deadline, Seconds(600));
  EXPECT_EQ(spec->drain.moving_max, 5);
  EXPECT_TRUE(spec->IsClosed());
}

TEST(ClusterSpecFrom, TakesLabelsTaintsAndCordon) {
  const auto spec =
      ClusterSpecFrom(ParseObject(R"({"metadata":{"name":"eu","labels":{"region":"eu"}},
      "spec":{"cordoned":true,"taints":[{"key":"a","value":"b","effect":"PreferNoSchedule"}],
      "capacityOverrides":{"cpu":"10","memory":"1Gi"}}})"));
  ASSERT_TRUE(spec.has_value());
  EXPECT_EQ(spec->name, "eu");
  EXPECT_EQ(spec->labels.at("region"), "eu");
  EXPECT_TRUE(spec->cordoned);
  ASSERT_EQ(spec->taints.size(), 1u);
  EXPECT_EQ(spec->taints[0].effect, scheduler::TaintEffect::kPreferNoSchedule);
}

}  // namespace
}  // namespace fairway::kube
