#include "clusters/member/concurrency_limit.h"

#include <gtest/gtest.h>

namespace fairway::clusters {
namespace {

// A member that answers `rounds` full rounds, each at this latency.
void Answer(ConcurrencyLimit& limit, int64_t rtt_us, int rounds) {
  for (int round = 0; round < rounds; ++round) {
    int answers = std::max(8, limit.limit());
    for (int i = 0; i < answers; ++i) limit.OnAnswer(rtt_us, limit.limit());
  }
}

TEST(ConcurrencyLimitTest, GrowsToTheMaximumWhileAnswersStayQuick) {
  ConcurrencyLimit limit(4, 64);
  EXPECT_EQ(limit.limit(), 16);
  Answer(limit, 20'000, 100);
  EXPECT_EQ(limit.limit(), 64);
  EXPECT_EQ(limit.backoffs(), 0u);
}

TEST(ConcurrencyLimitTest, GrowsFastAtFirstAndSlowlyAfterTrouble) {
  ConcurrencyLimit limit(4, 64);
  Answer(limit, 20'000, 4);
  EXPECT_EQ(limit.limit(), 64);
  limit.OnOverload();
  EXPECT_EQ(limit.limit(), 38);
  Answer(limit, 20'000, 10);
  EXPECT_EQ(limit.limit(), 46);
}

TEST(ConcurrencyLimitTest, SlowButSteadyIsNoOverload) {
  ConcurrencyLimit limit(4, 64);
  Answer(limit, 900'000, 100);
  EXPECT_EQ(limit.limit(), 64);
}

TEST(ConcurrencyLimitTest, ShrinksWhenAnswersBecomeSlowAndComesBack) {
  ConcurrencyLimit limit(4, 64);
  Answer(limit, 20'000, 100);
  Answer(limit, 200'000, 12);
  EXPECT_LT(limit.limit(), 32);
  EXPECT_GE(limit.limit(), 4);
  Answer(limit, 20'000, 100);
  EXPECT_EQ(limit.limit(), 64);
}

TEST(ConcurrencyLimitTest, JitterOfMillisecondsIsNoReason) {
  ConcurrencyLimit limit(4, 64);
  for (int i = 0; i < 200; ++i) Answer(limit, i % 2 == 0 ? 200 : 4'000, 1);
  EXPECT_EQ(limit.limit(), 64);
}

TEST(ConcurrencyLimitTest, OverloadCountsOncePerRound) {
  ConcurrencyLimit limit(4, 64);
  Answer(limit, 20'000, 100);
  for (int i = 0; i < 64; ++i) limit.OnOverload();  // all that were under way are refused
  EXPECT_EQ(limit.limit(), 38);
  EXPECT_EQ(limit.backoffs(), 1u);
  limit.OnOverload();
  EXPECT_EQ(limit.backoffs(), 2u);
  EXPECT_EQ(limit.limit(), 23);
}

TEST(ConcurrencyLimitTest, StaysWithinItsBounds) {
  ConcurrencyLimit limit(4, 64);
  for (int i = 0; i < 1000; ++i) limit.OnOverload();
  EXPECT_EQ(limit.limit(), 4);
  ConcurrencyLimit one(4, 1);
  EXPECT_EQ(one.limit(), 1);
  Answer(one, 10, 50);
  EXPECT_EQ(one.limit(), 1);
  one.OnOverload();
  EXPECT_EQ(one.limit(), 1);
}

TEST(ConcurrencyLimitTest, AnIdleMemberTeachesNothingAboutTheLimit) {
  ConcurrencyLimit limit(4, 64);
  for (int i = 0; i < 10'000; ++i) limit.OnAnswer(20'000, 1);
  EXPECT_EQ(limit.limit(), 16);
  EXPECT_EQ(limit.usual_us(), 20'000);
}

}  // namespace
}  // namespace fairway::clusters
