// Small worlds of quota, all of them, against a few lines of arithmetic that share nothing with the
// tree: no level is ever exceeded, nobody waits who would fit, and what is called infeasible is.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <set>

#include "scheduler/names.h"
#include "tests/scheduler/quota/quota_fixture.h"

namespace fairway::scheduler {
namespace {

struct QueueWorld {
  int64_t nominal = 0;
  int64_t borrowing = kNoLimit;
  int64_t lending = kNoLimit;
};

// A flat cohort of queues: `used` of each is allowed.
bool Allowed(const std::vector<QueueWorld>& queues, const std::vector<int64_t>& used) {
  int64_t shared = 0, taken = 0;
  for (size_t i = 0; i < queues.size(); ++i) {
    const QueueWorld& q = queues[i];
    const int64_t lent = q.lending == kNoLimit ? q.nominal : std::min(q.lending, q.nominal);
    const int64_t kept = q.nominal - lent;
    if (q.borrowing != kNoLimit && used[i] > q.nominal + q.borrowing) return false;
    shared += lent;
    taken += std::max<int64_t>(0, used[i] - kept);
  }
  return taken <= shared;
}

class QuotaOracleTest : public QuotaFixture {
 protected:
  void Check(const std::vector<QueueWorld>& queues, uint64_t jobs) {
    std::vector<int64_t> used(queues.size(), 0);
    for (uint64_t job = 100; job < 100 + jobs; ++job) {
      const JobRecord& record = Record(job);
      if (record.state != JobState::kAdmitted) continue;
      used[QueueOf(record)] += Size(record);
    }
    for (size_t i = 0; i < queues.size(); ++i) {
      ASSERT_EQ(used[i], Held(i + 1)) << "the ledger is what the placements say";
    }
    ASSERT_TRUE(Allowed(queues, used));
    for (uint64_t job = 100; job < 100 + jobs; ++job) {
      const JobRecord& record = Record(job);
      if (record.state != JobState::kQueued) continue;
      std::vector<int64_t> with = used;
      with[QueueOf(record)] += Size(record);
      ASSERT_FALSE(Allowed(queues, with)) << "job " << job << " waits in vain";
      std::vector<int64_t> alone(queues.size(), 0);
      alone[QueueOf(record)] = Size(record);
      const Decision decision = Explained(job);
      ASSERT_EQ(decision.outcome == names::kOutcomeInfeasible, !Allowed(queues, alone))
          << decision.message;
    }
  }
  size_t QueueOf(const JobRecord& record) const {
    return core().world().FindSpec(record.spec)->queueing.local_queue == "ns/a" ? 0 : 1;
  }
  int64_t Size(const JobRecord& record) const {
    return core().world().FindSpec(record.spec)->request.cpu_milli / 1000;
  }
};

TEST_F(QuotaOracleTest, EveryShortHistoryOfEveryFlatCohortOfTwo) {
  const std::array<int64_t, 3> limits = {kNoLimit, 0, 1};
  for (int64_t a = 0; a <= 2; ++a) {
    for (int64_t b = 1; b <= 2; ++b) {
      for (const int64_t borrowing : limits) {
        for (const int64_t lending : limits) {
          const std::vector<QueueWorld> queues = {{a, borrowing, kNoLimit}, {b, kNoLimit, lending}};
          constexpr int kMoves = 5, kDepth = 3;
          int histories = 1;
          for (int i = 0; i < kDepth; ++i) histories *= kMoves;
          for (int history = 0; history < histories; ++history) {
            Forget();
            Flavor(1, "default");
            for (size_t i = 0; i < 2; ++i) {
              ClusterQueueSpec spec = Queue(i == 0 ? "a" : "b", 0, "all");
              spec.groups = {CpuGroup(queues[i].nominal, queues[i].borrowing, queues[i].lending)};
              AddQueue(i + 1, spec);
            }
            uint64_t jobs = 0;
            int rest = history;
            for (int step = 0; step < kDepth; ++step, rest /= kMoves) {
              const int move = rest % kMoves;
              if (move < 4) {
                Submit(100 + jobs, Bare(move < 2 ? "a" : "b", 1 + move % 2));
                ++jobs;
              } else {
                for (uint64_t job = 100; job < 100 + jobs; ++job) {
                  if (State(job) != JobState::kAdmitted) continue;
                  Done(job);
                  break;
                }
              }
              ASSERT_NO_FATAL_FAILURE(Check(queues, jobs))
                  << "a " << a << " b " << b << " borrowing " << borrowing << " lending " << lending
                  << " history " << history << " step " << step;
            }
          }
        }
      }
    }
  }
}

// Any queue may preempt; many jobs of random priority come, go and are sent away.
class PreemptionProperties : public QuotaFixture, public ::testing::WithParamInterface<int> {
 protected:
  // Whoever was told to go for a waiting job had to: put one back, and the job does not fit.
  void CheckClaims() {
    const QuotaLedger& ledger = core().world().ledger();
    for (const auto& [job, claim] : ledger.claims()) {
      if (claim.victims.empty() || checked_.contains(job)) continue;
      checked_.insert(job);
      QuotaTree tree = ledger.tree;
      const auto move = [&](const JobRecord& record, int sign) {
        for (QuotaCharge c : ChargesOf(*record.quota, *core().world().FindSpec(record.spec))) {
          c.amount *= sign;
          tree.Charge(record.quota->cluster_queue, c, Usage::kPlanned, nullptr);
        }
      };
      for (QuotaCharge c : claim.charges) {
        c.amount = -c.amount;
        tree.Charge(claim.queue, c, Usage::kPlanned, nullptr);
      }
      const auto fits = [&] {
        const int32_t node = tree.FindNode(claim.queue);
        return std::all_of(claim.charges.begin(), claim.charges.end(), [&](const QuotaCharge& c) {
          return c.amount <=
                 tree.Available(node, tree.FindSlot(node, c.flavor, c.resource), Usage::kPlanned);
        });
      };
      ASSERT_TRUE(fits());
      for (const JobId victim : claim.victims) {
        const JobRecord& record = *core().world().FindJob(victim);
        if (!record.quota->IsAdmitted()) continue;
        move(record, +1);
        ASSERT_FALSE(fits()) << "job " << victim.value << " went in vain";
        move(record, -1);
      }
    }
  }

