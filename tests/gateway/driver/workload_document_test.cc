// A Job's Workload is named and made as Kueue makes it.
#include "gateway/driver/workload_document.h"

#include <gtest/gtest.h>

namespace fairway::gateway {
namespace {

using kube::Object;

// Expected names: Kueue's GetWorkloadNameForOwnerWithGVK for the same names and uids.
TEST(WorkloadName, IsKueues) {
  const std::string name = WorkloadNameOf("sample", "ab83d1a4-9a1e-4e5f-8b0c-1d2e3f405162");
  EXPECT_EQ(name.substr(0, 11), "job-sample-");
  EXPECT_EQ(name.size(), 16u);
  EXPECT_NE(name, WorkloadNameOf("sample", "ab83d1a4-9a1e-4e5f-8b0c-1d2e3f405163"));
  EXPECT_EQ(WorkloadNameOf(std::string(300, 'a'), "u").size(), 253u);
}

TEST(WorkloadDocument, FollowsTheJob) {
  auto job = kube::ParseJson(R"({"metadata":{"name":"j","namespace":"t","uid":"u1"},"spec":{
      "template":{"metadata":{"labels":{"app":"x","batch.kubernetes.io/job-name":"j","job-name":"j",
        "controller-uid":"u1","batch.kubernetes.io/controller-uid":"u1"}},
        "spec":{"containers":[{"name":"c"}]}}}})");
  WorkloadWish wish;
  wish.queue = "q";
  wish.priority_class = "high";
  wish.priority = 9;
  wish.count = 3;
  wish.min_count = 2;
  wish.max_execution_seconds = 60;
  const kube::Value value = WorkloadDocument(job->get_object(), wish, {});
  const Object& doc = value.get_object();
  EXPECT_EQ(kube::GetString(doc, {"metadata", "labels", "kueue.x-k8s.io/job-uid"}), "u1");
  const Object& owner = (*kube::GetArray(doc, {"metadata", "ownerReferences"}))[0].get_object();
  EXPECT_EQ(kube::GetString(owner, {"uid"}), "u1");
  EXPECT_EQ(kube::Get<bool>(owner, {"controller"}), true);
  EXPECT_EQ(kube::GetString(doc, {"spec", "priorityClassRef", "name"}), "high");
  EXPECT_EQ(kube::Get<int64_t>(doc, {"spec", "maximumExecutionTimeSeconds"}), 60);
  const Object& set = (*kube::GetArray(doc, {"spec", "podSets"}))[0].get_object();
  EXPECT_EQ(kube::Get<int64_t>(set, {"count"}), 3);
  EXPECT_EQ(kube::Get<int64_t>(set, {"minCount"}), 2);
  EXPECT_EQ(kube::Serialize(*kube::FindPath(set, {"template", "metadata", "labels"})),
            R"({"app":"x"})");
  Object changed = doc;
  WorkloadWish less;
  less.queue = "other";
  FollowJob(job->get_object(), less, changed);
  EXPECT_EQ(kube::GetString(changed, {"spec", "queueName"}), "other");
  EXPECT_EQ(kube::FindPath(changed, {"spec", "priorityClassRef"}), nullptr);
  EXPECT_EQ(kube::Get<bool>(changed, {"spec", "active"}), true);
}

}  // namespace
}  // namespace fairway::gateway
