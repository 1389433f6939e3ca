// A Job goes to a member and comes back: what the user wrote is the same.
#include "clusters/member/copy_origin.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "clusters/member/copy_manifest.h"
#include "scheduler/names.h"
#include "scheduler/names_restore.h"
#include "tests/clusters/kube/kinds/kind_testing.h"

namespace fairway::clusters {
namespace {

using kube::testing::ParseObject;

constexpr std::string_view kPlacedJob = R"({
  "apiVersion": "batch/v1", "kind": "Job",
  "metadata": {"name": "j", "namespace": "team", "uid": "u-1", "resourceVersion": "9",
    "generation": 2, "creationTimestamp": "2026-01-01T00:00:00Z", "generateName": "j-",
    "finalizers": ["mine/one", "fairway.flext.sh/placement"], "labels": {"app": "a"},
    "annotations": {"fairway.flext.sh/placement-policy": "p"}},
  "spec": {"parallelism": 2, "ttlSecondsAfterFinished": 10,
    "selector": {"matchLabels": {"batch.kubernetes.io/controller-uid": "u-1"}},
    "template": {
      "metadata": {"labels": {"tier": "t", "controller-uid": "u-1", "job-name": "j",
        "batch.kubernetes.io/controller-uid": "u-1", "batch.kubernetes.io/job-name": "j"}},
      "spec": {"restartPolicy": "Never", "containers": [{"name": "c", "image": "i"}]}}},
  "status": {}})";

// What the member's own API server makes of a copy.
kube::Value OnMember(const kube::Value& job) {
  auto copy = MakeJobCopy(job, {"gw", JobId{42}, Epoch{3}});
  EXPECT_TRUE(copy);
  kube::Object& metadata = copy->get_object()["metadata"].get_object();
  metadata["uid"] = "member-uid";
  metadata["creationTimestamp"] = "2026-05-05T05:05:05Z";
  kube::EnsureObject(*copy->if_object(),
                     {"spec", "template", "metadata", "labels"})["controller-uid"] = "member-uid";
  kube::EnsureObject(*copy->if_object(), {"spec"})["selector"] =
      kube::Object{{"matchLabels", kube::Object{}}};
  return *copy;
}

TEST(CopyOriginTest, JobComesBackAsItWas) {
  kube::Value job = ParseObject(kPlacedJob);
  auto back = RebuildJob(OnMember(job).get_object());
  ASSERT_TRUE(back) << back.error().message;
  kube::Erase(*kube::GetObject(job, {"metadata"}), "resourceVersion");
  EXPECT_TRUE(kube::Equal(*back, job)) << kube::Serialize(*back);
}

TEST(CopyOriginTest, CopyOfAnEarlierFairwayIsRebuiltFromWhatThereIs) {
  kube::Value copy = OnMember(ParseObject(kPlacedJob));
  kube::Erase(*kube::GetObject(copy, {"metadata", "annotations"}), names::kAnnotationOrigin);
  auto back = RebuildJob(copy.get_object());
  ASSERT_TRUE(back);
  EXPECT_EQ(kube::GetString(*back, {"metadata", "creationTimestamp"}), "2026-05-05T05:05:05Z");
  EXPECT_EQ(kube::GetString(*back, {"metadata", "uid"}), "u-1");
  EXPECT_EQ(kube::FindPath(*back, {"spec", "ttlSecondsAfterFinished"}), nullptr);
}

TEST(CopyOriginTest, OriginIsBounded) {
  kube::Value job = ParseObject(kPlacedJob);
  kube::Array many;
  for (int i = 0; i < 1000; ++i) many.emplace_back("long.example/finalizer-" + std::to_string(i));
  kube::EnsureObject(job.get_object(), {"metadata"})["finalizers"] = std::move(many);
  EXPECT_LE(OriginOf(job.get_object()).size(), kOriginBytesMax);
  auto back = RebuildJob(OnMember(job).get_object());
  ASSERT_TRUE(back);
  EXPECT_EQ(kube::GetArray(*back, {"metadata", "finalizers"})->size(), 1u);
}

TEST(CopyOriginTest, StrangersJobIsRefused) {
  EXPECT_FALSE(RebuildJob(ParseObject(R"({"metadata": {"name": "x", "namespace": "y"}})")));
}

}  // namespace
}  // namespace fairway::clusters
