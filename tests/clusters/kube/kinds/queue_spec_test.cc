// What the core is told of Kueue's objects: every amount in its unit, every policy by its name.
#include "clusters/kube/kinds/queue_spec.h"

#include <gtest/gtest.h>

#include "tests/clusters/kube/kinds/kind_testing.h"

namespace fairway::kube {
namespace {

using testing::Created;
using testing::Jobs;
using testing::KindOf;
using testing::ParseObject;

Object Kueue(std::string_view resource, std::string_view json) {
  return Created(KindOf("kueue.x-k8s.io", "v1beta2", resource), json);
}

TEST(QueueSpec, FlavorCarriesLabelsTaintsAndTolerations) {
  const auto spec = FlavorSpecFrom(Kueue("resourceflavors", R"({"metadata":{"name":"spot"},
      "apiVersion":"kueue.x-k8s.io/v1beta2","kind":"ResourceFlavor","spec":{
      "nodeLabels":{"tier":"spot"},"nodeTaints":[{"key":"spot","value":"true","effect":"NoExecute"}],
      "tolerations":[{"key":"x","operator":"Exists","effect":"NoSchedule"}]}})"));
  EXPECT_EQ(spec.name, "spot");
  EXPECT_EQ(spec.node_labels.at("tier"), "spot");
  ASSERT_EQ(spec.node_taints.size(), 1u);
  EXPECT_EQ(spec.node_taints[0].effect, scheduler::TaintEffect::kNoExecute);
  ASSERT_EQ(spec.tolerations.size(), 1u);
  EXPECT_TRUE(spec.tolerations[0].exists);
  EXPECT_FALSE(spec.tolerations[0].any_effect);
}

TEST(QueueSpec, ClusterQueueCarriesEverything) {
  const auto spec = ClusterQueueSpecFrom(Kueue("clusterqueues", R"({"metadata":{"name":"cq",
      "annotations":{"fairway.flext.sh/n-minus-one":"true"}},
      "apiVersion":"kueue.x-k8s.io/v1beta2","kind":"ClusterQueue","spec":{"cohortName":"c",
      "queueingStrategy":"StrictFIFO","stopPolicy":"Hold","fairSharing":{"weight":"1.5"},
      "flavorFungibility":{"whenCanBorrow":"TryNextFlavor","whenCanPreempt":"TryNextFlavor",
        "preference":"PreemptionOverBorrowing"},
      "preemption":{"reclaimWithinCohort":"Any","withinClusterQueue":"LowerOrNewerEqualPriority",
        "borrowWithinCohort":{"policy":"LowerPriority","maxPriorityThreshold":7}},
      "resourceGroups":[{"coveredResources":["cpu","memory"],"flavors":[{"name":"f","resources":[
        {"name":"cpu","nominalQuota":"1500m","borrowingLimit":2,"lendingLimit":"0"},
        {"name":"memory","nominalQuota":"1Gi"}]}]}]}})"));
  ASSERT_TRUE(spec.has_value());
  EXPECT_EQ(spec->cohort, "c");
  EXPECT_EQ(spec->strategy, scheduler::QueueingStrategy::kStrictFifo);
  EXPECT_EQ(spec->stop_policy, scheduler::StopPolicy::kHold);
  EXPECT_EQ(spec->fair_weight_milli, 1500);
  EXPECT_TRUE(spec->survive_cluster_loss);
  EXPECT_EQ(spec->fungibility.when_can_borrow, scheduler::FungibilityPolicy::kTryNextFlavor);
  EXPECT_EQ(spec->fungibility.preference,
            scheduler::FungibilityPreference::kPreemptionOverBorrowing);
  EXPECT_EQ(spec->preemption.reclaim_within_cohort, scheduler::PreemptionPolicy::kAny);
  EXPECT_EQ(spec->preemption.within_cluster_queue,
            scheduler::PreemptionPolicy::kLowerOrNewerEqualPriority);
  EXPECT_EQ(spec->preemption.borrow_within_cohort, scheduler::PreemptionPolicy::kLowerPriority);
  EXPECT_TRUE(spec->preemption.has_threshold);
  EXPECT_EQ(spec->preemption.max_priority_threshold, 7);
  const auto& quotas = spec->groups.at(0).flavors.at(0).resources;
  EXPECT_EQ(quotas.at(0).nominal, 1500);
  EXPECT_EQ(quotas.at(0).borrowing_limit, 2000);
  EXPECT_EQ(quotas.at(0).lending_limit, 0);
  EXPECT_EQ(quotas.at(1).nominal, int64_t{1} << 30);
  EXPECT_EQ(quotas.at(1).borrowing_limit, scheduler::kNoLimit);
}

TEST(QueueSpec, DefaultsAreKueues) {
  const auto spec = ClusterQueueSpecFrom(Kueue("clusterqueues", R"({"metadata":{"name":"cq"},
      "apiVersion":"kueue.x-k8s.io/v1beta2","kind":"ClusterQueue","spec":{}})"));
  ASSERT_TRUE(spec.has_value());
  scheduler::ClusterQueueSpec plain;
  plain.name = "cq";
  EXPECT_EQ(*spec, plain);
}

TEST(QueueSpec, CohortsAndLocalQueues) {
  const auto cohort = CohortSpecFrom(Kueue("cohorts", R"({"metadata":{"name":"c"},
      "apiVersion":"kueue.x-k8s.io/v1beta2","kind":"Cohort","spec":{"parentName":"root",
      "fairSharing":{"weight":0}}})"));
  ASSERT_TRUE(cohort.has_value());
  EXPECT_EQ(cohort->parent, "root");
  EXPECT_EQ(cohort->fair_weight_milli, 0);
  const auto queue =
      LocalQueueSpecFrom(Kueue("localqueues", R"({"metadata":{"name":"q","namespace":"team"},
      "apiVersion":"kueue.x-k8s.io/v1beta2","kind":"LocalQueue",
      "spec":{"clusterQueue":"cq","stopPolicy":"HoldAndDrain"}})"),
                         false);
  EXPECT_EQ(queue.name, "team/q");
  EXPECT_EQ(queue.cluster_queue, "cq");
  EXPECT_EQ(queue.stop_policy, scheduler::StopPolicy::kHoldAndDrain);
  EXPECT_FALSE(queue.namespace_admitted);
}

