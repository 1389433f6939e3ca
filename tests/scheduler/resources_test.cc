// Amounts: adding and taking away are exact, fitting is by what is asked for.
#include "scheduler/resources.h"

#include <gtest/gtest.h>

#include <limits>

#include "scheduler/rng.h"

namespace fairway::scheduler {
namespace {

Resources Random(Rng& rng) {
  static constexpr const char* kNames[] = {"amd.com/gpu", "example.com/fpga", "nvidia.com/gpu"};
  Resources amounts;
  amounts.cpu_milli = static_cast<int64_t>(rng.Next());
  amounts.memory_bytes = static_cast<int64_t>(rng.Next());
  amounts.ephemeral_storage_bytes = static_cast<int64_t>(rng.Next());
  amounts.pods = rng.Between(0, 100);
  for (const char* name : kNames) {
    if (rng.Chance({1, 2})) amounts.Set(name, rng.Between(1, 8));
  }
  return amounts;
}

TEST(ResourcesTest, SubtractUndoesAddWhateverWasAdded) {
  Rng rng(1);
  for (int i = 0; i < 2'000; ++i) {
    const Resources a = Random(rng);
    const Resources b = Random(rng);
    Resources sum = a;
    sum.Add(b);
    Resources other_way = b;
    other_way.Add(a);
    EXPECT_EQ(sum, other_way);
    sum.Subtract(b);
    EXPECT_EQ(sum, a);
  }
}

TEST(ResourcesTest, TimesSaturates) {
  Resources amounts;
  amounts.cpu_milli = std::numeric_limits<int64_t>::max() / 2;
  amounts.memory_bytes = 3;
  amounts.Set("nvidia.com/gpu", 2);
  const Resources product = amounts.Times(1000);
  EXPECT_EQ(product.cpu_milli, std::numeric_limits<int64_t>::max());
  EXPECT_EQ(product.memory_bytes, 3000);
  EXPECT_EQ(product.Get("nvidia.com/gpu"), 2000);
  EXPECT_EQ(amounts.Times(0), Resources{});
}

TEST(ResourcesTest, FitsByEveryResourceThatIsAskedFor) {
  Resources need;
  need.cpu_milli = 100;
  need.Set("nvidia.com/gpu", 1);
  Resources have;
  have.cpu_milli = 100;
  have.memory_bytes = -5;  // overdrawn, and not asked for
  EXPECT_FALSE(need.FitsIn(have));
  EXPECT_EQ(need.FirstMissing(have), "nvidia.com/gpu");
  have.Set("nvidia.com/gpu", 1);
  EXPECT_TRUE(need.FitsIn(have));
  EXPECT_EQ(need.FirstMissing(have), "");
  need.memory_bytes = 1;
  EXPECT_EQ(need.FirstMissing(have), "memory");
}

TEST(ResourcesTest, SetKeepsNamesSortedAndDropsZeros) {
  Resources amounts;
  amounts.Set("z", 1);
  amounts.Set("a", 2);
  amounts.Set("cpu", 5);
  amounts.Set("m", 3);
  amounts.Set("z", 0);
  ASSERT_EQ(amounts.extended.size(), 2u);
  EXPECT_EQ(amounts.extended[0].first, "a");
  EXPECT_EQ(amounts.extended[1].first, "m");
  EXPECT_EQ(amounts.Get("cpu"), 5);
  EXPECT_EQ(amounts.Get("z"), 0);
}

}  // namespace
}  // namespace fairway::scheduler
