// A Workload's life in Kueue's conditions: waiting, admitted, preempted, queued again, finished.
#include "gateway/driver/workload_status.h"

#include <gtest/gtest.h>

#include "gateway/driver/conditions.h"
#include "scheduler/quota/quota_names.h"

// A test names the fields that it is about.
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"

namespace fairway::gateway {
namespace {

using kube::Object;
using scheduler::JobState;

class WorkloadStatusTest : public ::testing::Test {
 protected:
  WorkloadStatusTest() {
    world_.Apply(scheduler::PutFlavor{{scheduler::FlavorId{1}, {.name = "spot"}}});
    world_.Apply(scheduler::PutCohort{{scheduler::CohortId{2}, {.name = "team", .parent = "org"}}});
    world_.Apply(scheduler::PutClusterQueue{
        {scheduler::ClusterQueueId{3}, {.name = "cq", .cohort = "team"}}});
    world_.Apply(scheduler::PutLocalQueue{
        {scheduler::LocalQueueId{4}, {.name = "ns/lq", .cluster_queue = "cq"}}});
    scheduler::JobSpec spec;
    spec.queueing.local_queue = "ns/lq";
    spec.queueing.workload_only = true;
    scheduler::PodSet set;
    set.name = "main";
    set.count = 3;
    set.request.cpu_milli = 500;
    set.request.memory_bytes = 1 << 20;
    spec.queueing.pod_sets.push_back(set);
    charged_ = scheduler::ChargedResources(set).size();
    world_.Apply(scheduler::PutSpec{SpecId{9}, spec});
    record_.job = JobId{20};
    record_.name = "workload:ns/w";
    record_.spec = SpecId{9};
    record_.quota.Make();
    doc_["metadata"] = Object({{"generation", 1}});
  }

  void Admit(int32_t count) {
    record_.state = JobState::kAdmitted;
    record_.quota->cluster_queue = scheduler::ClusterQueueId{3};
    scheduler::PodSetAdmission admission;
    admission.count = count;
    admission.flavors.assign(charged_, scheduler::FlavorId{});
    admission.flavors[0] = scheduler::FlavorId{1};  // cpu
    admission.flavors[1] = scheduler::FlavorId{1};  // memory
    record_.quota->pod_sets = {admission};
  }
  void Fill(const scheduler::Decision* decision = nullptr) {
    now_.ms += 60'000;
    FillWorkloadStatus({.record = record_,
                        .world = world_,
                        .decision = decision,
                        .now = now_,
                        .preemptor_uid = "u-1",
                        .preemptor_job_uid = {},
                        .failure = {}},
                       doc_);
  }
  std::string Condition(std::string_view type) const {
    const Object* condition = FindCondition(doc_, type);
    if (condition == nullptr) return "";
    return std::string(kube::GetString(*condition, {"status"})) + " " +
           std::string(kube::GetString(*condition, {"reason"})) + ": " +
           std::string(kube::GetString(*condition, {"message"}));
  }

