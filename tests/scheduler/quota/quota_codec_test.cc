// Quota records come back as they were written, and old records as they always did.
#include "scheduler/quota/quota_codec.h"

#include <gtest/gtest.h>

#include "scheduler/edit.h"

namespace fairway::scheduler {
namespace {

template <typename Put>
void ExpectRoundTrip(const Put& put) {
  const std::string value = *EditValue(Edit(put));
  const auto back = DecodeEdit(EditKey(Edit(put)), value);
  ASSERT_TRUE(back) << back.error().message;
  EXPECT_EQ(std::get<Put>(*back).record, put.record);
  for (size_t length = 0; length < value.size(); ++length) {
    EXPECT_FALSE(DecodeEdit(EditKey(Edit(put)), std::string_view(value).substr(0, length)));
  }
}

TEST(QuotaCodecTest, ObjectsComeBackAsTheyWere) {
  FlavorSpec flavor;
  flavor.name = "spot";
  flavor.node_labels = {{"pool", "spot"}};
  flavor.node_taints = {{"spot", "true", TaintEffect::kNoExecute}};
  flavor.tolerations = {{"spot", true, "", true, TaintEffect::kNoSchedule}};
  ExpectRoundTrip(PutFlavor{{FlavorId{1}, flavor}});
  ResourceGroup group;
  group.covered = {"cpu", "nvidia.com/gpu"};
  group.flavors = {{"spot", {{"cpu", 4000, 1000, kNoLimit}, {"nvidia.com/gpu", 2, kNoLimit, 0}}}};
  ExpectRoundTrip(PutCohort{{CohortId{2}, {"all", "root", {group}, 2000}}});
  ClusterQueueSpec queue;
  queue.name = "a";
  queue.cohort = "all";
  queue.groups = {group};
  queue.strategy = QueueingStrategy::kStrictFifo;
  queue.preemption = {PreemptionPolicy::kLowerOrNewerEqualPriority, PreemptionPolicy::kAny,
                      PreemptionPolicy::kLowerPriority, true, -5};
  queue.fungibility = {FungibilityPolicy::kTryNextFlavor, FungibilityPolicy::kMayStopSearch,
                       FungibilityPreference::kPreemptionOverBorrowing};
  queue.fair_weight_milli = 500;
  queue.stop_policy = StopPolicy::kHoldAndDrain;
  queue.survive_cluster_loss = true;
  ExpectRoundTrip(PutClusterQueue{{ClusterQueueId{3}, queue}});
  ExpectRoundTrip(PutLocalQueue{{LocalQueueId{4}, {"ns/a", "a", StopPolicy::kHold, false}}});
}

TEST(QuotaCodecTest, AJobKeepsItsAdmission) {
  JobRecord record;
  record.job = JobId{7};
  record.spec = SpecId{1};
  record.state = JobState::kAdmitted;
  record.epoch = Epoch{1};
  JobQuota& quota = record.quota.Make();
  quota.cluster_queue = ClusterQueueId{3};
  quota.pod_sets = {{2, {FlavorId{1}, FlavorId{}}}};
  quota.admitted_at = Instant{5};
  quota.past_execution_ms = 6;
  quota.evictions = 1;
  quota.preempted = PreemptionCause::kInCohortFairSharing;
  quota.preemptor = JobId{9};
  quota.next_spec = SpecId{2};
  const std::string value = *EditValue(PutJob{record});
  EXPECT_EQ(value[0], 2);
  const auto back = DecodeEdit(EditKey(PutJob{record}), value);
  ASSERT_TRUE(back) << back.error().message;
  EXPECT_EQ(std::get<PutJob>(*back).record, record);
}

TEST(QuotaCodecTest, WishesOfQuotaArePartOfTheSpec) {
  JobSpec spec;
  spec.gang = false;
  spec.queueing.local_queue = "ns/a";
  spec.queueing.pod_sets.resize(2);
  spec.queueing.pod_sets[0] = {"main",
                               3,
                               1,
                               {},
                               {{{{"pool", LabelRequirement::Op::kExists, {}}}}},
                               {{"a", true, "", true, TaintEffect::kNoSchedule}}};
  spec.queueing.max_execution_seconds = 60;
  spec.queueing.workload_only = true;
  const auto back =
      DecodeEdit(EditKey(PutSpec{SpecId{1}, spec}), *EditValue(PutSpec{SpecId{1}, spec}));
  ASSERT_TRUE(back) << back.error().message;
  EXPECT_EQ(std::get<PutSpec>(*back).spec, spec);
}

TEST(QuotaCodecTest, WhatNeedsNothingNewIsWrittenAsBefore) {
  JobRecord record;
  record.job = JobId{7};
  EXPECT_EQ((*EditValue(PutJob{record}))[0], 1);
  EXPECT_EQ((*EditValue(PutSpec{SpecId{1}, {}}))[0], 1);
}

}  // namespace
}  // namespace fairway::scheduler
