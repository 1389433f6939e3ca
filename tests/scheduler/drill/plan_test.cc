#include "scheduler/drill/plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/scheduler/drill/civil_time.h"

namespace fairway::scheduler {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class PlanTest : public ::testing::Test {
 protected:
  PlanTest() { wish_.schedule = *Cron::Parse("0 * * * *"); }
  PlanStep Step() const { return StepPlan(wish_, drills_, last_, now_); }
  void Active(std::string name) { drills_.push_back({std::move(name), false, false, now_}); }
  void Ended(std::string name, bool well, int64_t minutes_ago) {
    drills_.push_back({std::move(name), true, well, now_ + Seconds(-60 * minutes_ago)});
  }

  PlanWish wish_;
  std::vector<PlanDrill> drills_;
  Instant last_ = ParseUtc("2026-11-26T03:00:00Z");
  Instant now_ = ParseUtc("2026-11-26T04:00:07Z");
};

TEST_F(PlanTest, StartsWhatIsDueAndSaysWhenToLookAgain) {
  PlanStep step = Step();
  EXPECT_EQ(FormatUtc(step.start), "2026-11-26T04:00:00Z");
  EXPECT_EQ(FormatUtc(step.wake), "2026-11-26T05:00:00Z");
  last_ = step.start;
  EXPECT_FALSE(Step().start);
}

TEST_F(PlanTest, OfSeveralMissedOnesTheLatestIsStarted) {
  last_ = ParseUtc("2026-11-25T20:00:00Z");
  EXPECT_EQ(FormatUtc(Step().start), "2026-11-26T04:00:00Z");
}

TEST_F(PlanTest, SuspendedPlansStartNothingAndTrimAllTheSame) {
  wish_.suspended = true;
  wish_.failures_kept = 0;
  Ended("old", false, 60);
  PlanStep step = Step();
  EXPECT_FALSE(step.start);
  EXPECT_FALSE(step.wake);
  EXPECT_THAT(step.remove, ElementsAre("old"));
}

TEST_F(PlanTest, TooLateIsLeftOut) {
  wish_.starting_deadline = Seconds(5);
  PlanStep step = Step();
  EXPECT_FALSE(step.start);
  EXPECT_THAT(step.missed, HasSubstr("startingDeadlineSeconds"));
  wish_.starting_deadline = Seconds(7);
  EXPECT_TRUE(Step().start);
}

TEST_F(PlanTest, ForbidWaitsReplaceAbortsAllowStarts) {
  Active("one");
  PlanStep step = Step();
  EXPECT_FALSE(step.start);
  EXPECT_THAT(step.missed, HasSubstr("one"));
  wish_.concurrency = Concurrency::kReplace;
  step = Step();
  EXPECT_FALSE(step.start) << "not before the other is over";
  EXPECT_THAT(step.abort, ElementsAre("one"));
  wish_.concurrency = Concurrency::kAllow;
  step = Step();
  EXPECT_TRUE(step.start);
  EXPECT_THAT(step.abort, IsEmpty());
}

TEST_F(PlanTest, HistoryKeepsTheLatestOfEachKind) {
  last_ = now_;
  wish_.successes_kept = 2;
  wish_.failures_kept = 1;
  Ended("a", true, 50);
  Ended("b", true, 10);
  Ended("c", true, 30);
  Ended("x", false, 40);
  Ended("y", false, 20);
  EXPECT_THAT(Step().remove, ElementsAre("a", "x"));
  // Of two that ended in the same second the one that was made first is the older.
  Ended("b2", true, 10);
  drills_[1].order = 2;
  drills_.back().order = 1;
  EXPECT_THAT(Step().remove, ElementsAre("a", "c", "x"));
  wish_.successes_kept = 1;
  EXPECT_THAT(Step().remove, ElementsAre("a", "c", "b2", "x"));
}

}  // namespace
}  // namespace fairway::scheduler