  scheduler::World world_;
  scheduler::JobRecord record_;
  Object doc_;
  Instant now_{0};
  size_t charged_ = 0;
};

TEST_F(WorkloadStatusTest, WaitsWithTheReasonOfTheDecision) {
  Fill();
  EXPECT_EQ(Condition("QuotaReserved"), "");
  scheduler::Decision decision;
  decision.message = "couldn't assign flavors";
  Fill(&decision);
  EXPECT_EQ(Condition("QuotaReserved"), "False Pending: couldn't assign flavors");
  EXPECT_EQ(Condition("Admitted"), "");
}

TEST_F(WorkloadStatusTest, AdmissionNamesFlavorsAndTotals) {
  Admit(2);
  Fill();
  EXPECT_EQ(Condition("QuotaReserved"), "True QuotaReserved: Quota reserved in ClusterQueue cq");
  EXPECT_EQ(Condition("Admitted"), "True Admitted: The workload is admitted");
  EXPECT_EQ(kube::Serialize(*kube::FindPath(doc_, {"status", "admission"})),
            R"({"clusterQueue":"cq","podSetAssignments":[{"name":"main","flavors":{"cpu":"spot",)"
            R"("memory":"spot"},"resourceUsage":{"cpu":"1","memory":"2Mi"},"count":2}]})");
}

TEST_F(WorkloadStatusTest, PreemptionIsShownUntilTheNextAdmission) {
  Admit(3);
  Fill();
  record_.state = JobState::kRequeued;
  record_.ending = scheduler::EndReason::kPreempted;
  record_.quota->preempted = scheduler::PreemptionCause::kInCohortReclamation;
  record_.quota->preemptor = JobId{77};
  Fill();
  const std::string message =
      "Preempted to accommodate a workload (UID: u-1, JobUID: UNKNOWN) due to reclamation within "
      "the cohort; preemptor path: UNKNOWN; preemptee path: /org/team/cq";
  EXPECT_EQ(Condition("Evicted"), "True Preempted: " + message);
  EXPECT_EQ(Condition("Preempted"), "True InCohortReclamation: " + message);
  EXPECT_TRUE(IsConditionTrue(doc_, "QuotaReserved"));  // until its owner has stopped it

  record_.state = JobState::kQueued;
  record_.ending = scheduler::EndReason::kNone;
  record_.quota->cluster_queue = {};
  record_.quota->pod_sets.clear();
  record_.former.push_back({Epoch{1}, ClusterId{}, {}, {}, scheduler::EndReason::kPreempted});
  Fill();
  EXPECT_EQ(Condition("QuotaReserved"), "False Pending: " + message);
  EXPECT_EQ(Condition("Admitted"), "False NoReservation: The workload has no reservation");
  EXPECT_EQ(Condition("Requeued"), "True Preempted: " + message);
  EXPECT_EQ(kube::FindPath(doc_, {"status", "admission"}), nullptr);

  Admit(3);
  Fill();
  EXPECT_EQ(Condition("Evicted"), "False QuotaReserved: Previously: " + message);
  EXPECT_EQ(Condition("Preempted"), "False QuotaReserved: Previously: " + message);
  EXPECT_TRUE(IsConditionTrue(doc_, "Admitted"));
}

TEST_F(WorkloadStatusTest, StoppedQueuesAndTheirRestart) {
  Admit(3);
  Fill();
  scheduler::ClusterQueueSpec stopped{.name = "cq", .cohort = "team"};
  stopped.stop_policy = scheduler::StopPolicy::kHoldAndDrain;
  world_.Apply(scheduler::PutClusterQueue{{scheduler::ClusterQueueId{3}, stopped}});
  record_.state = JobState::kQueued;
  record_.quota->cluster_queue = {};
  record_.former.push_back(
      {Epoch{1}, ClusterId{}, {}, {}, scheduler::EndReason::kClusterQueueStopped});
  Fill();
  EXPECT_EQ(Condition("Evicted"), "True ClusterQueueStopped: The ClusterQueue is stopped");
  EXPECT_EQ(Condition("Requeued"), "False ClusterQueueStopped: The ClusterQueue is stopped");
  stopped.stop_policy = scheduler::StopPolicy::kNone;
  world_.Apply(scheduler::PutClusterQueue{{scheduler::ClusterQueueId{3}, stopped}});
  Fill();
  EXPECT_EQ(Condition("Requeued"),
            "True ClusterQueueRestarted: The ClusterQueue was restarted after being stopped");
}

TEST_F(WorkloadStatusTest, FinishesOnce) {
  Admit(3);
  Fill();
  record_.state = JobState::kDone;
  record_.finished = Instant{1};
  record_.quota.Reset();
  record_.spec = {};
  Fill();
  EXPECT_EQ(Condition("Finished"), "True Succeeded: Job finished successfully");
  EXPECT_TRUE(IsConditionTrue(doc_, "QuotaReserved"));
  EXPECT_NE(kube::FindPath(doc_, {"status", "admission"}), nullptr);
}

}  // namespace
}  // namespace fairway::gateway
