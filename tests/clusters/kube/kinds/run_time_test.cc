#include "clusters/kube/kinds/run_time.h"

#include <gtest/gtest.h>

namespace fairway::kube {
namespace {

TEST(RunTimeTest, GoDurationsFromLargeToSmall) {
  EXPECT_EQ(ParseRunTime("90s"), Seconds(90));
  EXPECT_EQ(ParseRunTime("15m"), Seconds(900));
  EXPECT_EQ(ParseRunTime("2h30m"), Seconds(9000));
  EXPECT_EQ(ParseRunTime("1h0m5s"), Seconds(3605));
  EXPECT_EQ(ParseRunTime("1s250ms"), Milliseconds(1250));
  EXPECT_EQ(ParseRunTime("8784h"), Seconds(366LL * 86'400));
}

TEST(RunTimeTest, OtherTextsAreNone) {
  for (std::string_view text : {"", "5", "s", "0s", "-5s", "5d", "5m5h", "5m5m", "5 m", "5.5s",
                                "8784h1ms", "99999999999999999999h", "5mm", "+5s", "1h "}) {
    EXPECT_EQ(ParseRunTime(text), std::nullopt) << text;
  }
}

TEST(RunTimeTest, TextsReadBack) {
  EXPECT_EQ(RunTimeText({}), "0s");
  EXPECT_EQ(RunTimeText(Milliseconds(250)), "250ms");
  EXPECT_EQ(RunTimeText(Milliseconds(1250)), "1s");
  EXPECT_EQ(RunTimeText(Seconds(9000)), "2h30m");
  EXPECT_EQ(RunTimeText(Seconds(3605)), "1h5s");
  for (int64_t s : {1, 59, 60, 61, 3599, 3600, 86'399, 1'000'000}) {
    EXPECT_EQ(ParseRunTime(RunTimeText(Seconds(s))), Seconds(s));
  }
}

}  // namespace
}  // namespace fairway::kube
