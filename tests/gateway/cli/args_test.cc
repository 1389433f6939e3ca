// Command lines are understood as kubectl's are.
#include "gateway/cli/args.h"

#include <gtest/gtest.h>

namespace fairway::gateway {
namespace {

const std::vector<FlagSpec> kSpecs{
    {"namespace", "n", true}, {"force", "", false}, {"label", "l", true}};

TEST(ArgsTest, TakesValuesInAllSpellings) {
  for (const std::vector<std::string>& line : {std::vector<std::string>{"-n", "team"},
                                               {"-nteam"},
                                               {"--namespace", "team"},
                                               {"--namespace=team"}}) {
    Args args = ParseArgs(line, kSpecs);
    EXPECT_EQ(args.error, "");
    EXPECT_EQ(args.Get("namespace"), "team");
  }
}

TEST(ArgsTest, KeepsWordsAndRepeatedFlagsInOrder) {
  Args args = ParseArgs({"join", "--label", "a=1", "east", "-l", "b=2", "--force"}, kSpecs);
  EXPECT_EQ(args.words, (std::vector<std::string>{"join", "east"}));
  EXPECT_EQ(args.All("label"), (std::vector<std::string>{"a=1", "b=2"}));
  EXPECT_TRUE(args.Has("force"));
}

TEST(ArgsTest, ReportsUnknownFlagsAndMissingValues) {
  EXPECT_EQ(ParseArgs({"--bogus"}, kSpecs).error, "unknown flag: --bogus");
  EXPECT_EQ(ParseArgs({"-n"}, kSpecs).error, "flag needs a value: -n");
}

}  // namespace
}  // namespace fairway::gateway
