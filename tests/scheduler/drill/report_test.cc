// What a drill is said to have done is what was seen: percentiles, outcomes, lost work, copies that
// overlapped.
#include "scheduler/drill/report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/scheduler/failover/failover_fixture.h"

namespace fairway::scheduler {
namespace {

using ::testing::HasSubstr;

TEST(PercentilesTest, NearestRank) {
  EXPECT_EQ(PercentilesOf({}).count, 0);
  Percentiles one = PercentilesOf({Seconds(3)});
  EXPECT_EQ(one.p50, Seconds(3));
  EXPECT_EQ(one.p99, Seconds(3));
  std::vector<Duration> hundred;
  for (int i = 100; i >= 1; --i) hundred.push_back(Seconds(i));
  const Percentiles out = PercentilesOf(hundred);
  EXPECT_EQ(out.count, 100);
  EXPECT_EQ(out.p50, Seconds(50));
  EXPECT_EQ(out.p90, Seconds(90));
  EXPECT_EQ(out.p99, Seconds(99));
  EXPECT_EQ(out.max, Seconds(100));
  const Percentiles three = PercentilesOf({Seconds(1), Seconds(2), Seconds(30)});
  EXPECT_EQ(three.p50, Seconds(2));
  EXPECT_EQ(three.p90, Seconds(30));
}

class ReportTest : public FailoverFixture {
 protected:
  void Begin(DrillWish wish = {}) {
    wish.clusters = {ClusterId{1}};
    rehearsal_ = std::make_unique<Rehearsal>(core().world(), wish, now());
    cut_ = now();
  }
  void Note() {
    for (const Edit& edit : sink().edits) rehearsal_->Saw(edit, now());
  }
  void Do(const Event& event) {
    Step(event);
    Note();
  }
  void Wait(Duration span) {
    const Instant end = now() + span;
    while (now() < end) {
      At(std::min(end, now() + Milliseconds(200)));
      Do(TimerFired{});
    }
  }
  void RunElsewhere(uint64_t job) {
    ASSERT_EQ(Job(job).cluster, ClusterId{2});
    Do(DispatchAcked{JobId{job}, ClusterId{2}, Epoch{2}});
    Do(Run(job, 2, 2, RunPhase::kRunning));
  }
  DrillReport Report() {
    return MakeReport(
        *rehearsal_, core().world(), core().failover(),
        {.explain = [this](const JobRecord& record) { return Explained(record.job.value).message; },
         .wanted = [this](const RehearsedJob& job) { return job.job == wanted_; }});
  }
  const DrillRow& RowOf(const DrillReport& report, uint64_t job) {
    for (const DrillRow& row : report.rows) {
      if (row.job->job == JobId{job}) return row;
    }
    ADD_FAILURE() << "no row of " << job;
    static const DrillRow none;
    return none;
  }

