// The reader behind the house rules: a rule that cannot see code would pass for ever.
#include "tests/tidy/tree.h"

#include <gmock/gmock.h>

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fairway::tidy {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(BlankProse, KeepsCodeAndLines) {
  EXPECT_EQ(BlankProse("a; // b\nc /* d\n e */ f"), "a;     \nc     \n      f");
  EXPECT_EQ(BlankProse("x(\"sleep\\\"\", 'c', 1'000);"), "x(         ,    , 1'000);");
  EXPECT_EQ(BlankProse("R\"j(sleep \" // )j\" + y"), std::string(18, ' ') + " + y");
}

TEST(FindWord, IgnoresPartsOfLongerNames) {
  EXPECT_THAT(FindWord("usleep sleep(1) sleeper", "sleep"), ElementsAre(7));
  EXPECT_THAT(FindWord("std::format(x)", "format"), ElementsAre(5));
  EXPECT_THAT(FindWord("reformat", "format"), IsEmpty());
}

TEST(RawStringLines, AreThoseOfTheLiteralOnly) {
  EXPECT_THAT(RawStringLines("a;\nb(R\"(c\nd)\");\n// R\"(e)\"\n\"R\""), ElementsAre(2, 3));
}

TEST(LineAt, CountsFromOne) {
  EXPECT_EQ(LineAt("a\nb", 0), 1);
  EXPECT_EQ(LineAt("a\nb", 2), 2);
}

}  // namespace
}  // namespace fairway::tidy
