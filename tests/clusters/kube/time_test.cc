// Times are read and written as Kubernetes does, and ages are shown as kubectl shows them.
#include "clusters/kube/time.h"

#include <gtest/gtest.h>

namespace fairway::kube {
namespace {

TEST(Time, FormatsUtcSeconds) {
  EXPECT_EQ(FormatTime(Instant{0}), "1970-01-01T00:00:00Z");
  EXPECT_EQ(FormatTime(Instant{1'709'210'096'789}), "2024-02-29T12:34:56Z");
  EXPECT_EQ(FormatTime(Instant{-1}), "1969-12-31T23:59:59Z");
  EXPECT_EQ(FormatMicroTime(Instant{1'709'210'096'789}), "2024-02-29T12:34:56.789000Z");
}

TEST(Time, ReadsBackWhatItWrote) {
  for (int64_t ms = -100'000'000'000; ms < 4'102'444'800'000; ms += 86'399'123'000) {
    const int64_t whole = ms - ((ms % 1000) + 1000) % 1000;
    EXPECT_EQ(ParseTime(FormatTime(Instant{whole}))->ms, whole);
  }
}

TEST(Time, ReadsOffsetsAndFractions) {
  EXPECT_EQ(ParseTime("2024-02-29T14:34:56.7894+02:00")->ms, 1'709'210'096'789);
  EXPECT_EQ(ParseTime("2024-02-29T12:34:56.5Z")->ms, 1'709'210'096'500);
}

TEST(Time, RefusesWhatIsNoTime) {
  for (const char* text :
       {"", "x", "2024-02-30T00:00:00Z", "2023-02-29T00:00:00Z", "2024-13-01T00:00:00Z",
        "2024-00-01T00:00:00Z", "2024-01-01T24:00:00Z", "2024-01-01T00:60:00Z",
        "2024-01-01T00:00:60Z", "2024-01-01T00:00:00", "2024-01-01T00:00:00ZZ",
        "2024-01-01 00:00:00Z", "2024-01-01T00:00:00.Z", "2024-01-01T00:00:00+99:00"}) {
    EXPECT_FALSE(ParseTime(text).has_value()) << text;
  }
}

TEST(HumanDuration, ShowsTwoUnitsAtMost) {
  const struct {
    int64_t seconds;
    const char* text;
  } kCases[] = {{-5, "<invalid>"},  {-1, "0s"},        {0, "0s"},          {119, "119s"},
                {120, "2m"},        {121, "2m1s"},     {599, "9m59s"},     {600, "10m"},
                {10799, "179m"},    {10800, "3h"},     {10860, "3h1m"},    {28799, "7h59m"},
                {28800, "8h"},      {172799, "47h"},   {172800, "2d"},     {176400, "2d1h"},
                {691199, "7d23h"},  {691200, "8d"},    {63071999, "729d"}, {63072000, "2y"},
                {63158400, "2y1d"}, {252288000, "8y"}, {999999999, "31y"}};
  for (const auto& c : kCases) EXPECT_EQ(HumanDuration(Seconds(c.seconds)), c.text) << c.seconds;
}

TEST(HumanDuration, OfNoTimeIsUnknown) {
  EXPECT_EQ(HumanAge("", Instant{1}), "<unknown>");
  EXPECT_EQ(HumanAge("1970-01-01T00:00:01Z", Instant{31'000}), "30s");
}

}  // namespace
}  // namespace fairway::kube
