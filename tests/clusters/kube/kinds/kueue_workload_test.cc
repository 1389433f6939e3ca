// Workloads: what a client may ask for, what stays as it is while quota is reserved, and what a
// status may say.
#include <gtest/gtest.h>

#include "tests/clusters/kube/kinds/kind_testing.h"

namespace fairway::kube {
namespace {

using testing::Created;
using testing::CreateProblems;
using testing::KindOf;
using testing::ParseObject;
using testing::StatusProblems;
using testing::UpdateProblems;

const KindInfo& Workloads() { return KindOf("kueue.x-k8s.io", "v1beta2", "workloads"); }

std::string WorkloadDoc(std::string_view spec) {
  return R"({"apiVersion":"kueue.x-k8s.io/v1beta2","kind":"Workload","metadata":{"name":"w"},
             "spec":{)" +
         std::string(spec) + "}}";
}

std::string WorkloadProblems(std::string_view spec) {
  return CreateProblems(Workloads(), WorkloadDoc(spec));
}

std::string PodSets(std::string_view more = "", std::string_view requests = R"({"cpu":"1"})") {
  return R"("podSets":[{)" + std::string(more) +
         R"("template":{"spec":{"containers":[{"name":"c","image":"i","resources":{"requests":)" +
         std::string(requests) + "}}]}}}]";
}

Object Reserved() {
  Object doc = Created(Workloads(), WorkloadDoc(R"("queueName":"q","priority":5,)" + PodSets()));
  doc["status"] = ParseObject(R"({"conditions":[{"type":"QuotaReserved","status":"True",
      "reason":"QuotaReserved","message":"","lastTransitionTime":"2026-01-01T00:00:00Z"}],
      "admission":{"clusterQueue":"cq","podSetAssignments":[{"name":"main","count":1}]}})");
  return doc;
}

TEST(Workload, IsCompletedAsKueueDoes) {
  const Object doc = Created(Workloads(), WorkloadDoc(PodSets()));
  EXPECT_EQ(Get<bool>(doc, {"spec", "active"}), true);
  const Object& pod_set = (*GetArray(doc, {"spec", "podSets"}))[0].get_object();
  EXPECT_EQ(GetString(pod_set, {"name"}), "main");
  EXPECT_EQ(Get<int64_t>(pod_set, {"count"}), 1);
  const Object none = Created(Workloads(), WorkloadDoc(PodSets(R"("count":0,)")));
  EXPECT_EQ(Get<int64_t>((*GetArray(none, {"spec", "podSets"}))[0].get_object(), {"count"}), 0);
}

TEST(Workload, SaysWhatIsWrongWithPodSets) {
  EXPECT_EQ(WorkloadProblems(PodSets(R"("name":"workers","count":3,"minCount":2,)")), "");
  EXPECT_EQ(WorkloadProblems(R"("podSets":[])"), "spec.podSets: Required value");
  EXPECT_EQ(WorkloadProblems(R"("podSets":[{"name":"a"}])"),
            "spec.podSets[0].template: Required value");
  EXPECT_EQ(WorkloadProblems(PodSets(R"("count":1,"minCount":2,)")),
            "spec.podSets[0]: Invalid value: minCount should be positive and less or equal to "
            "count");
  EXPECT_EQ(WorkloadProblems(PodSets("", R"({"pods":"1"})")),
            "spec.podSets[0].template.spec.containers[0].resources.requests[pods]: Invalid value: "
            "\"pods\": the key is reserved for internal kueue use");
  EXPECT_EQ(WorkloadProblems(PodSets("", R"({"cpu":"-1"})")),
            "spec.podSets[0].template.spec.containers[0].resources.requests[cpu]: Invalid value: "
            "\"-1\": must be greater than or equal to 0");
  EXPECT_EQ(WorkloadProblems(PodSets(R"("topologyRequest":{"required":"rack"},)")),
            "spec.podSets[0].topologyRequest: Forbidden: not supported by Fairway: there is no "
            "topology-aware scheduling");
}

