#include "scheduler/forecast/compare.h"

#include <gtest/gtest.h>

namespace fairway::scheduler {
namespace {

const Instant kBegin{1'000'000};

JobFate Runs(uint64_t cluster) {
  JobFate fate;
  fate.before = fate.cluster = ClusterId{cluster};
  fate.started = Instant{500'000};
  return fate;
}
JobFate Starts(uint64_t cluster, int64_t seconds) {
  JobFate fate;
  fate.cluster = ClusterId{cluster};
  fate.waited = Seconds(seconds);
  fate.started = kBegin + fate.waited;
  fate.placements = 1;
  return fate;
}
JobFate Waits() {
  JobFate fate;
  fate.waiting = true;
  fate.waited = Seconds(1000);
  return fate;
}
JobFate Moved(uint64_t from, uint64_t to, int64_t seconds) {
  JobFate fate = Starts(to, seconds);
  fate.before = ClusterId{from};
  return fate;
}

FateChange Change(const JobFate& before, const JobFate& after) {
  Forecast a, b;
  a.jobs[JobId{1}] = before;
  b.jobs[JobId{1}] = after;
  const std::vector<FateRow> rows = CompareForecasts(a, b);
  return rows.empty() ? FateChange::kNone : rows.front().change;
}

TEST(CompareTest, EachKindOfChange) {
  JobFate stopped = Waits();
  stopped.before = ClusterId{1};
  EXPECT_EQ(Change(Runs(1), Runs(1)), FateChange::kNone);
  EXPECT_EQ(Change(Runs(1), Moved(1, 2, 0)), FateChange::kMoves);
  EXPECT_EQ(Change(Runs(1), Moved(1, 1, 30)), FateChange::kMoves);
  EXPECT_EQ(Change(Runs(1), stopped), FateChange::kStops);
  EXPECT_EQ(Change(Waits(), Starts(1, 5)), FateChange::kStarts);
  EXPECT_EQ(Change(Starts(1, 5), Waits()), FateChange::kNoStart);
  EXPECT_EQ(Change(Starts(1, 50), Starts(1, 5)), FateChange::kEarlier);
  EXPECT_EQ(Change(Starts(1, 5), Starts(1, 50)), FateChange::kLater);
  EXPECT_EQ(Change(Starts(1, 5), Starts(2, 5)), FateChange::kElsewhere);
  EXPECT_EQ(Change(Starts(1, 5), Starts(1, 5)), FateChange::kNone);
}

TEST(CompareTest, ChangesFirstThenWhoWaitsAnyway) {
  Forecast before, after;
  before.jobs[JobId{1}] = after.jobs[JobId{1}] = Waits();
  before.jobs[JobId{2}] = after.jobs[JobId{2}] = Runs(1);
  before.jobs[JobId{3}] = Runs(1);
  after.jobs[JobId{3}] = Moved(1, 2, 0);
  after.jobs[JobId{4}] = Starts(1, 0);
  before.jobs[JobId{5}] = after.jobs[JobId{5}] = Starts(1, 0);
  const std::vector<FateRow> rows = CompareForecasts(before, after);
  ASSERT_EQ(rows.size(), 3u);
  EXPECT_EQ(rows[0].job, JobId{3});
  EXPECT_EQ(rows[1].job, JobId{4});
  EXPECT_EQ(rows[1].change, FateChange::kNew);
  EXPECT_EQ(rows[1].before, nullptr);
  EXPECT_EQ(rows[2].job, JobId{1});
  EXPECT_EQ(rows[2].change, FateChange::kNone);
  const WaitSums sums = SumWaits(after);
  EXPECT_EQ(sums.waiting, 1);
  EXPECT_EQ(sums.waited, 1);
  EXPECT_EQ(sums.placements, 3);
  EXPECT_EQ(sums.longest, Seconds(1000));
}

}  // namespace
}  // namespace fairway::scheduler
