// A cheap "no" is never wrong: whoever is called hopeless would have found nothing. In random
// worlds of cohorts, queues and jobs, after every step and for every head.
#include "scheduler/quota/hope.h"

#include "scheduler/quota/admit.h"
#include "scheduler/quota/reservation.h"
#include "scheduler/rng.h"
#include "tests/scheduler/quota/quota_fixture.h"

namespace fairway::scheduler {
namespace {

class HopeTest : public QuotaFixture {
 protected:
  // How many heads were given up without a look.
  int64_t CheckHeads() {
    // Plans move things in the ledger and put them back.
    auto& world = const_cast<World&>(core().world());
    if (world.ledger().stale()) return 0;
    int64_t hopeless = 0;
    for (const auto& [id, queue] : world.ledger().queues()) {
      if (!id) continue;
      QueueHead after = PendingQueue::kBeforeAll;
      while (const QueueHead* head = queue.pending.Next(after)) {
        after = *head;
        if (!IsHopeless(world, id, queue, after, now())) continue;
        ++hopeless;
        const AdmitPlan plan = PlanAdmission(world, *world.FindJob(after.job), false);
        EXPECT_TRUE(plan.outcome == AdmitOutcome::kNoQuota || plan.outcome == AdmitOutcome::kNever)
            << "job " << after.job.value << ": " << static_cast<int>(plan.outcome);
        const Claims aside = SetReservationsAside(world);
        const AdmitPlan beside = PlanAdmission(world, *world.FindJob(after.job), false);
        PutBack(world, aside);
        EXPECT_TRUE(beside.outcome == AdmitOutcome::kNoQuota ||
                    beside.outcome == AdmitOutcome::kNever)
            << "job " << after.job.value << " beside reservations";
      }
    }
    return hopeless;
  }

  void Run(uint64_t seed) {
    Rng rng(seed);
    QuotaSettings settings;
    settings.fair_sharing = rng.Chance({1, 4});
    Step(QuotaConfigured{settings});
    Flavor(1, "default");
    Flavor(2, "spot");
    const int cohorts = static_cast<int>(rng.Between(1, 3));
    for (int i = 1; i < cohorts; ++i) {
      CohortSpec cohort;
      cohort.name = "k" + std::to_string(i);
      cohort.parent = "k" + std::to_string(i - 1);
      AddCohort(static_cast<uint64_t>(i), cohort);
    }
    for (uint64_t i = 0; i < kQueues; ++i) {
      ClusterQueueSpec queue =
          Queue("q" + std::to_string(i), 0,
                "k" + std::to_string(rng.Below(static_cast<uint64_t>(cohorts))));
      queue.groups = {CpuGroup(rng.Between(0, 6), rng.Chance({1, 3}) ? rng.Between(0, 3) : kNoLimit,
                               rng.Chance({1, 3}) ? rng.Between(0, 3) : kNoLimit)};
      if (rng.Chance({1, 3})) {
        queue.groups[0].flavors.push_back({"spot", {{"cpu", 1000 * rng.Between(0, 3)}}});
      }
      queue.preemption.within_cluster_queue = static_cast<PreemptionPolicy>(rng.Below(3));
      queue.preemption.reclaim_within_cohort = static_cast<PreemptionPolicy>(rng.Below(4));
      if (rng.Chance({1, 4})) {
        queue.preemption.borrow_within_cohort = PreemptionPolicy::kLowerPriority;
      }
      if (rng.Chance({1, 5})) queue.strategy = QueueingStrategy::kStrictFifo;
      AddQueue(10 + i, queue);
    }
    uint64_t last = 100;
    for (int step = 0; step < kSteps; ++step) {
      const uint64_t job = 101 + rng.Below(last - 99);
      const JobRecord* record = job <= last ? core().world().FindJob(JobId{job}) : nullptr;
      if (record == nullptr || rng.Chance({1, 2})) {
        Submit(++last, Bare("q" + std::to_string(rng.Below(kQueues)), rng.Between(1, 6),
                            static_cast<int32_t>(rng.Below(3))));
      } else if (record->state == JobState::kRequeued) {
        Gone(job);
      } else if (Admitted(job)) {
        Done(job);
      } else if (rng.Chance({1, 50})) {
        At(now() + core().world().quota_settings().reserve_after);
      }
      hopeless_ += CheckHeads();
      if (HasFailure()) return;
    }
  }

  static constexpr uint64_t kQueues = 5;
  static constexpr int kSteps = 120;
  int64_t hopeless_ = 0;
};

class HopeSeeds : public HopeTest, public ::testing::WithParamInterface<uint64_t> {};

TEST_P(HopeSeeds, WhoeverIsCalledHopelessIs) {
  Run(GetParam());
  RecordProperty("hopeless", static_cast<int>(hopeless_));
}

INSTANTIATE_TEST_SUITE_P(Random, HopeSeeds, ::testing::Range<uint64_t>(1, 61));

TEST_F(HopeTest, ItIsSaidAtAll) {
  Flavor(1, "default");
  AddQueue(1, Queue("a", 4, "all"));
  AddQueue(2, Queue("b", 4, "all"));
  Submit(10, Bare("a", 8));
  Submit(11, Bare("a", 2));
  EXPECT_EQ(CheckHeads(), 1) << "all is taken, and nobody may be preempted";
  Submit(12, Bare("b", 9));
  EXPECT_EQ(CheckHeads(), 2);
  Done(10);
  EXPECT_TRUE(Admitted(11));
  EXPECT_EQ(CheckHeads(), 1) << "more than there ever will be";
}

}  // namespace
}  // namespace fairway::scheduler
