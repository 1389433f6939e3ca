// Queues, flavors and priority classes: Kueue's defaults, its rules in its words, and a refusal of
// whatever Fairway does not do.
#include <gtest/gtest.h>

#include "tests/clusters/kube/kinds/kind_testing.h"

namespace fairway::kube {
namespace {

using testing::Created;
using testing::CreateProblems;
using testing::KindOf;
using testing::UpdateProblems;

const KindInfo& Kueue(std::string_view resource) {
  return KindOf("kueue.x-k8s.io", "v1beta2", resource);
}

std::string QueueingDoc(std::string_view kind, std::string_view rest) {
  return R"({"apiVersion":"kueue.x-k8s.io/v1beta2","kind":")" + std::string(kind) +
         R"(","metadata":{"name":"a"},)" + std::string(rest) + "}";
}

std::string Queue(std::string_view spec) {
  return CreateProblems(Kueue("clusterqueues"),
                        QueueingDoc("ClusterQueue", R"("spec":{)" + std::string(spec) + "}"));
}
std::string Cohort(std::string_view spec) {
  return CreateProblems(Kueue("cohorts"),
                        QueueingDoc("Cohort", R"("spec":{)" + std::string(spec) + "}"));
}
std::string Flavor(std::string_view spec) {
  return CreateProblems(Kueue("resourceflavors"),
                        QueueingDoc("ResourceFlavor", R"("spec":{)" + std::string(spec) + "}"));
}

std::string Group(std::string_view quota) {
  return R"("resourceGroups":[{"coveredResources":["cpu"],"flavors":[{"name":"f","resources":[)" +
         std::string(quota) + "]}]}]";
}

TEST(ClusterQueue, IsCompletedAsKueueDoes) {
  const Object queue = Created(Kueue("clusterqueues"), QueueingDoc("ClusterQueue", R"("spec":{})"));
  EXPECT_EQ(Serialize(*Find(queue, "spec")),
            R"({"queueingStrategy":"BestEffortFIFO","flavorFungibility":{"whenCanBorrow":)"
            R"("MayStopSearch","whenCanPreempt":"TryNextFlavor"},"preemption":{)"
            R"("reclaimWithinCohort":"Never","withinClusterQueue":"Never",)"
            R"("borrowWithinCohort":{"policy":"Never"}},"stopPolicy":"None"})");
  EXPECT_EQ(Get<int64_t>(queue, {"metadata", "generation"}), 1);
}

TEST(ClusterQueue, KeepsZeroesAndSharesOfOne) {
  const Object queue =
      Created(Kueue("clusterqueues"),
              QueueingDoc("ClusterQueue", R"("spec":{"cohortName":"c","fairSharing":{},)" +
                                              Group(R"({"name":"cpu","nominalQuota":0})") + "}"));
  EXPECT_EQ(GetString(queue, {"spec", "fairSharing", "weight"}), "1");
  EXPECT_NE(Serialize(queue).find(R"("nominalQuota":"0")"), std::string::npos);
}

TEST(ClusterQueue, TakesTheWholeOfIt) {
  EXPECT_EQ(
      Queue(R"("cohortName":"all","queueingStrategy":"StrictFIFO","namespaceSelector":{},
      "flavorFungibility":{"whenCanBorrow":"TryNextFlavor","whenCanPreempt":"TryNextFlavor",
        "preference":"PreemptionOverBorrowing"},
      "preemption":{"reclaimWithinCohort":"Any","withinClusterQueue":"LowerOrNewerEqualPriority",
        "borrowWithinCohort":{"policy":"LowerPriority","maxPriorityThreshold":100}},
      "stopPolicy":"HoldAndDrain","fairSharing":{"weight":"1500m"},
      "admissionScope":{"admissionMode":"NoAdmissionFairSharing"},)" +
            Group(R"({"name":"cpu","nominalQuota":"9","borrowingLimit":"1","lendingLimit":9})")),
      "");
}

