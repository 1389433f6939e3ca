// A job with a reservation gets its turn; meanwhile those may use what is kept for it who are sure
// to be over in time, and nobody else.
#include "scheduler/quota/backfill.h"

#include <map>
#include <vector>

#include "scheduler/rng.h"
#include "tests/scheduler/quota/quota_fixture.h"

namespace fairway::scheduler {
namespace {

class BackfillTest : public QuotaFixture {
 protected:
  void SetUp() override {
    AddCluster(1, 100'000);
    Flavor(1, "default");
  }
  static JobSpec Limited(const std::string& queue, int64_t cpu, int32_t seconds) {
    JobSpec spec = Job(queue, cpu);
    spec.queueing.max_execution_seconds = seconds;
    return spec;
  }
  const QuotaClaim* Claim(uint64_t job) const {
    const auto& claims = core().world().ledger().claims();
    const auto found = claims.find(JobId{job});
    return found == claims.end() ? nullptr : &found->second;
  }
};

TEST_F(BackfillTest, WhoIsOverInTimeGoesFirst) {
  AddQueue(1, Queue("a", 8));
  Submit(10, Limited("a", 6, 3000));
  Submit(11, Limited("a", 1, 3000));
  const Instant until = now() + Seconds(3000);
  Submit(20, Job("a", 8));
  At(now() + core().world().quota_settings().reserve_after);
  Done(11);
  ASSERT_NE(Claim(20), nullptr);
  EXPECT_EQ(Claim(20)->start, until);
  Submit(30, Limited("a", 2, 600));
  Settle();
  EXPECT_TRUE(Admitted(30)) << "over long before";
  Submit(31, Limited("a", 1, 3000));
  Submit(32, Job("a", 1));
  Settle();
  Done(30);
  EXPECT_FALSE(Admitted(31)) << "might be running still";
  EXPECT_FALSE(Admitted(32)) << "nobody knows how long";
  EXPECT_THAT(Explained(31).message, testing::HasSubstr("kept for default/job-20"));
  EXPECT_THAT(Explained(31).quota->nearest_change,
              testing::HasSubstr("its own maximum execution time is"));
  Done(10);
  EXPECT_TRUE(Admitted(20));
}

TEST_F(BackfillTest, NobodyPassesWhenTheStartIsNotKnown) {
  AddQueue(1, Queue("a", 8));
  Submit(10, Job("a", 5));
  Submit(11, Job("a", 1));
  Submit(20, Job("a", 8));
  At(now() + core().world().quota_settings().reserve_after);
  Done(11);
  ASSERT_NE(Claim(20), nullptr);
  EXPECT_FALSE(Claim(20)->start);
  Submit(30, Limited("a", 1, 1));
  Settle();
  EXPECT_FALSE(Admitted(30));
}

TEST_F(BackfillTest, RoomOfAClusterIsLentAsQuotaIs) {
  AddQueue(1, Queue("a", 1000));
  Submit(10, Limited("a", 60, 3000));
  Submit(11, Limited("a", 30, 3000));
  Submit(20, Job("a", 90));
  At(now() + core().world().quota_settings().reserve_after);
  Done(11);
  ASSERT_NE(Claim(20), nullptr);
  EXPECT_EQ(Claim(20)->cluster, ClusterId{1});
  ASSERT_TRUE(Claim(20)->start);
  Submit(30, Job("a", 30));
  Submit(31, Limited("a", 30, 60));
  Settle();
  EXPECT_FALSE(Admitted(30));
  EXPECT_TRUE(Admitted(31));
}

// Found by the simulation: its cluster was relabeled, and the room was kept for nobody for ever.
TEST_F(BackfillTest, AReservationWhereTheJobCannotGoAnyMoreIsVoid) {
  ClusterSpec where;
  where.name = "c1";
  where.labels = {{"site", "here"}};
  Step(ClusterChanged{ClusterId{1}, &where});
  AddQueue(1, Queue("a", 1000));
  Submit(10, Limited("a", 60, 3000));
  Submit(11, Limited("a", 30, 3000));
  JobSpec large = Job("a", 90);
  large.required = {{{{"site", LabelRequirement::Op::kIn, {"here"}}}}};
  Submit(20, large);
  At(now() + core().world().quota_settings().reserve_after);
  Done(11);
  ASSERT_NE(Claim(20), nullptr);
  Submit(30, Job("a", 30));
  ASSERT_FALSE(Admitted(30));
  where.labels = {{"site", "elsewhere"}};
  Step(ClusterChanged{ClusterId{1}, &where});
  Settle();
  EXPECT_EQ(Claim(20), nullptr);
  EXPECT_TRUE(Admitted(30));
}

// Jobs come and go at random, each within its limit; the large one's reservation is made at some
// time, and it starts no later than was reckoned then, whoever is let past.
TEST_F(BackfillTest, TheLargeOneStartsWhenItWasTold) {
  int passed = 0;
  for (uint64_t seed = 1; seed <= 12; ++seed) {
    SCOPED_TRACE(seed);
    Forget();
    SetUp();
    Rng rng(seed);
    QuotaSettings settings;
    settings.reserve_after = Seconds(20);
    Step(QuotaConfigured{settings});
    // A LocalQueue for each job: its past says nothing, limits are all that is known.
    AddQueue(1, Queue("a", 16));
    uint64_t next = 100;
    std::map<uint64_t, Instant> ends;
    std::map<uint64_t, int32_t> limits;
    const auto submit = [&] {
      const uint64_t job = next++;
      const std::string local = "q" + std::to_string(job);
      AddLocal(job, local, "a");
      limits[job] = static_cast<int32_t>(rng.Between(1, 400));
      Submit(job, Limited(local, rng.Between(1, 6), limits[job]));
    };
    const uint64_t large = 50;
    AddLocal(large, "large", "a");
    bool asked = false;
    Instant start;
    for (int i = 0; i < 400 && !(asked && Admitted(large)); ++i) {
      At(now() + Seconds(rng.Between(1, 8)));
      if (!asked && i == 10) {
        Submit(large, Job("large", 16));
        asked = true;
      }
      submit();
      Settle();
      if (asked && !start && Claim(large) != nullptr) start = Claim(large)->start;
      for (const auto& [job, limit] : limits) {
        if (!Admitted(job) || ends.contains(job)) continue;
        if (start) ++passed;
        ends[job] = Record(job).quota->admitted_at + Seconds(rng.Between(1, limit));
      }
      for (const auto& [job, limit] : limits) {
        if (State(job) == JobState::kRequeued) Gone(job);  // evicted at its limit
        const auto end = ends.find(job);
        if (end != ends.end() && end->second <= now() && Admitted(job)) Done(job);
      }
      if (start) {
        ASSERT_TRUE(Admitted(large) || now() <= start + Seconds(20)) << "told " << start.ms;
      }
    }
    EXPECT_TRUE(Admitted(large));
  }
  EXPECT_GT(passed, 50) << "some were let past, or this shows nothing";
}

}  // namespace
}  // namespace fairway::scheduler
