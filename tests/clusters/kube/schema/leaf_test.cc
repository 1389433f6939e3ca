#include "clusters/kube/schema/leaf.h"

#include <gtest/gtest.h>

namespace fairway::kube {
namespace {

std::string TimeOf(std::string_view text, bool micro = false) {
  const Result<TimeStamp> time = ParseTime(text, micro);
  if (!time) return "error";
  std::string out;
  EXPECT_TRUE(FormatTime(*time, micro, out));
  return out;
}

TEST(LeafTest, TimesBecomeUtcSeconds) {
  EXPECT_EQ(TimeOf("2024-02-29T23:59:59Z"), "2024-02-29T23:59:59Z");
  EXPECT_EQ(TimeOf("2024-03-01T01:29:59.999+01:30"), "2024-02-29T23:59:59Z");
  EXPECT_EQ(TimeOf("1969-12-31T23:59:59-00:00"), "1969-12-31T23:59:59Z");
  EXPECT_EQ(TimeOf("0000-01-01T00:00:00Z"), "0000-01-01T00:00:00Z");
  EXPECT_EQ(TimeOf("9999-12-31T23:59:59Z"), "9999-12-31T23:59:59Z");
  EXPECT_EQ(TimeOf("2024-01-01T00:00:00.000001Z", true), "2024-01-01T00:00:00.000001Z");
  for (const char* wrong : {"", "2024", "2023-02-29T00:00:00Z", "2024-01-01T00:00:60Z",
                            "2024-01-01T00:00:00", "2024-01-01 00:00:00Z"}) {
    EXPECT_EQ(TimeOf(wrong), "error") << wrong;
  }
  std::string out;
  EXPECT_FALSE(FormatTime({.seconds = int64_t{1} << 62}, false, out));
}

// The quick test for the canonical form never takes what the full parse would change.
TEST(LeafTest, CanonicalTimesAreThose) {
  for (const char* text :
       {"2024-02-28T23:59:59Z", "2024-02-30T00:00:00Z", "2024-13-01T00:00:00Z",
        "2024-01-01T24:00:00Z", "2024-01-01T00:00:00+00:00", "2024-01-00T00:00:00Z"}) {
    if (IsCanonicalTime(text, false)) {
      EXPECT_EQ(TimeOf(text), text);
    }
  }
  EXPECT_TRUE(IsCanonicalTime("2024-02-28T23:59:59Z", false));
  EXPECT_FALSE(IsCanonicalTime("2024-02-28T23:59:59Z", true));
  EXPECT_TRUE(IsCanonicalTime("2024-02-28T23:59:59.000001Z", true));
}

TEST(LeafTest, DurationsReadAndWriteAsGoDoes) {
  for (const char* text : {"0s", "1ns", "1.5µs", "2ms", "1.000000001s", "1m0s", "1h0m0.5s",
                           "-2h45m0s", "2562047h47m16.854775807s"}) {
    const Result<int64_t> nanos = ParseDuration(text);
    ASSERT_TRUE(nanos.has_value()) << text;
    EXPECT_EQ(FormatDuration(*nanos), text);
  }
  EXPECT_EQ(*ParseDuration("1h30m"), 5400LL * 1000000000);
  EXPECT_EQ(*ParseDuration(".5s"), 500000000);
  for (const char* wrong : {"", "1", "s", "1x", "1h-1m", "9999999h", ".s", "-"}) {
    EXPECT_FALSE(ParseDuration(wrong).has_value()) << wrong;
  }
}

TEST(LeafTest, Base64RoundTrips) {
  for (const char* text : {"", "f", "fo", "foo", "foob", "fooba", "foobar", "\xff\xfe"}) {
    const std::string encoded = EncodeBase64(text);
    EXPECT_TRUE(IsCanonicalBase64(encoded)) << encoded;
    EXPECT_EQ(DecodeBase64(encoded).value(), text);
  }
  EXPECT_EQ(DecodeBase64("Zm9v\nYmFy\r\n").value(), "foobar");
  for (const char* wrong : {"Z", "Zg", "Zg=", "Zg===", "Z===", "Zg==x", "Zm9v=", "Zm-v", "===="}) {
    EXPECT_FALSE(DecodeBase64(wrong).has_value()) << wrong;
  }
  EXPECT_FALSE(IsCanonicalBase64("Zh=="));  // bits left over
  EXPECT_FALSE(IsCanonicalBase64("===="));
}

TEST(LeafTest, SimpleQuantitiesAreCanonical) {
  for (const char* yes : {"0", "1", "500m", "512Mi", "7Gi", "1001"}) {
    EXPECT_TRUE(IsSimpleQuantity(yes)) << yes;
  }
  for (const char* no :
       {"", "01", "1000", "1000m", "1024Mi", "1.5", "m", "-1", "1e3", "5k", "1Ti"}) {
    EXPECT_FALSE(IsSimpleQuantity(no)) << no;
  }
}

TEST(LeafTest, QuotesAsGoDoes) { EXPECT_EQ(GoQuote("a\"b\\c\n\x01"), R"("a\"b\\c\n\x01")"); }

}  // namespace
}  // namespace fairway::kube
