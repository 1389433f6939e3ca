// A pod's node selector holds beside each of its alternatives.
#include "clusters/kube/kinds/pod_terms.h"

#include <gtest/gtest.h>

#include "tests/clusters/kube/kinds/kind_testing.h"

namespace fairway::kube {
namespace {

using testing::ParseObject;
using Op = scheduler::LabelRequirement::Op;

TEST(PodTerms, SelectorAloneIsOneTerm) {
  const auto terms = NodeTermsFrom(ParseObject(R"({"nodeSelector":{"a":"b"}})"));
  ASSERT_EQ(terms.size(), 1u);
  EXPECT_EQ(terms[0].requirements,
            (std::vector<scheduler::LabelRequirement>{{"a", Op::kIn, {"b"}}}));
  EXPECT_TRUE(NodeTermsFrom(ParseObject("{}")).empty());
}

TEST(PodTerms, SelectorHoldsBesideEachAlternative) {
  const auto terms = NodeTermsFrom(ParseObject(R"({"nodeSelector":{"a":"b"},"affinity":{
      "nodeAffinity":{"requiredDuringSchedulingIgnoredDuringExecution":{"nodeSelectorTerms":[
        {"matchExpressions":[{"key":"x","operator":"In","values":["1","2"]}]},
        {"matchExpressions":[{"key":"y","operator":"Exists"}]}]}}}})"));
  ASSERT_EQ(terms.size(), 2u);
  EXPECT_EQ(terms[0].requirements.size(), 2u);
  EXPECT_EQ(terms[0].requirements[1].values.size(), 2u);
  EXPECT_EQ(terms[1].requirements[1].op, Op::kExists);
}

// A node is named by its fields, which no flavor has.
TEST(PodTerms, AlternativeWithoutLabelsLeavesAllOpen) {
  EXPECT_TRUE(NodeTermsFrom(ParseObject(R"({"affinity":{"nodeAffinity":{
      "requiredDuringSchedulingIgnoredDuringExecution":{"nodeSelectorTerms":[
        {"matchFields":[{"key":"metadata.name","operator":"In","values":["n"]}]},
        {"matchExpressions":[{"key":"y","operator":"Exists"}]}]}}}})"))
                  .empty());
}

TEST(PodTerms, TolerationsAndTaints) {
  const Object spec = ParseObject(R"({"tolerations":[{"key":"a","value":"b","effect":"NoExecute"},
      {"operator":"Exists"}],"nodeTaints":[{"key":"k","effect":"PreferNoSchedule"}]})");
  const auto tolerations = TolerationsFrom(spec);
  ASSERT_EQ(tolerations.size(), 2u);
  EXPECT_EQ(tolerations[0].effect, scheduler::TaintEffect::kNoExecute);
  EXPECT_FALSE(tolerations[0].exists);
  EXPECT_TRUE(tolerations[1].exists && tolerations[1].any_effect);
  EXPECT_EQ(TaintsFrom(spec, "nodeTaints").at(0).effect, scheduler::TaintEffect::kPreferNoSchedule);
}

}  // namespace
}  // namespace fairway::kube
