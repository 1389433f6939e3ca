// A live drill from the core's side: nothing is cut before it is saved and safe, only jobs in the
// scope move, and the links are restored whatever happens.
#include "scheduler/drill/conduct.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/scheduler/failover/failover_fixture.h"

namespace fairway::scheduler {
namespace {

using ::testing::HasSubstr;

class Drills : public FailoverFixture {
 protected:
  static DrillWish Wish(std::vector<JobId> jobs = {}) {
    DrillWish wish;
    wish.id = 7;
    wish.name = "drill";
    wish.clusters = {ClusterId{1}};
    wish.listed = !jobs.empty();
    wish.jobs = std::move(jobs);
    wish.cut_for = Seconds(400);
    return wish;
  }
  const DrillRecord& Drill() const { return core().world().drill(); }
  void Ask(const DrillWish& wish) { Step(DrillAsked{wish.id, &wish}); }
  // Steps until a link is cut.
  void Cut(const DrillWish& wish) {
    Ask(wish);
    for (int i = 0; i < 10 && Drill().phase != DrillPhase::kCut; ++i) {
      At(now() + Milliseconds(500));
      Step(TimerFired{});
    }
    ASSERT_EQ(Drill().phase, DrillPhase::kCut);
    ASSERT_EQ(Only<CutLink>().cluster, ClusterId{1});
    Silence(1);
  }
  void TakeLeaseAway(uint64_t job) {
    RunObserved run = Run(job, 1, 1, RunPhase::kRunning);
    run.ends = kNoDeadline;
    run.lease_generation = Job(job).lease_generation;
    Step(run);
  }
  void Return() {
    Hear(1);
    Step(InventoryTaken{ClusterId{1}});
  }
};

TEST_F(Drills, CutsAfterItIsSavedAndRestoresWhenItsTimeIsOver) {
  ASSERT_NO_FATAL_FAILURE(Start(100, Policy(FailoverPolicy::kFast)));
  ASSERT_NO_FATAL_FAILURE(Cut(Wish()));
  ASSERT_EQ(Drill().until, Drill().cut_at + Seconds(400));
  Pass(Seconds(200));
  EXPECT_EQ(Job(100).cluster, ClusterId{2}) << "it moved by the rules of failover";
  At(Drill().until);
  Step(TimerFired{});
  EXPECT_EQ(Only<RestoreLink>().cluster, ClusterId{1});
  EXPECT_EQ(Drill().phase, DrillPhase::kReturning);
  EXPECT_EQ(Drill().end, DrillEnd::kCompleted);
  Return();
  Pass(Seconds(2));
  EXPECT_EQ(Drill().phase, DrillPhase::kReturning) << "its residue is there still";
  Step(CopyGone{JobId{100}, ClusterId{1}, Epoch{1}});
  Pass(Seconds(2));
  EXPECT_EQ(Drill().phase, DrillPhase::kNone);
}

TEST_F(Drills, NothingIsCutBeforeJobsOutsideTheScopeHaveLostTheirLeases) {
  ASSERT_NO_FATAL_FAILURE(Start(100, Policy(FailoverPolicy::kFenced)));
  ASSERT_NO_FATAL_FAILURE(Start(101, Policy(FailoverPolicy::kFenced)));
  Ask(Wish({JobId{101}}));
  At(now() + Milliseconds(1));
  Step(TimerFired{});
  const Dispatch told = Only<Dispatch>();
  EXPECT_EQ(told.job, JobId{100});
  EXPECT_FALSE(told.lease);
  // What the member says of the time before does not count: a renewal may have been on its way.
  RunObserved old = Run(100, 1, 1, RunPhase::kRunning);
  old.ends = kNoDeadline;
  Step(old);
  Ack(100);
  Pass(Seconds(2));
  EXPECT_EQ(Drill().phase, DrillPhase::kPreparing);
  // The copy has its lease still: it is asked for once more.
  old.lease_generation = Job(100).lease_generation;
  old.ends = now() + Seconds(100);
  old.leased = true;
  Step(old);
  EXPECT_TRUE(Job(100).leased);
  At(now() + Milliseconds(500));
  Step(TimerFired{});
  bool taken = false;
  for (const Command& command : sink().commands) {
    const auto* renew = std::get_if<RenewLease>(&command);
    taken = taken || (renew != nullptr && renew->job == JobId{100} && !renew->until);
  }
  EXPECT_TRUE(taken);
  EXPECT_EQ(Drill().phase, DrillPhase::kPreparing);
  TakeLeaseAway(100);
  EXPECT_FALSE(Job(100).leased);
  for (int i = 0; i < 5 && Drill().phase != DrillPhase::kCut; ++i) {
    At(now() + Milliseconds(500));
    Step(TimerFired{});
  }
  ASSERT_EQ(Drill().phase, DrillPhase::kCut);
  Silence(1);
  Pass(Seconds(390));
  EXPECT_EQ(Job(100).cluster, ClusterId{1}) << "outside the scope";
  EXPECT_EQ(Job(100).state, JobState::kUncertain);
  EXPECT_EQ(Job(101).cluster, ClusterId{2});
}

TEST_F(Drills, WhatIsAboutToBeSuspendedHasItsLeaseUntilItIsTold) {
  const JobSpec fenced = Policy(FailoverPolicy::kFenced);
  ASSERT_NO_FATAL_FAILURE(Start(100, fenced));
  Ask(Wish({JobId{999}}));
  Change(100, fenced, true);
  ASSERT_EQ(Only<Dispatch>().job, JobId{100});
  Pass(Seconds(2));
  EXPECT_EQ(Drill().phase, DrillPhase::kPreparing);
  Ack(100);
  for (int i = 0; i < 5 && Drill().phase != DrillPhase::kCut; ++i) {
    At(now() + Milliseconds(500));
    Step(TimerFired{});
  }
  EXPECT_EQ(Drill().phase, DrillPhase::kCut);
}

TEST_F(Drills, WhosePolicyHasJustChangedHasItsLeaseUntilItIsTold) {
  ASSERT_NO_FATAL_FAILURE(Start(100, Policy(FailoverPolicy::kFenced)));
  Ask(Wish({JobId{999}}));
  Change(100, Policy(FailoverPolicy::kNever), false);
  Pass(Seconds(2));
  EXPECT_EQ(Drill().phase, DrillPhase::kPreparing);
  Ack(100);
  TakeLeaseAway(100);
  Pass(Seconds(2));
  EXPECT_EQ(Drill().phase, DrillPhase::kCut);
}

TEST_F(Drills, GivesUpWhenTheyCannotBeProtected) {
  ASSERT_NO_FATAL_FAILURE(Start(100, Policy(FailoverPolicy::kFenced)));
  Ask(Wish({JobId{999}}));
  Pass(kDrillPrepareMax + Seconds(3));
  EXPECT_EQ(Drill().phase, DrillPhase::kNone);
  EXPECT_EQ(Count<CutLink>(), 0);
  // Leases begin again.
  TakeLeaseAway(100);
  Pass(Seconds(60));
  Step(TimerFired{});
  EXPECT_TRUE(WantsLease(core().world(), Job(100)));
}

TEST_F(Drills, AClusterThatFallsSilentBeforeTheCutIsNotCut) {
  ASSERT_NO_FATAL_FAILURE(Start(100, Policy(FailoverPolicy::kFenced)));
  Ask(Wish({JobId{999}}));
  Silence(1);
  Pass(Seconds(1));
  EXPECT_EQ(Drill().phase, DrillPhase::kNone);
  EXPECT_EQ(Count<CutLink>(), 0);
}

TEST_F(Drills, NothingNewGoesThereMeanwhile) {
  ASSERT_NO_FATAL_FAILURE(Cut(Wish()));
  Submit(300, Policy(FailoverPolicy::kFast));
  EXPECT_EQ(Job(300).cluster, ClusterId{2}) << "though it prefers cluster 1";
}

TEST_F(Drills, AbortRestoresAtOnce) {
  ASSERT_NO_FATAL_FAILURE(Cut(Wish()));
  Step(DrillAsked{8, nullptr});
  EXPECT_EQ(Drill().phase, DrillPhase::kCut) << "another drill's abort";
  Step(DrillAsked{7, nullptr});
  EXPECT_EQ(Count<RestoreLink>(), 1);
  EXPECT_EQ(Drill().end, DrillEnd::kAborted);
  Step(DrillAsked{7, nullptr});
  EXPECT_EQ(Count<RestoreLink>(), 0);
}

TEST_F(Drills, AnotherClusterInTroubleEndsIt) {
  AddCluster(3, 8000);
  ASSERT_NO_FATAL_FAILURE(Cut(Wish()));
  Silence(3);
  Pass(Seconds(7));
  EXPECT_EQ(Drill().end, DrillEnd::kUnhealthy);
  EXPECT_EQ(Drill().phase, DrillPhase::kReturning);
}

TEST_F(Drills, ABacklogEndsIt) {
  DrillWish wish = Wish();
  wish.pending_max = 0;
  ASSERT_NO_FATAL_FAILURE(Cut(wish));
  Submit(300, Pod(50'000));
  Pass(Seconds(1));
  EXPECT_EQ(Drill().end, DrillEnd::kBacklog);
}

TEST_F(Drills, ARestartEndsItAndCutsNothingAgain) {
  ASSERT_NO_FATAL_FAILURE(Start(100, Policy(FailoverPolicy::kFast)));
  ASSERT_NO_FATAL_FAILURE(Cut(Wish({JobId{999}})));
  ASSERT_NO_FATAL_FAILURE(Restart());
  ASSERT_EQ(Drill().phase, DrillPhase::kCut) << "as it was saved";
  Step(Recovered{});
  EXPECT_EQ(Count<CutLink>(), 0);
  EXPECT_EQ(Drill().phase, DrillPhase::kReturning);
  EXPECT_EQ(Drill().end, DrillEnd::kInterrupted);
  EXPECT_EQ(Job(100).cluster, ClusterId{1});
  Hear(2);
  Return();
  Pass(Seconds(2));
  EXPECT_EQ(Drill().phase, DrillPhase::kNone);
}

TEST_F(Drills, AClusterThatDoesNotReturnIsLostInEarnest) {
  ASSERT_NO_FATAL_FAILURE(Start(100, Policy(FailoverPolicy::kFast)));
  DrillWish wish = Wish({JobId{999}});
  wish.cut_for = Seconds(60);
  ASSERT_NO_FATAL_FAILURE(Cut(wish));
  Pass(Seconds(100));
  EXPECT_EQ(Drill().phase, DrillPhase::kReturning);
  EXPECT_EQ(Job(100).cluster, ClusterId{1});
  Pass(kDrillReturnMax + Seconds(40));
  EXPECT_EQ(Drill().phase, DrillPhase::kNone);
  Pass(Seconds(5));
  EXPECT_EQ(Job(100).cluster, ClusterId{2}) << "no drill spares it any more";
}

TEST_F(Drills, WhatStandsInTheWay) {
  DrillWish wish = Wish();
  EXPECT_EQ(WhyNoDrill(core().world(), wish), "");
  wish.clusters = {ClusterId{1}, ClusterId{2}};
  EXPECT_THAT(WhyNoDrill(core().world(), wish), HasSubstr("no other cluster"));
  wish.clusters = {ClusterId{5}};
  EXPECT_THAT(WhyNoDrill(core().world(), wish), HasSubstr("not known"));
  wish = Wish();
  Silence(2);
  Pass(Seconds(6));
  EXPECT_THAT(WhyNoDrill(core().world(), wish), HasSubstr("not well"));
  Hear(2);
  const std::string reason = "x";
  Step(FreezeChanged{true, false, &reason});
  EXPECT_THAT(WhyNoDrill(core().world(), wish), HasSubstr("frozen"));
  Ask(wish);
  EXPECT_EQ(Drill().phase, DrillPhase::kNone);
}

}  // namespace
}  // namespace fairway::scheduler