TEST(ClusterQueue, SaysWhatIsWrongWithQuotas) {
  const std::string at = "spec.resourceGroups[0].flavors[0].resources[0].";
  EXPECT_EQ(Queue(Group(R"({"name":"cpu","nominalQuota":"-1"})")),
            at + "nominalQuota: Invalid value: \"-1\": must be greater than or equal to 0");
  EXPECT_EQ(Queue(Group(R"({"name":"cpu"})")), at + "nominalQuota: Required value");
  EXPECT_EQ(Queue(Group(R"({"name":"memory","nominalQuota":"1"})")),
            at + "name: Invalid value: \"memory\": must match the name in coveredResources");
  EXPECT_EQ(Queue(Group(R"({"name":"cpu","nominalQuota":"1","borrowingLimit":"1"})")),
            at + "borrowingLimit: Invalid value: \"1\": must be nil when cohort is empty");
  EXPECT_EQ(Queue(R"("cohortName":"c",)" +
                  Group(R"({"name":"cpu","nominalQuota":"1","lendingLimit":"1001m"})")),
            at + "lendingLimit: Invalid value: \"1001m\": must be less than or equal to the "
                 "nominalQuota");
  EXPECT_EQ(
      Queue(R"("resourceGroups":[{"coveredResources":["cpu","memory"],"flavors":[
              {"name":"f","resources":[{"name":"cpu","nominalQuota":1}]}]}])"),
      "spec.resourceGroups[0]: Invalid value: flavors must have the same number of resources as "
      "the coveredResources");
  EXPECT_EQ(Queue(R"("resourceGroups":[{"flavors":[]}])"),
            "[spec.resourceGroups[0].coveredResources: Required value, "
            "spec.resourceGroups[0].flavors: Required value]");
}

TEST(ClusterQueue, HoldsResourcesAndFlavorsInOneGroupOnly) {
  EXPECT_EQ(Queue(R"("resourceGroups":[
        {"coveredResources":["cpu"],"flavors":[{"name":"f","resources":[{"name":"cpu","nominalQuota":1}]}]},
        {"coveredResources":["cpu"],"flavors":[{"name":"f","resources":[{"name":"cpu","nominalQuota":1}]}]}])"),
            "[spec.resourceGroups[1].coveredResources[0]: Duplicate value: \"cpu\", "
            "spec.resourceGroups[1].flavors[0].name: Duplicate value: \"f\"]");
}

TEST(ClusterQueue, SaysWhatIsWrongWithPolicies) {
  EXPECT_EQ(Queue(R"("queueingStrategy":"LIFO")"),
            "spec.queueingStrategy: Unsupported value: \"LIFO\": supported values: \"StrictFIFO\", "
            "\"BestEffortFIFO\"");
  EXPECT_EQ(Queue(R"("stopPolicy":"Now")"),
            "spec.stopPolicy: Unsupported value: \"Now\": supported values: \"None\", \"Hold\", "
            "\"HoldAndDrain\"");
  EXPECT_EQ(Queue(R"("preemption":{"borrowWithinCohort":{"policy":"LowerPriority"}})"),
            "spec.preemption: Invalid value: reclaimWithinCohort=Never and "
            "borrowWithinCohort.Policy!=Never");
  EXPECT_EQ(Queue(R"("flavorFungibility":{"preference":"BorrowingOverPreemption"})"),
            "spec.flavorFungibility: Invalid value: preference can only be set when both "
            "whenCanBorrow and whenCanPreempt are TryNextFlavor");
  EXPECT_EQ(Queue(R"("fairSharing":{"weight":"-1"})"),
            "spec.fairSharing: Invalid value: \"-1\": must be greater than or equal to 0");
  EXPECT_EQ(Queue(R"("fairSharing":{"weight":"1n"})"),
            "spec.fairSharing: Invalid value: \"1n\": When not 0, weight must be > 10e-9");
  EXPECT_EQ(Queue(R"("cohortName":"A_b")"),
            "spec.cohortName: Invalid value: \"A_b\": spec.cohortName in body should match "
            R"('^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$')");
}

