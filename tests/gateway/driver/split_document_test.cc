#include "gateway/driver/split_document.h"

#include <gtest/gtest.h>

#include "clusters/kube/json.h"
#include "scheduler/edit.h"

namespace fairway::gateway {
namespace {

using kube::Array;
using kube::Object;
using scheduler::IndexRange;
using scheduler::JobRecord;
using scheduler::JobState;

constexpr JobId kWhole{7};

class SplitDocumentTest : public ::testing::Test {
 protected:
  SplitDocumentTest() {
    for (uint64_t i = 1; i <= 2; ++i) {
      scheduler::ClusterSpec spec;
      spec.name = "c" + std::to_string(i);
      world_.Apply(scheduler::PutCluster{{ClusterId{i}, spec}});
    }
    scheduler::JobSpec wishes;
    wishes.parallelism = 2;
    world_.Apply(scheduler::PutSpec{SpecId{1}, wishes});
    whole_.job = kWhole;
    whole_.name = "default/j";
    whole_.spec = SpecId{1};
    whole_.state = JobState::kSplit;
    whole_.split = true;
    whole_.epoch = Epoch{1};
    world_.Apply(scheduler::PutJob{whole_});
    Put(1, {0, 3}, JobState::kRunning);
    Put(2, {4, 5}, JobState::kRunning);
  }
  void Put(uint64_t number, IndexRange indexes, JobState state) {
    JobRecord part;
    part.job = ShardOf(kWhole, number);
    part.name = "default/j";
    part.spec = SpecId{1};
    part.state = state;
    part.cluster = ClusterId{number};
    part.epoch = Epoch{1};
    part.part.Make().indexes = indexes;
    if (scheduler::IsFinished(part)) {
      part.finished = Instant{60'000};
      part.spec = SpecId{};
    }
    world_.Apply(scheduler::PutJob{part});
  }
  const JobRecord& Part(uint64_t number) const { return *world_.FindJob(ShardOf(kWhole, number)); }
  static Object Parse(std::string_view text) { return kube::ParseJson(text).value().get_object(); }
  // A member's report of a part, as the driver takes it over.
  void Report(uint64_t number, std::string_view status) {
    Object placement;
    kube::EnsureObject(placement, {"status"})["shards"] = shards_;
    shards_ = ShardsDocument(whole_, world_, &placement, nullptr, {});
    ASSERT_TRUE(NoteShardStatus(Part(number), status, shards_));
    ASSERT_TRUE(MergeSplitStatus(whole_, Part(number), status, shards_, job_));
  }
  std::string Status() const { return kube::Serialize(*kube::Find(job_, "status")); }
  int64_t Number(std::string_view key) const {
    return kube::Get<int64_t>(job_, {"status", key}).value_or(0);
  }

  scheduler::World world_;
  JobRecord whole_;
  Array shards_;
  Object job_ = Parse(R"({"spec":{"completions":6}})");
};

TEST_F(SplitDocumentTest, ShardsSayWhichIndexesAreWhere) {
  const Array shards = ShardsDocument(whole_, world_, nullptr, nullptr, {});
  ASSERT_EQ(shards.size(), 2u);
  EXPECT_EQ(kube::GetString(shards[0], {"indexes"}), "0-3");
  EXPECT_EQ(kube::GetString(shards[1], {"indexes"}), "4,5");
  EXPECT_EQ(kube::GetString(shards[1], {"cluster"}), "c2");
  EXPECT_EQ(kube::Get<int64_t>(shards[1], {"pods"}), 2);
  EXPECT_EQ(StateOfParts(whole_, world_), "Running");
}

TEST_F(SplitDocumentTest, StatusIsTheSumOfThePartsAndOfTheirOwnIndexesOnly) {
  // A copy is told that the indexes of the others have completed, and repeats that.
  Report(1,
         R"({"active":2,"completedIndexes":"0,4,5","succeeded":3,
        "startTime":"2026-01-01T00:00:05Z"})");
  EXPECT_EQ(kube::GetString(job_, {"status", "completedIndexes"}), "0");
  EXPECT_EQ(Number("succeeded"), 1);
  Report(2,
         R"({"active":1,"failed":1,"completedIndexes":"0-4","succeeded":5,
        "startTime":"2026-01-01T00:00:03Z"})");
  EXPECT_EQ(kube::GetString(job_, {"status", "completedIndexes"}), "0,4");
  EXPECT_EQ(Number("succeeded"), 2);
  EXPECT_EQ(Number("active"), 3);
  EXPECT_EQ(Number("failed"), 1);
  EXPECT_EQ(kube::GetString(job_, {"status", "startTime"}), "2026-01-01T00:00:03Z");
}

TEST_F(SplitDocumentTest, OneCompletePartIsNoCompleteJob) {
  Put(2, {4, 5}, JobState::kDone);
  Report(2, R"({"completedIndexes":"0-5","succeeded":6,"conditions":[
    {"type":"SuccessCriteriaMet","status":"True"},{"type":"Complete","status":"True"}]})");
  EXPECT_EQ(kube::GetArray(job_, {"status", "conditions"}), nullptr) << Status();
  EXPECT_EQ(Number("succeeded"), 2);
  Put(1, {0, 3}, JobState::kDone);
  whole_.state = JobState::kDone;
  whole_.finished = Instant{60'000};
  Report(1, R"({"completedIndexes":"0-5","succeeded":6,"conditions":[
    {"type":"SuccessCriteriaMet","status":"True"},{"type":"Complete","status":"True"}]})");
  EXPECT_EQ(kube::GetString(job_, {"status", "completedIndexes"}), "0-5");
  EXPECT_EQ(Number("succeeded"), 6);
  ASSERT_NE(kube::GetArray(job_, {"status", "conditions"}), nullptr) << Status();
  EXPECT_EQ(kube::GetArray(job_, {"status", "conditions"})->size(), 2u) << Status();
  EXPECT_EQ(kube::GetString(job_, {"status", "completionTime"}), "1970-01-01T00:01:00Z");
}

TEST_F(SplitDocumentTest, TheFailureOfAPartIsTheJobs) {
  Put(1, {0, 3}, JobState::kFailed);
  whole_.state = JobState::kFailed;
  whole_.finished = Instant{60'000};
  Report(1,
         R"({"failed":7,"conditions":[
    {"type":"FailureTarget","status":"True","reason":"DeadlineExceeded"},
    {"type":"Failed","status":"True","reason":"DeadlineExceeded"}]})");
  const Array* conditions = kube::GetArray(job_, {"status", "conditions"});
  ASSERT_NE(conditions, nullptr);
  ASSERT_EQ(conditions->size(), 2u);
  EXPECT_EQ(kube::GetString((*conditions)[1], {"reason"}), "DeadlineExceeded");
  EXPECT_EQ(Number("failed"), 7);
}

TEST_F(SplitDocumentTest, ACopyOfAPartHasItsShareOfThePods) {
  Object copy = Parse(R"({"spec":{"parallelism":9}})");
  EXPECT_FALSE(ShareParallelism(whole_, world_, copy));
  EXPECT_TRUE(ShareParallelism(Part(1), world_, copy));
  EXPECT_EQ(kube::Get<int64_t>(copy, {"spec", "parallelism"}), 2);
}

}  // namespace
}  // namespace fairway::gateway
