#include "clusters/member/copy_manifest.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/clusters/kube/kinds/kind_testing.h"

namespace fairway::clusters {
namespace {

using kube::testing::ParseObject;

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// A Job as the gateway stores it, with everything that an API server and kubectl leave in one.
constexpr std::string_view kStoredJob = R"({
  "apiVersion": "batch/v1", "kind": "Job",
  "metadata": {"name": "j", "namespace": "team", "uid": "u-1", "resourceVersion": "9",
    "generation": 2, "creationTimestamp": "2026-01-01T00:00:00Z", "generateName": "j-",
    "deletionTimestamp": "2026-01-02T00:00:00Z", "deletionGracePeriodSeconds": 0,
    "managedFields": [{"manager": "kubectl"}], "finalizers": ["fairway.flext.sh/placement"],
    "ownerReferences": [{"uid": "x"}], "selfLink": "/x",
    "labels": {"app": "a", "batch.kubernetes.io/job-name": "j"},
    "annotations": {"kubectl.kubernetes.io/last-applied-configuration": "{}", "keep": "me"}},
  "spec": {"parallelism": 2, "ttlSecondsAfterFinished": 10, "managedBy": "x/y",
    "selector": {"matchLabels": {"batch.kubernetes.io/controller-uid": "u-1"}},
    "template": {
      "metadata": {"creationTimestamp": null, "labels": {"tier": "t", "controller-uid": "u-1",
        "job-name": "j", "batch.kubernetes.io/controller-uid": "u-1",
        "batch.kubernetes.io/job-name": "j"}},
      "spec": {"restartPolicy": "Never", "containers": [{"name": "c", "image": "i"}]}}},
  "status": {"active": 1}})";

TEST(CopyManifestTest, CopyHasNothingThatAnotherServerWroteAndAllOurMarks) {
  auto copy = MakeJobCopy(ParseObject(kStoredJob), {"gw", JobId{42}, Epoch{3}});
  ASSERT_TRUE(copy) << copy.error().message;
  EXPECT_TRUE(kube::Equal(*copy, ParseObject(R"({
    "apiVersion": "batch/v1", "kind": "Job",
    "metadata": {"name": "j", "namespace": "team",
      "labels": {"app": "a", "fairway.flext.sh/uid": "u-1", "fairway.flext.sh/epoch": "3",
                 "fairway.flext.sh/gateway": "gw"},
      "annotations": {"keep": "me", "fairway.flext.sh/job": "42", "fairway.flext.sh/origin":
        "{\"c\":\"2026-01-01T00:00:00Z\",\"g\":2,\"n\":\"j-\",\"t\":10,\"m\":\"x/y\"}"}},
    "spec": {"parallelism": 2, "template": {
      "metadata": {"labels": {"tier": "t", "fairway.flext.sh/uid": "u-1",
        "fairway.flext.sh/epoch": "3", "fairway.flext.sh/gateway": "gw"}},
      "spec": {"restartPolicy": "Never", "containers": [{"name": "c", "image": "i"}]}}}})")))
      << kube::Serialize(*copy);
}

TEST(CopyManifestTest, ManualSelectorIsKept) {
  kube::Value job = ParseObject(kStoredJob);
  job.get_object()["spec"].get_object()["manualSelector"] = true;
  auto copy = MakeJobCopy(job, {"gw", JobId{1}, Epoch{1}});
  ASSERT_TRUE(copy);
  EXPECT_NE(kube::FindPath(*copy, {"spec", "selector"}), nullptr);
  EXPECT_EQ(kube::GetString(*copy, {"spec", "template", "metadata", "labels", "controller-uid"}),
            "u-1");
}

TEST(CopyManifestTest, WhatIsNoJobIsRefused) {
  for (
      std::string_view text :
      {"7", "{}", R"({"apiVersion":"v1","kind":"Pod"})",
       R"({"apiVersion":"batch/v1","kind":"Job","metadata":{"name":"a","namespace":"b"}})",
       R"({"apiVersion":"batch/v1","kind":"Job","metadata":{"name":"a","namespace":"b","uid":"u"}})"}) {
    EXPECT_FALSE(MakeJobCopy(*kube::ParseJson(text), {"gw", JobId{1}, Epoch{1}})) << text;
  }
}

TEST(CopyManifestTest, DependencyKeepsContentAndLosesOwnersAndServerFields) {
  auto copy = MakeDependencyCopy(
      ParseObject(R"({"apiVersion":"v1","kind":"Secret","type":"Opaque","data":{"k":"dg=="},
                "metadata":{"name":"s","namespace":"n","uid":"u","resourceVersion":"1",
                "ownerReferences":[{"uid":"o"}],"labels":{"a":"b"}}})"),
      "gw");
  ASSERT_TRUE(copy);
  EXPECT_TRUE(kube::Equal(
      *copy, ParseObject(R"({"apiVersion":"v1","kind":"Secret","type":"Opaque","data":{"k":"dg=="},
        "metadata":{"name":"s","namespace":"n",
                    "labels":{"a":"b","fairway.flext.sh/gateway":"gw"}}})")));
}

TEST(CopyManifestTest, TokensOfThisClusterAndOtherKindsDoNotTravel) {
  auto token = MakeDependencyCopy(
      ParseObject(
          R"({"apiVersion":"v1","kind":"Secret","type":"kubernetes.io/service-account-token",
                "metadata":{"name":"s","namespace":"n"}})"),
      "gw");
  ASSERT_FALSE(token);
  EXPECT_THAT(token.error().message, HasSubstr("service account token"));
  EXPECT_FALSE(MakeDependencyCopy(
      ParseObject(R"({"apiVersion":"v1","kind":"Pod","metadata":{"name":"s","namespace":"n"}})"),
      "gw"));
}