  std::set<JobId> checked_;
};

TEST_P(PreemptionProperties, SetsAreMinimalAndNothingPingPongs) {
  Rng rng(static_cast<uint64_t>(GetParam()));
  QuotaSettings settings;
  settings.fair_sharing = GetParam() % 2 == 1;
  Step(QuotaConfigured{settings});
  Flavor(1, "default");
  const std::vector<std::string> cohorts = {"left", "right"};
  for (uint64_t i = 0; i < 2; ++i) {
    CohortSpec cohort;
    cohort.name = cohorts[i];
    cohort.parent = "root";
    AddCohort(i + 1, cohort);
  }
  for (uint64_t i = 0; i < 4; ++i) {
    ClusterQueueSpec spec = Queue("q" + std::to_string(i), rng.Between(0, 5), cohorts[i % 2]);
    spec.preemption.within_cluster_queue = static_cast<PreemptionPolicy>(rng.Below(3));
    spec.preemption.reclaim_within_cohort = static_cast<PreemptionPolicy>(rng.Below(4));
    AddQueue(i + 1, spec);
  }
  uint64_t next = 100;
  for (int step = 0; step < 150; ++step) {
    if (rng.Chance({2, 3})) {
      Submit(next, Bare("q" + std::to_string(rng.Below(4)), rng.Between(1, 4),
                        static_cast<int32_t>(rng.Below(3))));
      ++next;
    } else {
      const uint64_t job = 100 + rng.Below(next - 100 + 1);
      const JobRecord* record = core().world().FindJob(JobId{job});
      if (record == nullptr) continue;
      if (record->state == JobState::kAdmitted) Done(job);
      if (record->state == JobState::kRequeued) Gone(job);
    }
    ASSERT_NO_FATAL_FAILURE(CheckClaims());
  }
  // No more comes: after everybody who has to go is gone, nobody is sent away again.
  int evictions = 0;
  for (int round = 0; round < 200; ++round) {
    bool any = false;
    for (uint64_t job = 100; job < next; ++job) {
      if (State(job) != JobState::kRequeued) continue;
      Gone(job);
      any = true;
      ++evictions;
    }
    if (!any) break;
    ASSERT_LT(round, 150) << "the world does not come to rest";
  }
  EXPECT_LT(evictions, static_cast<int>(next - 100));
}

INSTANTIATE_TEST_SUITE_P(Seeds, PreemptionProperties, ::testing::Range(1, 301));

}  // namespace
}  // namespace fairway::scheduler
