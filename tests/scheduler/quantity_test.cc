// Quantities as Kubernetes reads and writes them: exact, rounded away from zero, canonical.
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "scheduler/resources.h"
#include "scheduler/rng.h"

namespace fairway::scheduler {
namespace {

using Case = std::pair<const char*, int64_t>;

TEST(QuantityTest, EverySuffixHasItsExactValue) {
  for (const auto& [text, value] : std::vector<Case>{{"0", 0},
                                                     {"12", 12},
                                                     {"-5", -5},
                                                     {"+7", 7},
                                                     {"1k", 1000},
                                                     {"1M", 1000000},
                                                     {"1G", 1000000000},
                                                     {"2T", 2000000000000},
                                                     {"3P", 3000000000000000},
                                                     {"1E", 1000000000000000000},
                                                     {"1Ki", 1024},
                                                     {"1Mi", 1 << 20},
                                                     {"1Gi", 1 << 30},
                                                     {"1Ti", 1LL << 40},
                                                     {"1Pi", 1LL << 50},
                                                     {"1Ei", 1LL << 60},
                                                     {"1e3", 1000},
                                                     {"1E3", 1000},
                                                     {"2e+2", 200},
                                                     {"2500e-2", 25},
                                                     {"1.5Gi", 1610612736},
                                                     {"0.5Ki", 512},
                                                     {".5k", 500},
                                                     {"5.", 5},
                                                     {"007", 7},
                                                     {"1.5e3", 1500}}) {
    const auto parsed = ParseQuantity(text);
    ASSERT_TRUE(parsed) << text;
    EXPECT_EQ(*parsed, value) << text;
  }
}

TEST(QuantityTest, PartsOfAUnitRoundAwayFromZero) {
  for (const auto& [text, value] : std::vector<Case>{{"1m", 1},
                                                     {"1n", 1},
                                                     {"1001m", 2},
                                                     {"-1m", -1},
                                                     {"0.1", 1},
                                                     {"0.000000000000000000001", 1},
                                                     {"1000m", 1}}) {
    EXPECT_EQ(ParseQuantity(text).value_or(-99), value) << text;
  }
  for (const auto& [text, milli] : std::vector<Case>{{"100m", 100},
                                                     {"1", 1000},
                                                     {"1.5", 1500},
                                                     {"1u", 1},
                                                     {"1500u", 2},
                                                     {"0.0005", 1},
                                                     {"1n", 1},
                                                     {"-1500u", -2},
                                                     {"2Ki", 2048000}}) {
    EXPECT_EQ(ParseQuantityMilli(text).value_or(-99), milli) << text;
  }
}

TEST(QuantityTest, CanonicalFormIsTheApiServersOwn) {
  for (const auto& [text, canonical] : std::vector<std::pair<const char*, const char*>>{
           {"1500m", "1500m"}, {"1000m", "1"},       {"1024Ki", "1Mi"},     {"0.5", "500m"},
           {"0", "0"},         {"-0", "0"},          {"0Ki", "0"},          {"1.5Gi", "1536Mi"},
           {"0.5Ki", "512"},   {"1025", "1025"},     {"1024", "1024"},      {"1000", "1k"},
           {"1000k", "1M"},    {"1e3", "1e3"},       {"1000e3", "1e6"},     {"12e2", "1200"},
           {"100Mi", "100Mi"}, {"1500Mi", "1500Mi"}, {"0.1n", "1n"},        {"1.1u", "1100n"},
           {"-1.5", "-1500m"}, {"1e-3", "1e-3"},     {"0.0005Ki", "512m"},  {"100000", "100k"},
           {"1E", "1E"},       {"1e20", "100e18"},   {"1234567", "1234567"}}) {
    EXPECT_EQ(CanonicalQuantity(text).value_or("?"), canonical) << text;
  }
}

TEST(QuantityTest, BadTextsAreRefusedInTheApiServersWords) {
  const std::string format =
      "quantities must match the regular expression "
      "'^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";
  for (const char* text : {"", "abc", "1.2.3", "1 Gi", "1Gi ", "1e3.5", "0x10"}) {
    const auto parsed = ParseQuantity(text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_EQ(parsed.error().message, format) << text;
    EXPECT_EQ(parsed.error().code, 400);
  }
  for (const char* text : {"1K", "1ki", "1MM", "1ee3", "1e", "1kk", "1Kii", "1+3", "--1"}) {
    const auto parsed = ParseQuantity(text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_EQ(parsed.error().message, "unable to parse quantity's suffix") << text;
  }
}

TEST(QuantityTest, WhatInt64CannotHoldIsRefusedNotWrapped) {
  EXPECT_EQ(ParseQuantity("9223372036854775807").value_or(0), INT64_MAX);
  EXPECT_EQ(ParseQuantity("-9223372036854775807").value_or(0), -INT64_MAX);
  EXPECT_FALSE(ParseQuantity("10E"));
  EXPECT_FALSE(ParseQuantity("1e400000000000"));
  EXPECT_FALSE(ParseQuantityMilli("9223372036854775807"));
  EXPECT_EQ(ParseQuantity("1e-400000000000").value_or(0), 1);
  // As in Kubernetes, what is beyond its range is cut to the range where the long form is needed.
  EXPECT_EQ(CanonicalQuantity("99999999999999999999").value_or(""), "9223372036854775807");
  EXPECT_TRUE(CanonicalQuantity(std::string(100'000, '9')));
}

TEST(QuantityTest, CanonicalTextMeansTheSameAndIsItsOwnCanonicalText) {
  static constexpr const char* kSuffixes[] = {"",  "n",  "u",  "m",  "k",  "M",   "G",
                                              "T", "Ki", "Mi", "Gi", "e2", "e-3", "E3"};
  Rng rng(7);
  for (int i = 0; i < 20'000; ++i) {
    std::string text = rng.Chance({1, 4}) ? "-" : "";
    text += std::to_string(rng.Below(1'000'000));
    if (rng.Chance({1, 2})) text += "." + std::to_string(rng.Below(100'000));
    text += kSuffixes[rng.Below(std::size(kSuffixes))];
    const auto canonical = CanonicalQuantity(text);
    ASSERT_TRUE(canonical) << text;
    EXPECT_EQ(CanonicalQuantity(*canonical).value_or("?"), *canonical) << text;
    const auto milli = ParseQuantityMilli(text);
    const auto milli_again = ParseQuantityMilli(*canonical);
    ASSERT_EQ(milli.has_value(), milli_again.has_value()) << text;
    if (milli) {
      EXPECT_EQ(*milli, *milli_again) << text << " " << *canonical;
    }
  }
}

TEST(QuantityTest, LargerNumbersAreNeverSmallerQuantities) {
  Rng rng(8);
  for (int i = 0; i < 5'000; ++i) {
    const int64_t a = rng.Between(-1'000'000, 1'000'000);
    const int64_t b = rng.Between(-1'000'000, 1'000'000);
    for (const char* suffix : {"n", "u", "m", "", "k", "Ki", "Mi"}) {
      const auto qa = ParseQuantityMilli(std::to_string(a) + suffix);
      const auto qb = ParseQuantityMilli(std::to_string(b) + suffix);
      ASSERT_TRUE(qa && qb);
      if (a <= b) {
        EXPECT_LE(*qa, *qb) << a << " " << b << suffix;
      }
    }
  }
}

}  // namespace
}  // namespace fairway::scheduler