TEST(ReferencedObjectsTest, EveryPlaceThatNamesAnObjectIsFoundOnce) {
  auto refs = ReferencedObjects(ParseObject(R"({"spec":{"template":{"spec":{
    "serviceAccountName": "runner", "imagePullSecrets": [{"name": "pull"}],
    "initContainers": [{"envFrom": [{"configMapRef": {"name": "c1", "optional": true}}]}],
    "containers": [
      {"env": [{"valueFrom": {"configMapKeyRef": {"name": "c1", "key": "k"}}},
               {"valueFrom": {"secretKeyRef": {"name": "s1", "key": "k", "optional": true}}},
               {"value": "x"}]},
      {"envFrom": [{"secretRef": {"name": "s2"}}]}],
    "volumes": [{"configMap": {"name": "c2"}}, {"secret": {"secretName": "s3"}},
      {"projected": {"sources": [{"configMap": {"name": "c3"}}, {"secret": {"name": "s4"}},
                                 {"serviceAccountToken": {"path": "t"}}]}},
      {"csi": {"nodePublishSecretRef": {"name": "s5"}}}, {"emptyDir": {}}]}}}})"));
  std::vector<std::string> texts;
  for (auto& ref : refs) {
    texts.push_back(ref.kind + "/" + ref.name + (ref.optional ? "?" : ""));
  }
  EXPECT_THAT(texts, ElementsAre("ConfigMap/c1", "ConfigMap/c2", "ConfigMap/c3", "Secret/pull?",
                                 "Secret/s1?", "Secret/s2", "Secret/s3", "Secret/s4", "Secret/s5",
                                 "ServiceAccount/runner"));
}

TEST(ReferencedObjectsTest, TextsNameTheSameAsDocuments) {
  for (std::string_view pod :
       {R"({"serviceAccountName":"runner"})", R"({"serviceAccount":"old"})",
        R"({"imagePullSecrets":[{"name":"pull"}]})",
        R"({"containers":[{"env":[{"valueFrom":{"configMapKeyRef":{"name":"c","key":"k"}}}]}]})",
        R"({"containers":[{"env":[{"valueFrom":{"secretKeyRef":{"name":"s","key":"k"}}}]}]})",
        R"({"initContainers":[{"envFrom":[{"configMapRef":{"name":"c"}}]}]})",
        R"({"containers":[{"envFrom":[{"secretRef":{"name":"s"}}]}]})",
        R"({"volumes":[{"configMap":{"name":"c"}}]})",
        R"({"volumes":[{"secret":{"secretName":"s"}}]})",
        R"({"volumes":[{"projected":{"sources":[{"configMap":{"name":"c"}}]}}]})",
        R"({"volumes":[{"projected":{"sources":[{"secret":{"name":"s"}}]}}]})",
        R"({"volumes":[{"csi":{"nodePublishSecretRef":{"name":"s"}}}]})",
        R"({"volumes":[{"rbd":{"secretRef":{"name":"s"}}}]})",
        R"({"volumes":[{"azureFile":{"secretName":"s"}}]})"}) {
    std::string text = R"({"spec":{"template":{"spec":)" + std::string(pod) + "}}}";
    EXPECT_EQ(ReferencedInText(text), ReferencedObjects(*kube::ParseJson(text))) << text;
    EXPECT_EQ(ReferencedInText(text).size(), 1u) << text;
  }
  EXPECT_TRUE(ReferencedInText(R"({"spec":{"template":{"spec":{"containers":[]}}}})").empty());
  EXPECT_TRUE(ReferencedInText("not JSON but secret").empty());
}

TEST(ReferencedObjectsTest, DefaultServiceAccountAndNonsenseNameNothing) {
  EXPECT_TRUE(ReferencedObjects(ParseObject(R"({"spec":{"template":{"spec":{
    "serviceAccountName":"default","volumes":[7,null],"containers":[{"env":[{"valueFrom":null}]}]}}}})"))
                  .empty());
  EXPECT_TRUE(ReferencedObjects(*kube::ParseJson("[]")).empty());
}

}  // namespace
}  // namespace fairway::clusters
