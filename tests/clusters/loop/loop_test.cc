#include "clusters/loop/loop.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "clusters/loop/gate.h"
#include "clusters/loop/uv_handle.h"

namespace fairway {
namespace {

// Functions posted by one thread run on the loop, in their order.
TEST(LoopTest, PostKeepsTheOrderOfEachThread) {
  constexpr int kThreads = 4;
  constexpr int kEach = 500;
  Loop loop;
  std::vector<std::vector<int>> seen(kThreads);
  int total = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < kEach; ++i) {
        loop.Post([&, t, i] {
          seen[t].push_back(i);
          ++total;
        });
      }
    });
  }
  loop.RunUntil([&] { return total == kThreads * kEach; });
  for (auto& thread : threads) thread.join();
  for (const auto& one : seen) {
    EXPECT_TRUE(std::is_sorted(one.begin(), one.end()));
    EXPECT_EQ(one.size(), static_cast<size_t>(kEach));
  }
}

// Deferred work runs after the callback that defers it and before the turn's end, which runs once
// for all callbacks of the turn.
TEST(LoopTest, DeferRunsBeforeTheTurnEnds) {
  Loop loop;
  std::string order;
  loop.Post([&] {
    loop.AtTurnEnd([&] { order += 'e'; });
    loop.Defer([&] {
      order += 'd';
      loop.Defer([&] { order += 'D'; });
    });
    order += 'p';
  });
  loop.RunUntil([&] { return order.size() == 4; });
  EXPECT_EQ(order, "pdDe");
}

// A dropped Call is a promise that the callback does not run, also when the timer is already due.
TEST(LoopTest, DroppedCallNeverRuns) {
  Loop loop;
  bool ran = false;
  bool later = false;
  Call doomed = loop.StartTimer(0, [&] { ran = true; });
  doomed = Call();
  Call watch = loop.StartTimer(2, [&] { later = true; });
  loop.RunUntil([&] { return later; });
  EXPECT_FALSE(ran);
}

// A released Call lets its timer run to its end.
TEST(LoopTest, ReleasedTimerStillFires) {
  Loop loop;
  bool ran = false;
  loop.StartTimer(1, [&] { ran = true; }).Release();
  loop.RunUntil([&] { return ran; });
  EXPECT_TRUE(ran);
}

// What a timer brings ends RunUntil at once, even when nothing else would ever wake the loop.
TEST(LoopTest, RunUntilEndsWithTheTimerThatWasWaitedFor) {
  Loop loop;
  struct Seen {
    bool ran = false, woken = false;
  } seen;
  // Kept after it has fired, as libcurl's is.
  auto timer = MakeUvHandle<uv_timer_t>();
  uv_timer_init(loop.uv(), timer.get());
  timer->data = &seen;
  uv_timer_start(
      timer.get(), [](uv_timer_t* h) { static_cast<Seen*>(h->data)->ran = true; }, 0, 0);
  Call late = loop.StartTimer(2000, [&] { seen.woken = true; });
  loop.RunUntil([&] { return seen.ran; });
  EXPECT_FALSE(seen.woken);
  timer->data = nullptr;
}

// A callback may end its own timer, or restart it, from inside.
TEST(LoopTest, TimerMayBeReplacedInsideItsCallback) {
  Loop loop;
  int count = 0;
  Call call;
  std::function<void()> again = [&] {
    if (++count < 3) call = loop.StartTimer(0, again);
  };
  call = loop.StartTimer(0, again);
  loop.RunUntil([&] { return count == 3; });
  int ticks = 0;
  Call repeating;
  repeating = loop.StartRepeating(1, [&] {
    if (++ticks == 2) repeating = Call();
  });
  loop.RunUntil([&] { return ticks == 2; });
  EXPECT_FALSE(repeating);
}

// Timers that nobody watches any more do not keep the loop from closing.
TEST(LoopTest, ClosesWithReleasedTimersUnderWay) {
  Loop loop;
  loop.StartRepeating(1000, [] {}).Release();
  loop.StartTimer(1000, [] {}).Release();
}

// An object may end inside its own callback; what it owned is closed before the loop goes.
TEST(LoopTest, DeferDeleteOutlivesTheCallback) {
  struct Owner {
    UvHandle<uv_timer_t> handle = MakeUvHandle<uv_timer_t>();
    bool* gone;
    explicit Owner(Loop& loop, bool* flag) : gone(flag) { uv_timer_init(loop.uv(), handle.get()); }
    ~Owner() { *gone = true; }
  };
  bool gone = false;
  {
    Loop loop;
    auto owner = std::make_unique<Owner>(loop, &gone);
    loop.Post([&] {
      loop.DeferDelete(std::move(owner));
      EXPECT_FALSE(gone);
    });
    loop.RunUntil([&] { return gone; });
    auto late = std::make_unique<Owner>(loop, &gone);
    gone = false;
    loop.Defer([&loop, holder = std::make_shared<std::unique_ptr<Owner>>(std::move(late))] {
      loop.DeferDelete(std::move(*holder));
    });
  }
  EXPECT_TRUE(gone);
}

// A gate lets nobody in once it closes, and reports the last one out exactly once.
TEST(GateTest, ReportsTheLastOneOut) {
  Gate gate;
  int empty = 0;
  ASSERT_TRUE(gate.TryEnter());
  ASSERT_TRUE(gate.TryEnter());
  gate.Close([&] { ++empty; });
  EXPECT_FALSE(gate.TryEnter());
  gate.Leave();
  EXPECT_EQ(empty, 0);
  gate.Leave();
  EXPECT_EQ(empty, 1);
}

// Replacing a Call cancels the former operation before the new one takes its place.
TEST(CallTest, AssignmentCancelsTheFormer) {
  std::string log;
  Call call([&] { log += 'a'; });
  call = Call([&] { log += 'b'; });
  EXPECT_EQ(log, "a");
  Call moved = std::move(call);
  EXPECT_EQ(log, "a");
  moved.Cancel();
  EXPECT_EQ(log, "ab");
}

}  // namespace
}  // namespace fairway
