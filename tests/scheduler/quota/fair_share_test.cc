// What is promised to those who wait for long: fair shares while everybody wants more, and a turn
// for the large one that small ones pass. Random worlds against arithmetic that shares nothing with
// the ledger.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <set>
#include <vector>

#include "scheduler/rng.h"
#include "tests/scheduler/quota/quota_fixture.h"

namespace fairway::scheduler {
namespace {

int Worlds(int count) { return std::getenv("TEST_LONG") != nullptr ? 50 * count : count; }

// Who gets how many of `seats` places when each goes to whom it makes least rich: the method of
// highest averages. Ties go either way, hence "within one job".
std::vector<int64_t> IdealShares(const std::vector<int64_t>& weights, int64_t seats) {
  std::vector<int64_t> shares(weights.size(), 0);
  for (; seats > 0; --seats) {
    size_t poorest = 0;
    for (size_t i = 1; i < weights.size(); ++i) {
      if ((shares[i] + 1) * weights[poorest] < (shares[poorest] + 1) * weights[i]) poorest = i;
    }
    ++shares[poorest];
  }
  return shares;
}

class FairShares : public QuotaFixture, public ::testing::WithParamInterface<int> {
 protected:
  static constexpr uint64_t kStep = 10'000;  // job ids of one queue

  void Want(size_t queue, size_t jobs) {
    for (; waiting_[queue] < jobs; ++waiting_[queue]) {
      const uint64_t job = kStep * (queue + 1) + ++last_[queue];
      all_.push_back({job, queue});
      Submit(job, Bare("q" + std::to_string(queue), 1));
      Count();
    }
  }
  // Brings running_ and waiting_ up to date.
  void Count() {
    std::erase_if(all_, [&](const auto& entry) {
      if (!Admitted(entry.first)) return false;
      running_.push_back(entry);
      --waiting_[entry.second];
      return true;
    });
  }
  void EndOne(Rng& rng) {
    const size_t at = rng.Below(running_.size());
    const auto [job, queue] = running_[at];
    running_.erase(running_.begin() + static_cast<std::ptrdiff_t>(at));
    old_.erase(job);
    Done(job);
    Count();
  }

  std::vector<std::pair<uint64_t, size_t>> all_;      // those that wait, and their queues
  std::vector<std::pair<uint64_t, size_t>> running_;  // those that run
  std::set<uint64_t> old_;  // of them, those from before everybody wanted something
  std::map<size_t, size_t> waiting_;
  std::map<size_t, uint64_t> last_;
};

TEST_P(FairShares, AreWithinOneJobOfTheIdealWhileAllWantMore) {
  Rng rng(static_cast<uint64_t>(GetParam()));
  QuotaSettings settings;
  settings.fair_sharing = true;
  Step(QuotaConfigured{settings});
  Flavor(1, "default");
  const size_t queues = rng.Between(2, 5);
  const int64_t places = rng.Between(5, 30);
  AddQueue(1, Queue("pool", places, "all"));  // lends everything, wants nothing
  std::vector<int64_t> weights;
  for (size_t i = 0; i < queues; ++i) {
    weights.push_back(rng.Between(1, 5));
    ClusterQueueSpec spec = Queue("q" + std::to_string(i), 0, "all");
    spec.fair_weight_milli = weights.back() * kFairWeightOne;
    AddQueue(i + 2, spec);
  }
  // Some come first and take it all; the others come later.
  const size_t early = rng.Between(1, static_cast<int64_t>(queues));
  for (size_t i = 0; i < early; ++i) Want(i, static_cast<size_t>(places));
  for (const auto& [job, queue] : running_) old_.insert(job);
  const std::vector<int64_t> ideal = IdealShares(weights, places);
  int checked = 0;
  for (int step = 0; checked < 100; ++step) {
    ASSERT_LT(step, 2000);
    for (size_t i = 0; i < queues; ++i) Want(i, static_cast<size_t>(places));
    ASSERT_EQ(running_.size(), static_cast<size_t>(places));
    EndOne(rng);
    if (!old_.empty()) continue;
    ++checked;
    for (size_t i = 0; i < queues; ++i) {
      ASSERT_LE(std::abs(Held(i + 2) - ideal[i]), 1)
          << "step " << step << ": queue " << i << " of weight " << weights[i] << " has "
          << Held(i + 2) << " of " << places << ", its share is " << ideal[i];
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, FairShares, ::testing::Range(1, Worlds(40)));

class NoStarvation : public QuotaFixture, public ::testing::WithParamInterface<int> {};

// Small jobs of all kinds pass the large one for ever, if they are let. Some say how long they may
// take at most, others do not.
TEST_P(NoStarvation, TheLargeOneGetsItsTurnUnderBestEffort) {
  Rng rng(static_cast<uint64_t>(GetParam()));
  QuotaSettings settings;
  settings.reserve_after = Seconds(30);
  settings.fair_sharing = GetParam() % 2 == 1;
  Step(QuotaConfigured{settings});
  AddCluster(1, 1'000'000);
  Flavor(1, "default");
  const int64_t quota = rng.Between(6, 16);
  AddQueue(1, Queue("a", quota, "all"));
  AddQueue(2, Queue("b", quota, "all"));
  constexpr int64_t kLongest = 60;
  std::map<uint64_t, Instant> ends;
  std::map<uint64_t, int64_t> takes;  // seconds
  const uint64_t large = 50;
  uint64_t next = 100;
  Instant asked;
  for (int i = 0; i < 120 && !(asked && Admitted(large)); ++i) {
    At(now() + Seconds(rng.Between(1, 4)));
    // The cohort is full to the last cpu or two, and few of those before it wait.
    if (!asked && Held(1) + Held(2) > 2 * quota - 3) {
      Submit(large, Job("a", quota));
      asked = now();
    }
    // From then on more come than there is room for, at all times.
    for (int n = 0; n < (asked ? 6 : 3); ++n) {
      const uint64_t job = next++;
      JobSpec spec = Job(rng.Chance({1, 2}) ? "a" : "b", rng.Between(1, 3));
      const int64_t seconds = rng.Between(1, kLongest);
      if (rng.Chance({1, 2}))
        spec.queueing.max_execution_seconds = static_cast<int32_t>(seconds + 1);
      takes[job] = seconds;
      Submit(job, spec);
    }
    Settle();
    for (uint64_t job = 100; job < next; ++job) {
      if (State(job) == JobState::kRequeued) Gone(job);  // evicted at its limit
      if (!Admitted(job)) continue;
      if (!ends.contains(job)) ends[job] = Record(job).quota->admitted_at + Seconds(takes[job]);
      if (ends[job] <= now()) {
        Done(job);
        ends.erase(job);
        takes.erase(job);
      }
    }
    ASSERT_TRUE(!asked || Admitted(large) ||
                now() <= asked + settings.reserve_after + Seconds(kLongest + 31 + 10))
        << "the large one waits since " << (now() - asked).ms / 1000
        << " s: " << Explained(large).message;
  }
  ASSERT_TRUE(asked) << "the cohort was never full";
  EXPECT_TRUE(Admitted(large));
}

INSTANTIATE_TEST_SUITE_P(Seeds, NoStarvation, ::testing::Range(1, Worlds(20)));

}  // namespace
}  // namespace fairway::scheduler
