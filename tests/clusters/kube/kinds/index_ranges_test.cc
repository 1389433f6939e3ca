#include "clusters/kube/kinds/index_ranges.h"

#include <gtest/gtest.h>

namespace fairway::kube {
namespace {

TEST(IndexRanges, AreReadAndWrittenAsAJobControllerDoes) {
  for (const char* text : {"", "0", "0,1", "0-2", "0-2,4", "1,3-5,7", "0,1,3,4", "99999"}) {
    auto ranges = ParseIndexes(text);
    ASSERT_TRUE(ranges) << text;
    EXPECT_EQ(FormatIndexes(*ranges), text);
  }
  EXPECT_EQ(CountIndexes(*ParseIndexes("1,3-5,7")), 5);
  // Neighbours are one range however they are written.
  EXPECT_EQ(ParseIndexes("0,1,2"), ParseIndexes("0-2"));
}

TEST(IndexRanges, WhatNoControllerWritesIsRefused) {
  for (const char* text : {"-1", "a", "1-", "2-1", "1-1", "3,2", "1,1", "0-2,2", ",1", "1,", "1 ",
                           "+1", "99999999999999999999", "1,,2", "0-+3"}) {
    EXPECT_FALSE(ParseIndexes(text)) << text;
  }
}

TEST(IndexRanges, AUnionHoldsWhatEitherHolds) {
  auto joined = [](const char* a, const char* b) {
    return FormatIndexes(UnionOf(*ParseIndexes(a), *ParseIndexes(b)));
  };
  EXPECT_EQ(joined("0-2,7", "3,5"), "0-3,5,7");
  EXPECT_EQ(joined("", "1"), "1");
  EXPECT_EQ(joined("0-9", "2-3"), "0-9");
  EXPECT_EQ(joined("0,2,4", "1,3"), "0-4");
}

}  // namespace
}  // namespace fairway::kube
