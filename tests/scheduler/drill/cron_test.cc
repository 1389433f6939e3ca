#include "scheduler/drill/cron.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/scheduler/drill/civil_time.h"

namespace fairway::scheduler {
namespace {

// 2026-11-26T03:25:30Z, a Thursday.
constexpr Instant kNow{1'795'663'530'000};

Cron Of(std::string_view text) {
  auto cron = Cron::Parse(text);
  EXPECT_TRUE(cron) << text << ": " << (cron ? "" : cron.error().message);
  return cron.value_or(Cron{});
}
std::string Next(std::string_view text, Instant after = kNow) {
  const Instant at = Of(text).Next(after);
  return at ? FormatUtc(at) : "never";
}
Instant At(std::string_view text) { return ParseUtc(text); }
std::string Refused(std::string_view text) {
  auto cron = Cron::Parse(text);
  EXPECT_FALSE(cron) << text;
  return cron ? "" : cron.error().message;
}

TEST(CronTest, PlainFieldsAndSteps) {
  EXPECT_EQ(FormatUtc(kNow), "2026-11-26T03:25:30Z");
  EXPECT_EQ(Next("* * * * *"), "2026-11-26T03:26:00Z");
  EXPECT_EQ(Next("*/10 * * * *"), "2026-11-26T03:30:00Z");
  EXPECT_EQ(Next("25 3 * * *"), "2026-11-27T03:25:00Z");  // this minute has begun
  EXPECT_EQ(Next("5/20 * * * *"), "2026-11-26T03:45:00Z");
  EXPECT_EQ(Next("0 9-17/4 * * *"), "2026-11-26T09:00:00Z");
  EXPECT_EQ(Next("0 9-17/4 * * *", At("2026-11-26T09:00:00Z")), "2026-11-26T13:00:00Z");
  EXPECT_EQ(Next("59 23 31 12 *"), "2026-12-31T23:59:00Z");
}

TEST(CronTest, NamesListsAndMacros) {
  EXPECT_EQ(Next("0 6 * * TUE"), "2026-12-01T06:00:00Z");
  EXPECT_EQ(Next("0 0 1 jan,Jul *"), "2027-01-01T00:00:00Z");
  EXPECT_EQ(Next("0 0 * * mon-fri"), "2026-11-27T00:00:00Z");
  EXPECT_EQ(Next("0 0 * * 7"), "2026-11-29T00:00:00Z");
  EXPECT_EQ(Next("0 0 * * 6-7"), "2026-11-28T00:00:00Z");
  EXPECT_EQ(Next("@hourly"), "2026-11-26T04:00:00Z");
  EXPECT_EQ(Next("@yearly"), "2027-01-01T00:00:00Z");
  EXPECT_EQ(Next("@weekly"), "2026-11-29T00:00:00Z");
}

TEST(CronTest, EitherDayDoesWhenBothAreRestricted) {
  // The 13th, or any Friday.
  EXPECT_EQ(Next("0 0 13 * 5"), "2026-11-27T00:00:00Z");
  EXPECT_EQ(Next("0 0 13 * 5", At("2026-12-11T00:00:00Z")), "2026-12-13T00:00:00Z");
  // A star leaves the other alone.
  EXPECT_EQ(Next("0 0 13 * *"), "2026-12-13T00:00:00Z");
  EXPECT_EQ(Next("0 0 * * 5", At("2026-12-11T00:00:00Z")), "2026-12-18T00:00:00Z");
}

TEST(CronTest, DaysThatSomeMonthsAndYearsLack) {
  EXPECT_EQ(Next("0 0 29 2 *"), "2028-02-29T00:00:00Z");
  EXPECT_EQ(Next("0 0 29 2 *", At("2096-03-01T00:00:00Z")), "2104-02-29T00:00:00Z");
  EXPECT_EQ(Next("0 0 31 * *", At("2027-01-31T00:00:00Z")), "2027-03-31T00:00:00Z");
  EXPECT_EQ(Next("0 0 30 2 *"), "never");
  EXPECT_EQ(Next("30 23 * * *", At("2026-12-31T23:30:00Z")), "2027-01-01T23:30:00Z");
}

TEST(CronTest, SaysWhatIsWrong) {
  EXPECT_NE(Refused("60 * * * *").find("minute \"60\": must be in the range 0-59"),
            std::string::npos);
  EXPECT_NE(Refused("* * * 13 *").find("month"), std::string::npos);
  EXPECT_NE(Refused("* * 0 * *").find("day of month"), std::string::npos);
  EXPECT_NE(Refused("* * * * 8").find("day of week"), std::string::npos);
  EXPECT_NE(Refused("*/0 * * * *").find("step"), std::string::npos);
  EXPECT_NE(Refused("5-1 * * * *").find("backwards"), std::string::npos);
  EXPECT_NE(Refused("* * * *").find("five fields"), std::string::npos);
  EXPECT_NE(Refused("* * * * * *").find("five fields"), std::string::npos);
  EXPECT_NE(Refused("TZ=Europe/Paris * * * * *").find("time zone"), std::string::npos);
  for (const char* text : {"", "@never", "a * * * *", ", * * * *", "1-- * * * *", "1/ * * * *"}) {
    EXPECT_FALSE(Refused(text).empty()) << text;
  }
}

TEST(CronTest, WhatIsDueAfterASleep) {
  const Cron hourly = Of("0 * * * *");
  CronDue due = DueOf(hourly, At("2026-11-26T00:30:00Z"), kNow);
  EXPECT_EQ(due.latest, At("2026-11-26T03:00:00Z"));
  EXPECT_EQ(due.missed, 3);
  EXPECT_EQ(due.next, At("2026-11-26T04:00:00Z"));
  due = DueOf(hourly, At("2026-11-26T03:00:00Z"), kNow);
  EXPECT_FALSE(due.latest);
  EXPECT_EQ(due.missed, 0);
  // A year of minutes is not counted, and the latest is found all the same.
  due = DueOf(Of("* * * * *"), At("2025-11-26T00:00:00Z"), kNow);
  EXPECT_EQ(due.latest, At("2026-11-26T03:25:00Z"));
  EXPECT_EQ(due.missed, 100);
}

}  // namespace
}  // namespace fairway::scheduler
