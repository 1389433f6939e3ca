#include "gateway/driver/loop_load.h"

#include <gtest/gtest.h>

#include <chrono>

namespace fairway::gateway {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

TEST(LoopLoad, TellsWorkFromWaiting) {
  Loop loop;
  LoopLoad load(loop);
  EXPECT_EQ(load.BusyPercent(), 0) << "the first window is not over";
  bool waited = false;
  Call timer = loop.StartTimer(300, [&] { waited = true; });
  loop.RunUntil([&] { return waited; });
  EXPECT_FALSE(load.IsBusy());

  const auto end = steady_clock::now() + milliseconds(300);
  while (steady_clock::now() < end) {
  }
  EXPECT_TRUE(load.IsBusy());
  EXPECT_EQ(load.BusyPercent(), 100) << "the next window is not over";
}

}  // namespace
}  // namespace fairway::gateway
