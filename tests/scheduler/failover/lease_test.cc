// Promise: every lease that is asked for ends at or before a saved horizon, and is renewed in time.
#include "tests/scheduler/failover/failover_fixture.h"

namespace fairway::scheduler {
namespace {

using Lease = FailoverFixture;

TEST_F(Lease, ADispatchUnderFencedCarriesOneThatTheHorizonCovers) {
  Submit(1, Policy(FailoverPolicy::kFenced));
  const auto dispatch = Only<Dispatch>();
  EXPECT_EQ(dispatch.lease, now() + Seconds(120));
  EXPECT_LE(dispatch.lease, Link(dispatch.cluster.value).horizon);
  Submit(2, Policy(FailoverPolicy::kFast));
  EXPECT_FALSE(Only<Dispatch>().lease);
}

TEST_F(Lease, ASingleClusterGivesNone) {
  Step(ClusterRemoved{ClusterId{2}});
  Submit(1, Policy(FailoverPolicy::kFenced));
  EXPECT_FALSE(Only<Dispatch>().lease);
}

TEST_F(Lease, IsRenewedEveryThirdOfIt) {
  Start(1, Policy(FailoverPolicy::kFenced));
  int renewals = 0;
  for (int i = 0; i < 130; ++i) {
    At(now() + Seconds(1));
    Step(TimerFired{});
    if (Count<RenewLease>() == 0) continue;
    ++renewals;
    const auto renewal = Only<RenewLease>();
    EXPECT_EQ(renewal.until, now() + Seconds(120));
    EXPECT_LE(renewal.until, Link(1).horizon);
  }
  EXPECT_GE(renewals, 3);
  EXPECT_LE(renewals, 4);
}

TEST_F(Lease, ALateStartMovesTheHorizon) {
  Start(1, Policy(FailoverPolicy::kFenced));
  RunObserved late = Run(1, 1, 1, RunPhase::kRunning);
  late.ends = now() + Seconds(500);
  late.leased = true;
  Step(late);
  EXPECT_GE(Link(1).horizon, late.ends);
}

TEST_F(Lease, AResumedCopyIsUnknownUntilItsNewStartIsReported) {
  const JobSpec spec = Policy(FailoverPolicy::kFenced);
  Start(1, spec);
  Change(1, spec, /*suspended=*/true);
  Ack(1);
  Change(1, spec, /*suspended=*/false);
  Ack(1);
  EXPECT_FALSE(Job(1).leased);
  RunObserved old = Run(1, 1, 1, RunPhase::kRunning);
  old.ends = now() + Seconds(60);
  Step(old);  // of the generation before
  EXPECT_FALSE(Job(1).leased);
  old.lease_generation = Job(1).lease_generation;
  Step(old);
  EXPECT_TRUE(Job(1).leased);
}

TEST_F(Lease, AnEndByItIsNotTheJobsFailure) {
  Start(1, Policy(FailoverPolicy::kFenced));
  Step(Run(1, 1, 1, RunPhase::kLeaseEnded));
  EXPECT_EQ(Job(1).state, JobState::kRequeued);
  Step(CopyGone{JobId{1}, ClusterId{1}, Epoch{1}, true});
  EXPECT_EQ(Job(1).epoch, Epoch{2});
  EXPECT_EQ(Job(1).former.back().reason, EndReason::kFenced);
}

}  // namespace
}  // namespace fairway::scheduler