TEST(ClusterQueue, RefusesWhatFairwayDoesNotDo) {
  EXPECT_EQ(Queue(R"("admissionChecksStrategy":{"admissionChecks":[{"name":"x"}]})"),
            "spec.admissionChecksStrategy: Forbidden: not supported by Fairway: there are no "
            "AdmissionChecks");
  EXPECT_EQ(Queue(R"("admissionScope":{"admissionMode":"UsageBasedAdmissionFairSharing"})"),
            "spec.admissionScope.admissionMode: Forbidden: not supported by Fairway: LocalQueues "
            "do not share by past usage");
  EXPECT_EQ(Queue(R"("concurrentAdmissionPolicy":{"migration":{"mode":"RetainFirstAdmission"}})"),
            "spec.concurrentAdmissionPolicy: Forbidden: not supported by Fairway: a workload is "
            "admitted with one flavor per resource, and stays there");
}

TEST(Cohort, LimitsNeedAParent) {
  const std::string group = Group(R"({"name":"cpu","nominalQuota":"1","lendingLimit":"2"})");
  EXPECT_EQ(Cohort(R"("parentName":"root",)" + group), "");
  EXPECT_EQ(Cohort(group),
            "spec.resourceGroups[0].flavors[0].resources[0].lendingLimit: Invalid value: \"2\": "
            "must be nil when parent is empty");
}

TEST(LocalQueue, StaysWithItsClusterQueue) {
  const KindInfo& kind = Kueue("localqueues");
  const Object old = Created(kind, QueueingDoc("LocalQueue", R"("spec":{"clusterQueue":"x"})"));
  EXPECT_EQ(GetString(old, {"spec", "stopPolicy"}), "None");
  Object doc = old;
  EnsureObject(doc, {"spec"})["clusterQueue"] = "y";
  EXPECT_EQ(UpdateProblems(kind, doc, old),
            "spec.clusterQueue: Invalid value: \"y\": field is immutable");
  EXPECT_EQ(
      CreateProblems(kind, QueueingDoc("LocalQueue", R"("spec":{"fairSharing":{"weight":2}})")),
      "spec.fairSharing: Forbidden: not supported by Fairway: LocalQueues do not share by "
      "past usage");
}

TEST(ResourceFlavor, SaysWhatIsWrong) {
  EXPECT_EQ(Flavor(R"("nodeLabels":{"a":"b"},"nodeTaints":[{"key":"spot","value":"true",
      "effect":"NoSchedule"}],"tolerations":[{"key":"spot","operator":"Exists"}])"),
            "");
  EXPECT_EQ(Flavor(R"("nodeTaints":[{"key":"a","effect":"Never"}])"),
            "spec.nodeTaints: Invalid value: supported taint effect values: 'NoSchedule', "
            "'PreferNoSchedule', 'NoExecute'");
  EXPECT_EQ(Flavor(R"("tolerations":[{"effect":"NoSchedule"}])"),
            "spec.tolerations: Invalid value: operator must be Exists when 'key' is empty, which "
            "means 'match all values and all keys'");
  EXPECT_EQ(Flavor(R"("tolerations":[{"key":"a","operator":"Exists","value":"b"}])"),
            "spec.tolerations: Invalid value: a value must be empty when 'operator' is 'Exists'");
  EXPECT_EQ(Flavor(R"("topologyName":"racks","nodeLabels":{"a":"b"})"),
            "spec.topologyName: Forbidden: not supported by Fairway: there is no topology-aware "
            "scheduling; nodeLabels bind a flavor to clusters");
}

TEST(WorkloadPriorityClass, NeedsAValue) {
  const KindInfo& kind = Kueue("workloadpriorityclasses");
  EXPECT_EQ(CreateProblems(kind, QueueingDoc("WorkloadPriorityClass", R"("value":0)")), "");
  EXPECT_EQ(CreateProblems(kind, QueueingDoc("WorkloadPriorityClass", R"("description":"x")")),
            "value: Required value");
}

}  // namespace
}  // namespace fairway::kube
