// Retries come due in time order, once each.
#include "scheduler/core_state.h"

#include <gtest/gtest.h>

namespace fairway::scheduler {
namespace {

TEST(RetryTableTest, TakesWhatIsDueInOrderAndKeepsCounting) {
  RetryTable table;
  table.Add(JobId{1}, Instant{200});
  table.Add(JobId{2}, Instant{100});
  EXPECT_EQ(table.NextDue(), Instant{100});
  EXPECT_EQ(table.TakeDue(Instant{50}), JobId{});
  EXPECT_EQ(table.TakeDue(Instant{300}), JobId{2});
  EXPECT_EQ(table.TakeDue(Instant{300}), JobId{1});
  EXPECT_EQ(table.TakeDue(Instant{300}), JobId{});
  table.Add(JobId{1}, Instant{400});
  EXPECT_EQ(table.Attempts(JobId{1}), 2);
  table.Erase(JobId{1});
  EXPECT_EQ(table.Attempts(JobId{1}), 0);
  EXPECT_EQ(table.NextDue(), Instant{});
}

TEST(RetryTableTest, HurryMovesOnlyWhatStillWaits) {
  RetryTable table;
  table.Add(JobId{1}, Instant{900});
  EXPECT_TRUE(table.Hurry(JobId{1}, Instant{10}));
  EXPECT_EQ(table.TakeDue(Instant{10}), JobId{1});
  EXPECT_FALSE(table.Hurry(JobId{1}, Instant{20})) << "its answer is under way";
  EXPECT_FALSE(table.Hurry(JobId{2}, Instant{20}));
}

}  // namespace
}  // namespace fairway::scheduler
