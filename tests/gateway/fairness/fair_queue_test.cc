#include "gateway/fairness/fair_queue.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <random>
#include <set>
#include <string>

namespace fairway::gateway {
namespace {

using ::testing::ElementsAre;

constexpr size_t kReads = 0, kWrites = 1, kExempt = 2;

class FairQueueTest : public ::testing::Test {
 protected:
  FairQueueTest() { Build({}); }

  void Build(FairLimits limits, std::vector<int64_t> weights = {1, 1}) {
    queue_ = std::make_unique<FairQueue>(
        std::vector<FairQueue::ClassInfo>{
            {.weight = weights[0]}, {.weight = weights[1], .writes = true}, {.exempt = true}},
        limits, [this] { ++woken_; });
  }

  static FairQueue::Flow Of(std::string_view user, std::string_view ns = "ns",
                            std::string_view client = "c", size_t index = kWrites) {
    return {index, user, ns, client};
  }
  static std::string Name(const FairQueue::Item& item) {
    return *static_cast<std::string*>(item.work.get());
  }
  FairQueue::Added Add(const FairQueue::Flow& flow, std::string name, size_t bytes = 0,
                       int64_t since = 0) {
    return queue_->Add(flow, {std::make_shared<std::string>(std::move(name)), bytes, since});
  }
  void AddMany(const FairQueue::Flow& flow, int count, const std::string& name) {
    for (int i = 0; i < count; ++i) ASSERT_TRUE(Add(flow, name).taken);
  }
  // Runs one to its end at this cost; "" = nothing to run.
  std::string Serve(int64_t cost = 100, bool writes = true) {
    FairQueue::Turn turn;
    if (!queue_->Take(writes, turn)) return "";
    std::string name = Name(turn.item);
    turn.seat.reset();
    queue_->Charge(cost);
    return name;
  }
  std::map<std::string, int> ServeMany(int count, int64_t cost = 100) {
    std::map<std::string, int> served;
    for (int i = 0; i < count; ++i) ++served[Serve(cost)];
    return served;
  }
  // A hold that says when it is dropped.
  std::shared_ptr<void> Hold(std::string name) {
    return std::shared_ptr<void>(
        this, [this, name = std::move(name)](void*) { dropped_.push_back(name); });
  }

