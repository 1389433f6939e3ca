#include "clusters/member/dispatcher.h"

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <utility>

#include "clusters/http/http_client.h"

namespace fairway::clusters {
namespace {

// Tasks that run until the test ends them, in one dispatcher a member.
class DispatcherTest : public ::testing::Test {
 protected:
  using Running = std::map<uint64_t, std::function<void(Outcome)>>;

  class HeldTask final : public Task {
   public:
    HeldTask(uint64_t key, Running& running) : key_(key), running_(running) {}
    void Run(std::function<void(Outcome)> finished) override { running_[key_] = finished; }
    void Report(const Outcome&) override {}
    uint64_t key() const override { return key_; }

   private:
    const uint64_t key_;
    Running& running_;
  };

  std::unique_ptr<Dispatcher> Make(DispatcherLimits limits = {}) {
    return std::make_unique<Dispatcher>(loop_, limits, [] {});
  }
  void AddMany(Dispatcher& dispatcher, Running& running, uint64_t first, uint64_t count) {
    for (uint64_t key = first; key < first + count; ++key) {
      ASSERT_TRUE(dispatcher.Add(std::make_unique<HeldTask>(key, running)));
    }
  }
  // Ends the oldest with an answer that took so long.
  void Finish(Dispatcher& dispatcher, Running& running, int64_t rtt_us) {
    auto finished = std::move(running.begin()->second);
    running.erase(running.begin());
    dispatcher.OnAnswer(rtt_us, nullptr);
    finished(Outcome{});
  }
  static Error Refusal(int code, int retry_after_seconds = 0) {
    Error error;
    error.code = code;
    error.reason = "TooManyRequests";
    error.retry_after_seconds = retry_after_seconds;
    return error;
  }

  Loop loop_;
};

TEST_F(DispatcherTest, RunsMoreAtOnceAsAnswersStayQuick) {
  auto dispatcher = Make();
  Running running;
  AddMany(*dispatcher, running, 1, 5'000);
  EXPECT_EQ(running.size(), 16u);
  for (int i = 0; i < 3'000; ++i) Finish(*dispatcher, running, 5'000);
  EXPECT_EQ(running.size(), 64u);
}

TEST_F(DispatcherTest, RunsFewerWhenTheMemberRefuses) {
  auto dispatcher = Make();
  Running running;
  AddMany(*dispatcher, running, 1, 100);
  Error busy = Refusal(429);
  dispatcher->OnAnswer(1'000, &busy);
  EXPECT_EQ(dispatcher->limit().limit(), 9);
  EXPECT_EQ(dispatcher->limit().backoffs(), 1u);
  // What is under way ends; nothing is started before there are fewer than may be.
  for (int i = 0; i < 7; ++i) Finish(*dispatcher, running, 1'000);
  EXPECT_EQ(running.size(), 9u);
  Finish(*dispatcher, running, 1'000);
  EXPECT_EQ(running.size(), 9u);
}

TEST_F(DispatcherTest, ARefusalThatSaysWhenHoldsAllNewWorkBack) {
  auto dispatcher = Make({.in_flight_max = 4, .backoff_max_ms = 50});
  Running running;
  AddMany(*dispatcher, running, 1, 10);
  ASSERT_EQ(running.size(), 4u);
  auto finished = std::move(running.begin()->second);
  running.erase(running.begin());
  Error busy = Refusal(429, 1);
  dispatcher->OnAnswer(1'000, &busy);
  Outcome outcome;
  outcome.status = Fail(busy);
  outcome.retryable = true;
  finished(outcome);
  EXPECT_EQ(running.size(), 3u) << "nothing takes its place yet";
  size_t limit = static_cast<size_t>(dispatcher->limit().limit());
  while (!running.empty()) Finish(*dispatcher, running, 1'000);
  loop_.RunUntil([&] { return !running.empty(); });
  EXPECT_LE(running.size(), limit);
}

TEST_F(DispatcherTest, AMemberThatCannotBeReachedIsNoOverload) {
  auto dispatcher = Make();
  Error unreachable = Refusal(503);
  unreachable.reason = std::string(kHttpUnreachable);
  dispatcher->OnAnswer(100, &unreachable);
  EXPECT_EQ(dispatcher->limit().limit(), 16);
}

// Renewals that came faster than a loaded member took them went to the end of the queue each time,
// and some never had their turn: their copies ended for want of a lease.
TEST_F(DispatcherTest, WhatIsAskedForAgainKeepsItsPlace) {
  DispatcherLimits limits;
  limits.in_flight_min = limits.in_flight_max = 1;
  auto dispatcher = Make(limits);
  Running running;
  AddMany(*dispatcher, running, 1, 3);  // 1 runs, 2 and 3 wait
  const auto any = [](const Task&) { return true; };
  Running again;
  std::unique_ptr<Task> second = std::make_unique<HeldTask>(2, again);
  EXPECT_TRUE(dispatcher->Replace(second, any));
  EXPECT_EQ(second, nullptr);
  EXPECT_EQ(dispatcher->waiting(), 2u);
  Finish(*dispatcher, running, 1'000);
  EXPECT_TRUE(again.contains(2)) << "the new one, before 3";
  EXPECT_TRUE(running.empty());
  std::unique_ptr<Task> unknown = std::make_unique<HeldTask>(9, again);
  EXPECT_FALSE(dispatcher->Replace(unknown, any));
  EXPECT_NE(unknown, nullptr);
}

TEST_F(DispatcherTest, ASlowMemberCostsItsOwnLimitOnly) {
  auto slow = Make(), quick = Make();
  Running at_slow, at_quick;
  AddMany(*slow, at_slow, 1, 5'000);
  AddMany(*quick, at_quick, 1, 5'000);
  for (int i = 0; i < 2'000; ++i) {
    Finish(*slow, at_slow, 5'000);
    Finish(*quick, at_quick, 5'000);
  }
  for (int i = 0; i < 400; ++i) {
    Finish(*slow, at_slow, 500'000);
    Finish(*quick, at_quick, 5'000);
  }
  EXPECT_EQ(at_quick.size(), 64u);
  EXPECT_LT(slow->limit().limit(), 48);
  EXPECT_EQ(at_quick.begin()->first, 2'401u) << "all that was answered has been replaced";
}

}  // namespace
}  // namespace fairway::clusters
