#include "scheduler/forecast/run_times.h"

#include <gtest/gtest.h>

namespace fairway::scheduler {
namespace {

TEST(RunTimeModelTest, WhatIsDeclaredGoesBeforeWhatWasSeen) {
  RunTimeModel model;
  JobSpec spec;
  spec.queueing.local_queue = "ns/q";
  EXPECT_EQ(model.WholeRun(JobId{1}, spec), Seconds(300));
  model.typical = Seconds(20);
  EXPECT_EQ(model.WholeRun(JobId{1}, spec), Seconds(20));
  model.by_queue["ns/q"] = Seconds(30);
  EXPECT_EQ(model.WholeRun(JobId{1}, spec), Seconds(30));
  EXPECT_EQ(model.WholeRun(JobId{1}, JobSpec{}), Seconds(20));
  model.declared[JobId{1}] = Seconds(40);
  EXPECT_EQ(model.WholeRun(JobId{1}, spec), Seconds(40));
  EXPECT_EQ(model.WholeRun(JobId{2}, spec), Seconds(30));
}

TEST(RunTimeModelTest, DeadlineBounds) {
  RunTimeModel model;
  model.deadlines[JobId{1}] = Seconds(10);
  EXPECT_EQ(model.WholeRun(JobId{1}, JobSpec{}), Seconds(10));
  model.typical = Seconds(5);
  EXPECT_EQ(model.WholeRun(JobId{1}, JobSpec{}), Seconds(5));
  model.declared[JobId{1}] = Seconds(60);
  EXPECT_EQ(model.WholeRun(JobId{1}, JobSpec{}), Seconds(10));
}

TEST(RunTimeModelTest, RemainingNeverReachesZero) {
  RunTimeModel model;
  model.assumed = Seconds(100);
  const Instant since{1'000'000};
  const auto left = [&](Duration ran) {
    return model.Remaining(JobId{1}, JobSpec{}, since, since + ran);
  };
  EXPECT_EQ(left(Seconds(0)), Seconds(100));
  EXPECT_EQ(left(Seconds(70)), Seconds(30));
  EXPECT_EQ(left(Seconds(200)), Seconds(20));
  model.assumed = Milliseconds(10);
  EXPECT_EQ(left(Milliseconds(10)), Seconds(1));
}

TEST(MedianRunTest, OfFinishedJobsAlone) {
  World world;
  EXPECT_EQ(MedianRun(world), Duration{});
  int64_t run = 10;
  for (uint64_t id = 1; id <= 3; ++id, run *= 10) {
    JobRecord record;
    record.job = JobId{id};
    record.name = "default/j";
    record.state = JobState::kDone;
    record.since = Instant{1000};
    record.finished = record.since + Seconds(run);
    world.Apply(PutJob{record});
  }
  EXPECT_EQ(MedianRun(world), Seconds(100));
}

}  // namespace
}  // namespace fairway::scheduler
