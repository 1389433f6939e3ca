// What a member says of its copy becomes the Job's status, within the API's own status rules.
#include "gateway/driver/job_status.h"

#include <gtest/gtest.h>

namespace fairway::gateway {
namespace {

kube::Value JobWith(const std::string& status) {
  auto doc = kube::ParseJson(R"({"spec":{"parallelism":1},"status":)" + status + "}");
  return *doc;
}

TEST(JobStatusTest, FirstEpochIsCopiedButForPodUids) {
  kube::Value job = JobWith("{}");
  Status merged = MergeJobStatus(
      R"({"active":1,"startTime":"2026-01-01T00:00:00Z","uncountedTerminatedPods":{"succeeded":["u"]}})",
      true, false, job.get_object());
  ASSERT_TRUE(merged);
  EXPECT_EQ(kube::Get<int64_t>(job, {"status", "active"}), 1);
  EXPECT_EQ(kube::GetString(job, {"status", "startTime"}), "2026-01-01T00:00:00Z");
  EXPECT_EQ(kube::FindPath(job, {"status", "uncountedTerminatedPods"}), nullptr);
}

TEST(JobStatusTest, LaterEpochsNeverMoveTheStartOrLetCountersFall) {
  kube::Value job = JobWith(R"({"startTime":"2026-01-01T00:00:00Z","failed":2,"succeeded":1})");
  Status merged = MergeJobStatus(R"({"startTime":"2026-01-02T00:00:00Z","failed":0,"succeeded":3})",
                                 false, false, job.get_object());
  ASSERT_TRUE(merged);
  EXPECT_EQ(kube::GetString(job, {"status", "startTime"}), "2026-01-01T00:00:00Z");
  EXPECT_EQ(kube::Get<int64_t>(job, {"status", "failed"}), 2);
  EXPECT_EQ(kube::Get<int64_t>(job, {"status", "succeeded"}), 3);
}

TEST(JobStatusTest, IndexesThatHaveEndedStayAcrossEpochs) {
  kube::Value job = JobWith(R"({"completedIndexes":"0-2,5","failedIndexes":"7"})");
  ASSERT_TRUE(MergeJobStatus(R"({"active":2})", false, false, job.get_object()));
  EXPECT_EQ(kube::GetString(job, {"status", "completedIndexes"}), "0-2,5");
  ASSERT_TRUE(MergeJobStatus(R"({"completedIndexes":"3,4"})", false, false, job.get_object()));
  EXPECT_EQ(kube::GetString(job, {"status", "completedIndexes"}), "0-5");
  EXPECT_EQ(kube::GetString(job, {"status", "failedIndexes"}), "7");
  // In the first epoch the member's word is all there is.
  ASSERT_TRUE(MergeJobStatus(R"({"completedIndexes":"1"})", true, false, job.get_object()));
  EXPECT_EQ(kube::GetString(job, {"status", "completedIndexes"}), "1");
}

// A copy whose lease has run out says FailureTarget, then Failed; the next epoch goes on. The API
// lets nobody take such a condition back, so a Job that had shown it never got a status again.
TEST(JobStatusTest, HowACopyEndsIsShownOnceItIsTheJobsResult) {
  const std::string ending =
      R"({"failed":1,"conditions":[{"type":"FailureTarget","status":"True",
          "reason":"DeadlineExceeded"}]})";
  kube::Value job = JobWith("{}");
  ASSERT_TRUE(MergeJobStatus(ending, true, false, job.get_object()));
  EXPECT_EQ(kube::FindPath(job, {"status", "conditions"}), nullptr);
  EXPECT_EQ(kube::Get<int64_t>(job, {"status", "failed"}), 1);
  const std::string both =
      R"({"conditions":[{"type":"Suspended","status":"False"},{"type":"SuccessCriteriaMet",
          "status":"True"},{"type":"Complete","status":"True"}]})";
  ASSERT_TRUE(MergeJobStatus(both, false, false, job.get_object()));
  EXPECT_EQ(kube::FindPath(job, {"status", "conditions"})->as_array().size(), 1u);
  ASSERT_TRUE(MergeJobStatus(both, false, true, job.get_object()));
  EXPECT_EQ(kube::FindPath(job, {"status", "conditions"})->as_array().size(), 3u);
}

TEST(JobStatusTest, GarbageIsAnErrorAndChangesNothing) {
  kube::Value job = JobWith(R"({"failed":2})");
  EXPECT_FALSE(MergeJobStatus("{\"active\":", true, false, job.get_object()));
  EXPECT_FALSE(MergeJobStatus("[]", true, false, job.get_object()));
  EXPECT_EQ(kube::Get<int64_t>(job, {"status", "failed"}), 2);
}

}  // namespace
}  // namespace fairway::gateway