  std::unique_ptr<Rehearsal> rehearsal_;
  Instant cut_;
  JobId wanted_;
};

TEST_F(ReportTest, MovesWaitsAndReturns) {
  ASSERT_NO_FATAL_FAILURE(Start(100, Policy(FailoverPolicy::kFast)));
  ASSERT_NO_FATAL_FAILURE(Start(101, Policy(FailoverPolicy::kNever)));
  At(now() + Seconds(50));
  Begin();
  Do(LinkObserved{ClusterId{1}, false, false, now()});
  Wait(Seconds(130));
  ASSERT_NO_FATAL_FAILURE(RunElsewhere(100));
  DrillReport report = Report();
  EXPECT_EQ(report.in_scope, 2);
  EXPECT_EQ(report.fates[DrillFate::kMoved], 1);
  EXPECT_EQ(report.fates[DrillFate::kWaits], 1);
  EXPECT_EQ(report.rto.count, 1);
  EXPECT_EQ(report.rto.max, now() - cut_);
  EXPECT_EQ(report.detection.count, 1);
  const DrillRow& moved = RowOf(report, 100);
  EXPECT_EQ(moved.restarted, now() - cut_);
  EXPECT_LE(moved.detected, moved.left);
  EXPECT_GT(moved.lost_work, Seconds(50)) << "it had run before the cut";
  EXPECT_THAT(RowOf(report, 101).why, HasSubstr("never"));
  // The cluster is back: the copy that stayed goes on.
  Do(LinkObserved{ClusterId{1}, true});
  Do(Run(101, 1, 1, RunPhase::kRunning));
  Do(InventoryTaken{ClusterId{1}});
  report = Report();
  EXPECT_EQ(report.fates[DrillFate::kResumed], 1);
  EXPECT_EQ(report.lost_runs, 0);
  EXPECT_TRUE(rehearsal_->clusters()[0].returned);
}

TEST_F(ReportTest, CopiesThatOverlappedAreCountedByTheirMembersRecords) {
  ASSERT_NO_FATAL_FAILURE(Start(100, Policy(FailoverPolicy::kFast)));
  ASSERT_NO_FATAL_FAILURE(Start(101, Policy(FailoverPolicy::kFast)));
  Begin();
  Do(LinkObserved{ClusterId{1}, false, false, now()});
  Wait(Seconds(130));
  for (uint64_t job : {100, 101}) {
    ASSERT_NO_FATAL_FAILURE(RunElsewhere(job));
    rehearsal_->Saw(CopySeen{JobId{job}, ClusterId{2}, Epoch{2}, RunPhase::kRunning, now(), {}},
                    now());
  }
  EXPECT_EQ(Report().duplicated, 0) << "nobody has said anything of the old copies yet";
  const Instant started = cut_ + Seconds(-10);
  At(now() + Seconds(40));
  // One runs on there to this moment; the other had ended before its successor began.
  rehearsal_->Saw(CopySeen{JobId{100}, ClusterId{1}, Epoch{1}, RunPhase::kRunning, started, {}},
                  now());
  rehearsal_->Saw(CopySeen{JobId{101}, ClusterId{1}, Epoch{1}, RunPhase::kLeaseEnded, started,
                           cut_ + Seconds(60)},
                  now());
  const DrillReport report = Report();
  EXPECT_EQ(report.duplicated, 1);
  EXPECT_EQ(report.duplicated_under_fenced, 0) << "policy fast allows it";
  EXPECT_EQ(RowOf(report, 100).job->overlap, Seconds(40));
  EXPECT_EQ(RowOf(report, 101).lost_work, Seconds(70));
}

TEST_F(ReportTest, WhatFindsNoRoomIsToldWhy) {
  ASSERT_NO_FATAL_FAILURE(Start(100, Policy(FailoverPolicy::kFast)));
  ClusterSpec closed;
  closed.name = "c2";
  closed.cordoned = true;
  Step(ClusterChanged{ClusterId{2}, &closed});
  Begin();
  Do(LinkObserved{ClusterId{1}, false, false, now()});
  Wait(Seconds(130));
  const DrillReport report = Report();
  EXPECT_EQ(report.fates.at(DrillFate::kUnplaced), 1);
  EXPECT_FALSE(RowOf(report, 100).why.empty());
  EXPECT_EQ(report.not_restarted.size(), 1u);
}

TEST_F(ReportTest, OwnersMayDeleteAndNothingElseMayVanish) {
  ASSERT_NO_FATAL_FAILURE(Start(100, Policy(FailoverPolicy::kNever)));
  ASSERT_NO_FATAL_FAILURE(Start(101, Policy(FailoverPolicy::kNever)));
  Begin();
  Do(JobDeleted{JobId{100}, true});
  EXPECT_EQ(Report().lost_runs, 0);
  Do(JobDeleted{JobId{101}, true});
  wanted_ = JobId{101};  // its object is there all the same
  EXPECT_EQ(Report().lost_runs, 1);
}

TEST_F(ReportTest, JobsOutsideTheScopeAreCountedApart) {
  ASSERT_NO_FATAL_FAILURE(Start(100, Policy(FailoverPolicy::kFast)));
  DrillWish wish;
  wish.namespaces = {"other"};
  Begin(wish);
  // No drill is under way in this world: so it moves, and that shows.
  Do(LinkObserved{ClusterId{1}, false, false, now()});
  Wait(Seconds(130));
  const DrillReport report = Report();
  EXPECT_EQ(report.in_scope, 0);
  EXPECT_EQ(report.spared, 1);
  EXPECT_EQ(report.spared_moved, 1);
}

}  // namespace
}  // namespace fairway::scheduler