TEST(QueueSpec, WorkloadsKeepTheirPodSets) {
  const auto spec = WorkloadSpecFrom(Kueue("workloads", R"({"metadata":{"name":"w","namespace":"t"},
      "apiVersion":"kueue.x-k8s.io/v1beta2","kind":"Workload","spec":{"queueName":"q","priority":-3,
      "maximumExecutionTimeSeconds":60,"podSets":[{"name":"driver","count":1,"template":{"spec":{
        "nodeSelector":{"tier":"spot"},"tolerations":[{"operator":"Exists"}],
        "containers":[{"name":"c","image":"i","resources":{"requests":{"cpu":"500m"}}}]}}},
       {"name":"workers","count":4,"minCount":2,"template":{"spec":{
        "containers":[{"name":"c","image":"i","resources":{"requests":{"memory":"1Mi"}}}]}}}]}})"));
  ASSERT_TRUE(spec.has_value());
  EXPECT_EQ(spec->priority, -3);
  EXPECT_EQ(spec->queueing.local_queue, "t/q");
  EXPECT_TRUE(spec->queueing.workload_only);
  EXPECT_EQ(spec->queueing.max_execution_seconds, 60);
  ASSERT_EQ(spec->queueing.pod_sets.size(), 2u);
  const scheduler::PodSet& driver = spec->queueing.pod_sets[0];
  EXPECT_EQ(driver.request.cpu_milli, 500);
  ASSERT_EQ(driver.node_terms.size(), 1u);
  EXPECT_EQ(driver.node_terms[0].requirements.at(0).key, "tier");
  EXPECT_TRUE(driver.tolerations.at(0).exists);
  const scheduler::PodSet& workers = spec->queueing.pod_sets[1];
  EXPECT_EQ(workers.count, 4);
  EXPECT_EQ(workers.min_count, 2);
  EXPECT_EQ(workers.request.memory_bytes, 1 << 20);
}

}  // namespace
}  // namespace fairway::kube
