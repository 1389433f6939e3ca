#include "gateway/fairness/submission_limits.h"

#include <gtest/gtest.h>

namespace fairway::gateway {
namespace {

TEST(RateTableTest, TakesABurstThenItsRate) {
  RateTable table(2, 4, 100);
  Instant now{1'000'000};
  int taken = 0;
  while (table.WaitMs("a", now) == 0) {
    table.Charge("a", now);
    ++taken;
  }
  EXPECT_EQ(taken, 4);
  EXPECT_EQ(table.WaitMs("a", now), 500);
  EXPECT_EQ(table.WaitMs("b", now), 0) << "each name has its own";
  now.ms += 499;
  EXPECT_EQ(table.WaitMs("a", now), 1);
  now.ms += 1;
  EXPECT_EQ(table.WaitMs("a", now), 0);
  table.Charge("a", now);
  EXPECT_EQ(table.WaitMs("a", now), 500);
  now.ms += 3'600'000;  // no more than the burst is saved up
  taken = 0;
  for (; table.WaitMs("a", now) == 0; ++taken) table.Charge("a", now);
  EXPECT_EQ(taken, 4);
}

TEST(RateTableTest, WithoutARateEverythingIsTakenAndNothingKept) {
  RateTable table(0, 0, 100);
  for (int i = 0; i < 1000; ++i) {
    ASSERT_EQ(table.WaitMs("a", Instant{5}), 0);
    table.Charge("a", Instant{5});
  }
  EXPECT_EQ(table.size(), 0u);
}

TEST(RateTableTest, ForgetsThoseWhoOweNothingOrLeast) {
  RateTable table(1, 10, 4);
  for (const char* name : {"a", "b", "c", "d"}) table.Charge(name, Instant{1000});
  for (int i = 0; i < 5; ++i) table.Charge("d", Instant{1000});
  table.Charge("e", Instant{1000});
  EXPECT_LE(table.size(), 4u);
  for (int i = 0; i < 4; ++i) table.Charge("d", Instant{1000});
  EXPECT_GT(table.WaitMs("d", Instant{1000}), 0) << "the greatest debtor is remembered";
  table.Charge("f", Instant{1'000'000});
  table.Charge("g", Instant{1'000'000});
  table.Charge("h", Instant{1'000'000});
  table.Charge("i", Instant{1'000'000});
  EXPECT_LE(table.size(), 4u);
}

TEST(SubmissionLimitsTest, UserAndNamespaceHaveTheirOwnRates) {
  SubmissionLimits limits({.user_per_second = 3, .namespace_per_second = 2});
  PendingGauge none;
  Instant now{1'000'000};
  EXPECT_TRUE(limits.Admit("u", "n", now, none));
  EXPECT_TRUE(limits.Admit("v", "n", now, none));
  Status refused = limits.Admit("u", "n", now, none);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, 429);
  EXPECT_EQ(refused.error().reason, "TooManyRequests");
  EXPECT_EQ(refused.error().retry_after_seconds, 1);
  EXPECT_NE(refused.error().message.find("namespace \"n\""), std::string::npos);
  // The refusal has cost the user nothing: two more elsewhere are his.
  EXPECT_TRUE(limits.Admit("u", "m", now, none));
  EXPECT_TRUE(limits.Admit("u", "k", now, none));
  refused = limits.Admit("u", "l", now, none);
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find("user \"u\""), std::string::npos);
}

TEST(SubmissionLimitsTest, RetryAfterIsWhenItWouldBeTaken) {
  RateTable slow(1, 1, 10);
  SubmissionLimits limits({.user_per_second = 1, .user_burst = 10});
  PendingGauge none;
  Instant now{1'000'000};
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(limits.Admit("u", "n", now, none));
  Status refused = limits.Admit("u", "n", now, none);
  ASSERT_FALSE(refused);
  now.ms += 1000 * refused.error().retry_after_seconds;
  EXPECT_TRUE(limits.Admit("u", "n", now, none));
}

TEST(SubmissionLimitsTest, JobsThatWaitAreBoundedInAllAndPerNamespace) {
  SubmissionLimits limits({.pending_max = 3, .pending_per_namespace_max = 2});
  PendingGauge pending;
  Instant now{1'000'000};
  pending.Set(JobId{1}, "n", true);
  EXPECT_TRUE(limits.Admit("u", "n", now, pending));
  pending.Set(JobId{2}, "n", true);
  pending.Set(JobId{2}, "n", true);
  EXPECT_EQ(pending.total(), 2u);
  Status refused = limits.Admit("u", "n", now, pending);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, 429);
  EXPECT_GT(refused.error().retry_after_seconds, 0);
  EXPECT_TRUE(limits.Admit("u", "m", now, pending));
  pending.Set(JobId{3}, "m", true);
  EXPECT_FALSE(limits.Admit("u", "k", now, pending));
  pending.Set(JobId{1}, "n", false);
  pending.Set(JobId{1}, "n", false);
  pending.Set(JobId{9}, "never seen", false);
  EXPECT_EQ(pending.of("n"), 1u);
  EXPECT_TRUE(limits.Admit("u", "n", now, pending));
}

}  // namespace
}  // namespace fairway::gateway
