// Clusters and policies say what is wrong with them, field by field.
#include <gtest/gtest.h>

#include "tests/clusters/kube/kinds/kind_testing.h"

namespace fairway::kube {
namespace {

using testing::CreateProblems;
using testing::KindOf;

std::string Cluster(std::string_view spec) {
  return CreateProblems(KindOf("fairway.flext.sh", "v1alpha1", "clusters"),
                        R"({"apiVersion":"fairway.flext.sh/v1alpha1","kind":"Cluster",
                            "metadata":{"name":"eu"},"spec":{)" +
                            std::string(spec) + "}}");
}

std::string Policy(std::string_view spec) {
  return CreateProblems(KindOf("fairway.flext.sh", "v1alpha1", "placementpolicies"),
                        R"({"apiVersion":"fairway.flext.sh/v1alpha1","kind":"PlacementPolicy",
                            "metadata":{"name":"p"},"spec":{)" +
                            std::string(spec) + "}}");
}

constexpr std::string_view kKubeconfig =
    R"("kubeconfigSecretRef":{"namespace":"fairway","name":"eu"})";
constexpr std::string_view kServer =
    R"("server":"https://10.0.0.1:6443","credentialSecretRef":{"namespace":"f","name":"eu"})";

TEST(Cluster, TakesEitherWayOfAccess) {
  EXPECT_EQ(Cluster(kKubeconfig), "");
  EXPECT_EQ(Cluster(kServer), "");
}

TEST(Cluster, NeedsExactlyOneWayOfAccess) {
  EXPECT_EQ(Cluster(""),
            "spec.server: Required value: either server with credentialSecretRef, or "
            "kubeconfigSecretRef");
  EXPECT_EQ(Cluster(std::string(kServer) + "," + std::string(kKubeconfig)),
            "spec.kubeconfigSecretRef: Forbidden: may not be set together with server");
  EXPECT_EQ(Cluster(R"("server":"https://x")"),
            "spec.credentialSecretRef: Required value: a Secret with the key token, or tls.crt and "
            "tls.key");
  EXPECT_EQ(Cluster(std::string(kKubeconfig) + R"(,"tlsServerName":"x")"),
            "spec.tlsServerName: Forbidden: may not be set together with kubeconfigSecretRef");
}

TEST(Cluster, ChecksEachField) {
  const auto with = [](std::string_view more) {
    return Cluster(std::string(kKubeconfig) + "," + std::string(more));
  };
  EXPECT_EQ(Cluster(R"("server":"http://x","credentialSecretRef":{"namespace":"f","name":"e"})"),
            "spec.server: Invalid value: \"http://x\": must be a URL of scheme https");
  EXPECT_EQ(Cluster(R"("server":"https://:1","credentialSecretRef":{"namespace":"f","name":"e"})"),
            "spec.server: Invalid value: \"https://:1\": must name a host");
  EXPECT_EQ(Cluster(R"("kubeconfigSecretRef":{"namespace":"","name":""})"),
            "[spec.kubeconfigSecretRef.namespace: Required value, spec.kubeconfigSecretRef.name: "
            "Required value]");
  EXPECT_EQ(with(R"("taints":[{"key":"a","effect":"Later"}])"),
            "spec.taints[0].effect: Unsupported value: \"Later\": supported values: "
            "\"NoSchedule\", \"PreferNoSchedule\", \"NoExecute\"");
  EXPECT_EQ(
      with(
          R"("taints":[{"key":"a","effect":"NoSchedule"},{"key":"a","value":"b","effect":"NoSchedule"}])"),
      "spec.taints[1]: Duplicate value: \"a:NoSchedule\"");
  EXPECT_EQ(with(R"("cost":{"cpuCoreHour":"-1"})"),
            "spec.cost.cpuCoreHour: Invalid value: \"-1\": must be greater than or equal to 0");
  EXPECT_EQ(with(R"("proxyURL":"ftp://x")"),
            "spec.proxyURL: Invalid value: \"ftp://x\": must be a URL of scheme http or https or "
            "socks5");
  EXPECT_EQ(with(R"("drain":{"mode":"Graceful","deadline":"10m","maxMoving":50})"), "");
  EXPECT_EQ(with(R"("drain":{"mode":"Soon"})"),
            "spec.drain.mode: Unsupported value: \"Soon\": supported values: \"Graceful\", "
            "\"Now\"");
  EXPECT_EQ(with(R"("drain":{"mode":"Now","deadline":"10m","maxMoving":0})"),
            "[spec.drain.deadline: Forbidden: may be set with mode Graceful only, "
            "spec.drain.maxMoving: Invalid value: 0: must be in the range 1-10000]");
  EXPECT_EQ(with(R"("cordoned":true,"capacityOverrides":{"cpu":"10","nvidia.com/gpu":"2"})"), "");
}

TEST(Policy, TakesEveryOperator) {
  EXPECT_EQ(Policy(R"("workloadSelector":{"matchLabels":{"a":"b"}},
      "clusterAffinity":{"required":[{"matchExpressions":[
        {"key":"region","operator":"In","values":["eu","us"]},{"key":"t","operator":"NotIn","values":["x"]},
        {"key":"gpu","operator":"Exists"},{"key":"old","operator":"DoesNotExist"},
        {"key":"cores","operator":"Gt","values":["8"]},{"key":"cores","operator":"Lt","values":["64"]}]}],
      "preferred":[{"weight":100,"preference":{"matchExpressions":[{"key":"a","operator":"Exists"}]}}]},
      "tolerations":[{"key":"a","operator":"Exists"}],"priority":3)"),
            "");
}

TEST(Policy, ChecksOperatorsValuesAndWeights) {
  const auto required = [](std::string_view requirement) {
    return Policy(R"("clusterAffinity":{"required":[{"matchExpressions":[)" +
                  std::string(requirement) + "]}]}");
  };
  const std::string at = "spec.clusterAffinity.required[0].matchExpressions[0].";
  EXPECT_EQ(required(R"({"key":"a","operator":"In"})"),
            at + "values: Required value: must be specified when `operator` is 'In' or 'NotIn'");
  EXPECT_EQ(required(R"({"key":"a","operator":"Exists","values":["b"]})"),
            at + "values: Forbidden: may not be specified when `operator` is 'Exists' or "
                 "'DoesNotExist'");
  EXPECT_EQ(required(R"({"key":"a","operator":"Gt","values":["1","2"]})"),
            at + "values: Required value: must be specified single value when `operator` is 'Lt' "
                 "or 'Gt'");
  EXPECT_EQ(required(R"({"key":"a","operator":"Lt","values":["x"]})"),
            at + "values[0]: Invalid value: \"x\": must be an integer when `operator` is 'Lt' or "
                 "'Gt'");
  EXPECT_EQ(required(R"({"key":"a","operator":"Like","values":["x"]})"),
            at + "operator: Unsupported value: \"Like\": supported values: \"In\", \"NotIn\", "
                 "\"Exists\", \"DoesNotExist\", \"Gt\", \"Lt\"");
  EXPECT_EQ(required(""),
            "spec.clusterAffinity.required[0].matchExpressions: Required value: a term without "
            "requirements matches no cluster");
  EXPECT_EQ(
      Policy(R"("clusterAffinity":{"preferred":[{"weight":0,"preference":{"matchExpressions":
                [{"key":"a","operator":"Exists"}]}}]})"),
      "spec.clusterAffinity.preferred[0].weight: Invalid value: 0: must be in the range 1-100");
}

}  // namespace
}  // namespace fairway::kube
