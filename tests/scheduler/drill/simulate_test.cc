// A drill in thought moves what a live one would move, at the times at which it would.
#include "scheduler/drill/simulate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/scheduler/failover/failover_fixture.h"

namespace fairway::scheduler {
namespace {

class SimulateTest : public FailoverFixture {
 protected:
  SimulatedDrill Simulate(DrillWish wish = {}) {
    wish.id = 1;
    wish.clusters = {ClusterId{1}};
    wish.cut_for = Seconds(600);
    ForecastPlan plan;
    plan.now = now();
    plan.failover = core().failover();
    plan.run_times.assumed = Seconds(100'000);
    return SimulateDrill(core().world(), std::move(plan), wish);
  }
};

TEST_F(SimulateTest, EachPolicyDoesWhatItWould) {
  ASSERT_NO_FATAL_FAILURE(Start(100, Policy(FailoverPolicy::kFast)));
  ASSERT_NO_FATAL_FAILURE(Start(101, Policy(FailoverPolicy::kFenced)));
  ASSERT_NO_FATAL_FAILURE(Start(102, Policy(FailoverPolicy::kNever)));
  const SimulatedDrill drill = Simulate();
  ASSERT_NE(drill.rehearsal, nullptr);
  const DrillReport& report = drill.report;
  EXPECT_EQ(report.in_scope, 3);
  EXPECT_EQ(report.fates.at(DrillFate::kMoved), 2);
  EXPECT_EQ(report.fates.at(DrillFate::kWaits), 1);
  // Noticed after 30 s; a fenced one after its lease, skew, grace and guard as well.
  const Percentiles& fast = report.rto_by_policy.at(FailoverPolicy::kFast);
  EXPECT_GE(fast.max, Seconds(30));
  EXPECT_LT(fast.max, Seconds(35));
  const Percentiles& fenced = report.rto_by_policy.at(FailoverPolicy::kFenced);
  EXPECT_GT(fenced.max, Seconds(120));
  EXPECT_LT(fenced.max, Seconds(190));
}

TEST_F(SimulateTest, TheScopeHoldsInThoughtAsWell) {
  ASSERT_NO_FATAL_FAILURE(Start(100, Policy(FailoverPolicy::kFenced)));
  ASSERT_NO_FATAL_FAILURE(Start(101, Policy(FailoverPolicy::kFenced)));
  DrillWish wish;
  wish.listed = true;
  wish.jobs = {JobId{101}};
  const SimulatedDrill drill = Simulate(wish);
  ASSERT_NE(drill.rehearsal, nullptr) << DrillEndName(drill.end);
  EXPECT_EQ(drill.report.spared, 1);
  EXPECT_EQ(drill.report.spared_moved, 0);
  EXPECT_EQ(drill.report.fates.at(DrillFate::kMoved), 1);
}

TEST_F(SimulateTest, WhatCannotBeginHasNoReport) {
  Silence(1);
  Pass(Seconds(6));
  EXPECT_EQ(Simulate().rehearsal, nullptr);
}

}  // namespace
}  // namespace fairway::scheduler