TEST(Workload, SaysWhatIsWrongWithTheRest) {
  EXPECT_EQ(WorkloadProblems(R"("maximumExecutionTimeSeconds":0,)" + PodSets()),
            "spec.maximumExecutionTimeSeconds: Invalid value: 0: "
            "spec.maximumExecutionTimeSeconds in body should be greater than or equal to 1");
  EXPECT_EQ(WorkloadProblems(R"("priorityClassRef":{"group":"kueue.x-k8s.io","kind":"PriorityClass",
                        "name":"a"},"priority":1,)" +
                             PodSets()),
            "spec.priorityClassRef: Invalid value: only the WorkloadPriorityClass kind is allowed "
            "for the kueue.x-k8s.io group");
  EXPECT_EQ(WorkloadProblems(R"("priorityClassRef":{"group":"kueue.x-k8s.io",
                        "kind":"WorkloadPriorityClass","name":"a"},)" +
                             PodSets()),
            "spec: Invalid value: priority should not be nil when priorityClassRef is set");
  EXPECT_EQ(WorkloadProblems(R"("preemptionGates":[{"name":"a"}],)" + PodSets()),
            "spec.preemptionGates: Forbidden: not supported by Fairway: nothing here opens a gate");
}

TEST(Workload, StaysWhatQuotaWasReservedFor) {
  const Object old = Reserved();
  Object doc = old;
  EnsureObject(doc, {"spec"})["queueName"] = "other";
  EXPECT_EQ(UpdateProblems(Workloads(), doc, old),
            "<nil>: Invalid value: queueName is immutable while workload quota reserved");
  doc = old;
  (*GetArray(doc, {"spec", "podSets"}))[0].get_object()["count"] = 2;
  EXPECT_NE(UpdateProblems(Workloads(), doc, old).find("spec.podSets: Invalid value"),
            std::string::npos);
  doc = old;
  EnsureObject(doc, {"spec"})["priority"] = 7;
  EnsureObject(doc, {"spec"})["active"] = false;
  EXPECT_EQ(UpdateProblems(Workloads(), doc, old), "");
}

TEST(Workload, StatusKeepsItsAdmission) {
  const Object old = Reserved();
  Object doc = old;
  EnsureObject(doc, {"status", "admission"})["clusterQueue"] = "x";
  EXPECT_NE(StatusProblems(Workloads(), doc, old).find("status.admission: Invalid value"),
            std::string::npos);
  doc = old;
  ErasePath(doc, {"status", "admission"});
  EXPECT_EQ(StatusProblems(Workloads(), doc, old),
            "status.admission: Required value: must be set while the QuotaReserved condition is "
            "true");
  doc = old;
  (*GetArray(doc, {"status", "admission", "podSetAssignments"}))[0].get_object()["name"] = "b";
  EXPECT_NE(StatusProblems(Workloads(), doc, old).find("podSetAssignments[0].name: Not found"),
            std::string::npos);
}

TEST(Workload, StatusConditionsAreWhole) {
  const Object old = Created(Workloads(), WorkloadDoc(PodSets()));
  Object doc = old;
  doc["status"] =
      ParseObject(R"({"conditions":[{"type":"Finished","status":"Yes","reason":"1"}]})");
  EXPECT_EQ(StatusProblems(Workloads(), doc, old),
            "[status.conditions[0].status: Unsupported value: \"Yes\": supported values: "
            "\"False\", \"True\", \"Unknown\", status.conditions[0].lastTransitionTime: Required "
            "value: must be set, status.conditions[0].reason: Invalid value: \"1\": a condition "
            "reason must start with alphabetic character, optionally followed by a string of "
            "alphanumeric characters or '_,:', and must end with an alphanumeric character or "
            "'_']");
  doc["status"] = ParseObject(R"({"reclaimablePods":[{"name":"main","count":2}]})");
  EXPECT_EQ(StatusProblems(Workloads(), doc, old),
            "status.reclaimablePods[main].count: Invalid value: 2: should be less or equal to 1");
  doc["status"] = ParseObject(R"({"admissionChecks":[{"name":"x"}]})");
  EXPECT_EQ(StatusProblems(Workloads(), doc, old),
            "status.admissionChecks: Forbidden: not supported by Fairway: there are no "
            "AdmissionChecks");
}

}  // namespace
}  // namespace fairway::kube