  int woken_ = 0;
  std::vector<std::string> dropped_;
  std::unique_ptr<FairQueue> queue_;
};

TEST_F(FairQueueTest, AUserWhoFloodsWaitsForHimself) {
  AddMany(Of("flood"), 100, "flood");
  Add(Of("a"), "a");
  Add(Of("b"), "b");
  std::vector<std::string> order;
  for (int i = 0; i < 5; ++i) order.push_back(Serve());
  EXPECT_THAT(order, ElementsAre("flood", "a", "b", "flood", "flood"));
  // One who comes late is next, however long the flood has waited.
  Add(Of("late"), "late");
  EXPECT_EQ(Serve(), "late");
}

TEST_F(FairQueueTest, BackloggedUsersGetEqualShares) {
  for (std::string_view user : {"a", "b", "c"}) AddMany(Of(user), 100, std::string(user));
  auto served = ServeMany(90);
  EXPECT_EQ(served["a"], 30);
  EXPECT_EQ(served["b"], 30);
  EXPECT_EQ(served["c"], 30);
}

TEST_F(FairQueueTest, WhatCountsIsTheCostNotTheNumber) {
  AddMany(Of("big"), 100, "big");
  AddMany(Of("small"), 200, "small");
  int big = 0, small = 0;
  for (int i = 0; i < 110; ++i) {
    FairQueue::Turn turn;
    ASSERT_TRUE(queue_->Take(true, turn));
    bool is_big = Name(turn.item) == "big";
    is_big ? ++big : ++small;
    queue_->Charge(is_big ? 1000 : 100);
  }
  EXPECT_EQ(big, 10);
  EXPECT_EQ(small, 100);
}

TEST_F(FairQueueTest, SpreadingOverNamespacesOrConnectionsBuysNothing) {
  for (int i = 0; i < 10; ++i) {
    AddMany(Of("spread", "ns" + std::to_string(i)), 20, "spread");
    AddMany(Of("spread", "ns", "c" + std::to_string(i)), 20, "spread");
  }
  AddMany(Of("plain"), 100, "plain");
  EXPECT_EQ(ServeMany(100)["plain"], 50);
}

TEST_F(FairQueueTest, NamespacesOfAUserAndConnectionsOfANamespaceShareFairlyToo) {
  AddMany(Of("u", "busy", "c1"), 60, "busy1");
  AddMany(Of("u", "busy", "c2"), 60, "busy2");
  AddMany(Of("u", "calm"), 60, "calm");
  auto served = ServeMany(80);
  EXPECT_EQ(served["calm"], 40);
  EXPECT_EQ(served["busy1"], 20);
  EXPECT_EQ(served["busy2"], 20);
}

TEST_F(FairQueueTest, ClassesShareByWeight) {
  Build({}, {3, 1});
  AddMany(Of("u", "ns", "c", kReads), 100, "read");
  AddMany(Of("u"), 100, "write");
  auto served = ServeMany(80, 3000);
  EXPECT_EQ(served["read"], 60);
  EXPECT_EQ(served["write"], 20);
}

TEST_F(FairQueueTest, OneConnectionIsServedInItsOrder) {
  for (int i = 0; i < 20; ++i) Add(Of("u"), std::to_string(i));
  for (int i = 0; i < 20; ++i) EXPECT_EQ(Serve(i * 7), std::to_string(i));
}

TEST_F(FairQueueTest, ReadsGoOnWhileWritesMayNot) {
  Add(Of("u"), "write");
  Add(Of("u", "ns", "c", kReads), "read");
  EXPECT_EQ(Serve(100, false), "read");
  EXPECT_FALSE(queue_->CanTake(false));
  EXPECT_EQ(Serve(100, false), "");
  EXPECT_EQ(Serve(100, true), "write");
}

TEST_F(FairQueueTest, AUserWithoutASeatLeftHoldsUpNobody) {
  Build({.user_seats_max = 2});
  AddMany(Of("slow"), 5, "slow");
  std::vector<FairQueue::Turn> running(2);
  for (auto& turn : running) {
    ASSERT_TRUE(queue_->Take(true, turn));
    queue_->Charge(1);
  }
  EXPECT_FALSE(queue_->CanTake(true)) << "three more wait, but all seats of the user are taken";
  Add(Of("other"), "other");
  EXPECT_EQ(Serve(), "other");
  EXPECT_EQ(queue_->queued(), 3u);
  woken_ = 0;
  running.pop_back();
  EXPECT_EQ(woken_, 1);
  EXPECT_EQ(Serve(), "slow");
}

TEST_F(FairQueueTest, SeatsAreLimitedInAll) {
  Build({.seats_max = 1});
  FairQueue::Seat seat = queue_->TrySeat(Of("a"));
  ASSERT_NE(seat, nullptr);
  EXPECT_EQ(queue_->TrySeat(Of("b")), nullptr);
  Add(Of("b"), "b");
  EXPECT_FALSE(queue_->CanTake(true));
  // The exempt class has seats of its own, and a bound.
  FairQueue::Seat admin = queue_->TrySeat(Of("admin", "", "c", kExempt));
  EXPECT_NE(admin, nullptr);
  EXPECT_EQ(queue_->TrySeat(Of("admin", "", "c", kExempt)), nullptr);
  seat.reset();
  EXPECT_EQ(Serve(), "b");
}

TEST_F(FairQueueTest, NobodyPassesThoseWhoWait) {
  Add(Of("a"), "a");
  EXPECT_EQ(queue_->TrySeat(Of("b")), nullptr);
  Serve();
  EXPECT_NE(queue_->TrySeat(Of("b")), nullptr);
}

TEST_F(FairQueueTest, AFlowThatIsFullIsRefusedAndNobodyElse) {
  Build({.flow_queued_max = 3});
  AddMany(Of("flood"), 3, "flood");
  auto added = Add(Of("flood"), "one too many");
  EXPECT_FALSE(added.taken);
  ASSERT_EQ(added.refused.size(), 1u);
  EXPECT_EQ(Name(added.refused[0]), "one too many");
  EXPECT_TRUE(Add(Of("flood", "elsewhere"), "x").taken);
  EXPECT_TRUE(Add(Of("calm"), "y").taken);
}

TEST_F(FairQueueTest, WhenAllIsFullTheLongestFlowGivesWay) {
  Build({.queued_max = 10});
  for (int i = 0; i < 9; ++i) Add(Of("flood"), "flood" + std::to_string(i));
  Add(Of("calm"), "calm0");
  auto added = Add(Of("new"), "new0");
  EXPECT_TRUE(added.taken);
  ASSERT_EQ(added.refused.size(), 1u);
  EXPECT_EQ(Name(added.refused[0]), "flood8") << "the newest of the longest";
  added = Add(Of("flood"), "flood9");
  EXPECT_FALSE(added.taken);
  EXPECT_EQ(Name(added.refused[0]), "flood9");
  EXPECT_EQ(queue_->queued(), 10u);
}

TEST_F(FairQueueTest, BodiesAreBoundedLikewise) {
  Build({.queued_bytes_max = 1000});
  Add(Of("flood"), "f0", 400);
  Add(Of("flood"), "f1", 400);
  auto added = Add(Of("calm"), "c0", 300);
  EXPECT_TRUE(added.taken);
  ASSERT_EQ(added.refused.size(), 1u);
  EXPECT_EQ(Name(added.refused[0]), "f1");
  EXPECT_EQ(queue_->queued_bytes(), 700u);
}

TEST_F(FairQueueTest, AFloodingConnectionIsHeldUntilItHasNearlyNothingQueued) {
  FairQueue::Added added;
  for (size_t i = 0; i < kClientQueuedHigh; ++i) {
    added = Add(Of("u"), "x");
    EXPECT_EQ(added.client_full, i + 1 == kClientQueuedHigh);
  }
  queue_->HoldClient(Of("u"), Hold("held"));
  for (size_t i = kClientQueuedHigh - 1; i > kClientQueuedLow; --i) Serve();
  EXPECT_TRUE(dropped_.empty());
  Serve();
  EXPECT_THAT(dropped_, ElementsAre("held"));
}

TEST_F(FairQueueTest, RefusedConnectionsComeBackOneByOneAsThereIsRoom) {
  AddMany(Of("u"), 3, "x");
  queue_->HoldUser(Of("u"), Hold("first"));
  queue_->HoldUser(Of("u"), Hold("second"));
  queue_->HoldUser(Of("nobody"), Hold("not kept"));
  EXPECT_THAT(dropped_, ElementsAre("not kept"));
  Serve();
  EXPECT_THAT(dropped_, ElementsAre("not kept", "first"));
  queue_->ReleaseHolds();
  EXPECT_THAT(dropped_, ElementsAre("not kept", "first", "second"));
}

TEST_F(FairQueueTest, WhatHasWaitedTooLongIsHandedBack) {
  Add(Of("u"), "old", 0, 10);
  Add(Of("u"), "young", 0, 30);
  Add(Of("v"), "old too", 0, 19);
  auto expired = queue_->Expire(20);
  std::set<std::string> names;
  for (const auto& item : expired) names.insert(Name(item));
  EXPECT_EQ(names, (std::set<std::string>{"old", "old too"}));
  EXPECT_EQ(Serve(), "young");
  EXPECT_EQ(queue_->flows(), 0u);
}

TEST_F(FairQueueTest, FlowsAreForgottenWhenTheyOweNothing) {
  for (int i = 0; i < 50; ++i) Add(Of("u" + std::to_string(i)), "x");
  EXPECT_EQ(queue_->flows(), 150u);
  ServeMany(50);
  EXPECT_EQ(queue_->flows(), 0u);
  EXPECT_EQ(queue_->queued(), 0u);
}

TEST_F(FairQueueTest, OneThatUsedMuchPaysBeforeItIsServedAgain) {
  AddMany(Of("others"), 100, "others");
  Add(Of("heavy"), "heavy");
  EXPECT_EQ(Serve(100), "others");
  EXPECT_EQ(Serve(1000), "heavy");
  Add(Of("heavy"), "heavy");
  // Its flow was idle for a moment, but is not forgiven while others wait.
  int before = 0;
  while (Serve(100) != "heavy") ++before;
  EXPECT_EQ(before, 9);
}

TEST_F(FairQueueTest, TheNumberOfFlowsIsBounded) {
  Build({.flows_max = 8});
  EXPECT_TRUE(Add(Of("a"), "x").taken);
  EXPECT_FALSE(Add(Of("b"), "x").taken) << "three nodes a flow, beside the classes";
  EXPECT_LE(queue_->flows(), 5u);
  Serve();
  EXPECT_TRUE(Add(Of("b"), "x").taken);
}

TEST_F(FairQueueTest, SeatsMayOutliveTheQueue) {
  FairQueue::Seat seat = queue_->TrySeat(Of("u"));
  Add(Of("v"), "waits");
  queue_.reset();
  seat.reset();
  EXPECT_EQ(woken_, 0);
}

// Against a plain count of what each flow got: shares of backlogged users differ by no more than
// two of the largest requests, whatever comes and goes, and nothing is lost or served twice.
TEST_F(FairQueueTest, SharesStayEqualUnderRandomTraffic) {
  for (unsigned seed = 1; seed <= 10; ++seed) {
    std::mt19937 random(seed);
    Build({.queued_max = 100'000, .flow_queued_max = 100'000});
    std::map<std::string, int64_t> used;
    int added = 0, served = 0;
    auto add = [&](const std::string& user) {
      Add(Of(user, "n" + std::to_string(random() % 3), "c" + std::to_string(random() % 3)), user);
      ++added;
    };
    for (int i = 0; i < 1000; ++i) {
      for (const char* user : {"a", "b", "c"}) add(user);
    }
    for (int step = 0; step < 1000; ++step) {
      if (random() % 4 == 0) add("guest" + std::to_string(random() % 5));
      int64_t cost = 1 + random() % 1000;
      std::string user = Serve(cost);
      ASSERT_NE(user, "");
      ++served;
      used[user] += cost;
      auto [least, most] = std::minmax({used["a"], used["b"], used["c"]});
      ASSERT_LE(most - least, 2000) << "seed " << seed << " step " << step;
    }
    while (Serve() != "") ++served;
    EXPECT_EQ(served, added);
    EXPECT_EQ(queue_->flows(), 0u);
  }
}

}  // namespace
}  // namespace fairway::gateway
