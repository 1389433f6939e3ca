// Quota is the core's to give: no client writes itself an admission.
#include <gtest/gtest.h>

#include "gateway/driver/conditions.h"
#include "gateway/driver/workloads.h"

namespace fairway::gateway {
namespace {

using kube::Object;

const kube::KindInfo& Kind() {
  return *kube::Schema::Builtin().FindResource("kueue.x-k8s.io", "v1beta2", "workloads");
}

Object Workload(bool reserved, bool evicted) {
  Object doc({{"metadata", Object({{"name", "w"}})}, {"spec", Object({{"queueName", "q"}})}});
  if (reserved) {
    SetCondition({"QuotaReserved", "True", "QuotaReserved", ""}, Instant{0}, doc);
    SetCondition({"Admitted", "True", "Admitted", ""}, Instant{0}, doc);
    kube::EnsureObject(doc, {"status", "admission"})["clusterQueue"] = "cq";
  }
  if (evicted) SetCondition({"Evicted", "True", "Preempted", ""}, Instant{0}, doc);
  return doc;
}

std::string Judge(const Object& before, Object& doc, std::string_view subresource, bool of_job) {
  const Status status = AdmitWorkload(Kind(), &before, doc, subresource, of_job);
  return status ? std::string() : status.error().message;
}

TEST(WorkloadAdmission, NobodyReservesQuotaForHimself) {
  Object doc = Workload(true, false);
  EXPECT_NE(Judge(Workload(false, false), doc, "status", false)
                .find("status.conditions: Forbidden: quota is reserved by Fairway alone"),
            std::string::npos);
  doc = Workload(false, false);
  kube::EnsureObject(doc, {"status", "admission"})["clusterQueue"] = "cq";
  EXPECT_NE(Judge(Workload(false, false), doc, "status", false).find("status.admission"),
            std::string::npos);
}

// Kueue's handshake: the owner stops what runs, then takes the reservation back.
TEST(WorkloadAdmission, OwnerGivesBackAfterEviction) {
  Object doc = Workload(true, true);
  SetCondition({"QuotaReserved", "False", "Pending", "stopped"}, Instant{1}, doc);
  SetCondition({"Admitted", "False", "NoReservation", ""}, Instant{1}, doc);
  EXPECT_EQ(Judge(Workload(true, true), doc, "status", false), "");
  EXPECT_EQ(kube::FindPath(doc, {"status", "admission"}), nullptr);
}

TEST(WorkloadAdmission, NobodyGivesBackWhatRuns) {
  Object doc = Workload(true, false);
  SetCondition({"QuotaReserved", "False", "Pending", ""}, Instant{1}, doc);
  EXPECT_NE(Judge(Workload(true, false), doc, "status", false).find("set spec.active to false"),
            std::string::npos);
}

TEST(WorkloadAdmission, WorkloadOfAJobFollowsTheJob) {
  Object doc = Workload(false, false);
  kube::EnsureObject(doc, {"spec"})["queueName"] = "other";
  EXPECT_NE(Judge(Workload(false, false), doc, "", true).find("spec.queueName: Forbidden"),
            std::string::npos);
  doc = Workload(false, false);
  kube::EnsureObject(doc, {"spec"})["active"] = false;
  EXPECT_EQ(Judge(Workload(false, false), doc, "", true), "");
  doc = Workload(false, false);
  SetCondition({"Finished", "True", "Succeeded", ""}, Instant{1}, doc);
  EXPECT_NE(Judge(Workload(false, false), doc, "status", true).find("Finished follows the Job"),
            std::string::npos);
}

}  // namespace
}  // namespace fairway::gateway
