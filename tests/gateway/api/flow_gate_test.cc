#include "gateway/api/flow_gate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "tests/gateway/api/api_fixture.h"

namespace fairway::gateway::api {
namespace {

using ::testing::ElementsAre;

// Requests of users, a clock that moves only as the handlers say, and what ran in which turn.
class FlowGateTest : public ::testing::Test {
 protected:
  void Build(FlowGate::Options options) {
    options.clock_ns = [this] { return clock_ns_; };
    options.may_write = [this] { return may_write_; };
    gate_ = std::make_unique<FlowGate>(loop_, options, [this](const ContextPtr& context) {
      ran_.push_back(context->user.name);
      clock_ns_ += cost_ns_;
      if (answer_at_once_) {
        context->in_flight.reset();
      } else {
        under_way_.push_back(context);
      }
    });
  }
  FlowGateTest() { Build({}); }

  ContextPtr Ask(const std::string& user, const std::string& verb = "create",
                 std::vector<std::string> groups = {}, const std::string& address = "") {
    Request request;
    request.peer.address = address.empty() ? user : address;
    auto context = std::make_shared<Context>();
    auto exchange = std::make_shared<FakeExchange>(std::move(request));
    exchange->on_hold = [this, user](bool held) { holds_[user] += held ? 1 : -1; };
    context->exchange = exchange;
    context->user.name = user;
    context->user.groups = std::move(groups);
    context->info.is_resource = true;
    context->info.verb = verb;
    context->info.group = "batch";
    context->info.resource = "jobs";
    context->info.ns = "ns";
    gate_->Admit(context);
    return context;
  }
  static const FakeExchange& Of(const ContextPtr& context) {
    return static_cast<const FakeExchange&>(*context->exchange);
  }
  // One turn of the loop.
  void Turn() {
    bool reached = false;
    loop_.Post([&reached] { reached = true; });
    loop_.RunUntil([&reached] { return reached; });
    bool settled = false;
    loop_.Defer([&settled] { settled = true; });
    loop_.RunUntil([&settled] { return settled; });
  }

  Loop loop_;
  int64_t clock_ns_ = 0, cost_ns_ = 100'000;
  bool may_write_ = true, answer_at_once_ = true;
  std::vector<std::string> ran_;
  std::vector<ContextPtr> under_way_;
  std::map<std::string, int> holds_;
  std::unique_ptr<FlowGate> gate_;
};

TEST_F(FlowGateTest, ALonelyRequestRunsAtOnce) {
  Ask("a");
  EXPECT_THAT(ran_, ElementsAre("a"));
  Turn();
  Ask("a");
  EXPECT_EQ(ran_.size(), 2u);
  EXPECT_EQ(gate_->counters(2).queued, 0u);
}

TEST_F(FlowGateTest, WhatComesInOneTurnRunsInThatTurnFairestFirst) {
  for (int i = 0; i < 4; ++i) Ask("flood");
  Ask("a");
  Ask("b");
  EXPECT_THAT(ran_, ElementsAre("flood"));
  Turn();
  EXPECT_THAT(ran_, ElementsAre("flood", "flood", "a", "b", "flood", "flood"));
}

TEST_F(FlowGateTest, ATurnHasABudgetAndTheRestWaitsBehindTheSockets) {
  Build({.turn_budget_ns = 500'000});
  answer_at_once_ = true;
  for (int i = 0; i < 40; ++i) Ask("flood");
  // A pass of the loop has at most two turns: before and after it looks at the sockets.
  std::vector<size_t> ran_by_turn;
  for (int turn = 0; turn < 3; ++turn) {
    size_t before = ran_.size();
    bool settled = false;
    loop_.Defer([&settled] { settled = true; });
    loop_.RunUntil([&settled] { return settled; });
    ran_by_turn.push_back(ran_.size() - before);
  }
  EXPECT_THAT(ran_by_turn, ::testing::Each(::testing::Le(10u)));
  // One who comes now is served before the rest of the flood.
  Ask("late");
  size_t before = ran_.size();
  while (std::find(ran_.begin(), ran_.end(), "late") == ran_.end()) Turn();
  size_t place = static_cast<size_t>(std::find(ran_.begin(), ran_.end(), "late") - ran_.begin());
  EXPECT_LE(place - before, 1u);
  while (gate_->queued() > 0) Turn();
  EXPECT_EQ(ran_.size(), 41u) << "nothing is lost";
}

TEST_F(FlowGateTest, AnAdministratorIsNotQueuedButForSubmitting) {
  for (int i = 0; i < 10; ++i) Ask("flood");
  ran_.clear();
  Ask("admin", "list", {"system:masters"});
  Ask("admin", "delete", {"system:masters"});
  EXPECT_THAT(ran_, ElementsAre("admin", "admin"));
  Ask("admin", "create", {"system:masters"});
  EXPECT_EQ(ran_.size(), 2u);
  Turn();
  EXPECT_EQ(gate_->counters(0).dispatched, 2u);
}

TEST_F(FlowGateTest, FullFlowsGet429WithTheHeadersOfKubernetesAndAreHeld) {
  Build({.limits = {.flow_queued_max = 2}});
  answer_at_once_ = false;
  Ask("u");
  ContextPtr waits = Ask("u");
  Ask("u");
  ContextPtr refused = Ask("u");
  const FakeExchange& answer = Of(refused);
  ASSERT_TRUE(answer.answered);
  EXPECT_EQ(answer.status, 429);
  EXPECT_EQ(answer.Header("retry-after"), "1");
  EXPECT_FALSE(answer.Header("x-kubernetes-pf-flowschema-uid").empty());
  EXPECT_FALSE(answer.Header("x-kubernetes-pf-prioritylevel-uid").empty());
  kube::Value status = answer.Json();
  EXPECT_EQ(kube::GetString(status.get_object(), {"reason"}), "TooManyRequests");
  EXPECT_EQ(kube::Get<int64_t>(status.get_object(), {"details", "retryAfterSeconds"}), 1);
  EXPECT_FALSE(Of(waits).answered);
  EXPECT_EQ(holds_["u"], 1) << "its connection is not read";
  Turn();
  EXPECT_EQ(holds_["u"], 0) << "there is room again";
  EXPECT_EQ(gate_->counters(2).refused, 1u);
}

TEST_F(FlowGateTest, AConnectionThatBringsManyIsHeldBeforeItIsRefused) {
  cost_ns_ = 0;
  for (size_t i = 0; i < kClientQueuedHigh + 1; ++i) Ask("u");
  EXPECT_EQ(holds_["u"], 1);
  while (gate_->queued() > 0) Turn();
  EXPECT_EQ(holds_["u"], 0);
  EXPECT_EQ(gate_->counters(2).refused, 0u);
}

TEST_F(FlowGateTest, WritesWaitForTheDiskReadsDoNot) {
  may_write_ = false;
  Ask("w", "create");
  Ask("r", "get");
  Turn();
  EXPECT_THAT(ran_, ElementsAre("r"));
  answer_at_once_ = false;
  may_write_ = true;
  Ask("w2", "create");
  while (ran_.size() < 3) Turn();
  EXPECT_THAT(ran_, ElementsAre("r", "w", "w2"));
}

TEST_F(FlowGateTest, AUserWithAllHisSeatsTakenWaitsForAnAnswerOthersDoNot) {
  Build({.limits = {.user_seats_max = 2}});
  answer_at_once_ = false;
  for (int i = 0; i < 4; ++i) Ask("slow");
  Ask("other");
  Turn();
  EXPECT_THAT(ran_, ElementsAre("slow", "slow", "other"));
  EXPECT_EQ(gate_->queued(), 2u);
  under_way_[0]->in_flight.reset();  // is answered
  while (ran_.size() < 4) Turn();
  EXPECT_EQ(ran_.back(), "slow");
  EXPECT_EQ(gate_->queued(), 1u);
}

TEST_F(FlowGateTest, WhileOthersAreAboutNobodyFillsTheBatch) {
  Build({.contended_seats_max = 3});
  answer_at_once_ = false;
  for (int i = 0; i < 5; ++i) Ask("alone");
  Turn();
  EXPECT_EQ(under_way_.size(), 5u);
  under_way_.clear();
  Ask("other");
  for (int i = 0; i < 10; ++i) Ask("flood");
  Turn();
  EXPECT_EQ(gate_->queued(), 7u);
  EXPECT_EQ(std::count(ran_.begin(), ran_.end(), "flood"), 3);
}

TEST_F(FlowGateTest, OneWhoHasGoneIsNotServed) {
  Ask("a");
  ContextPtr gone = Ask("b");
  std::static_pointer_cast<FakeExchange>(gone->exchange)->CloseByClient();
  Turn();
  EXPECT_THAT(ran_, ElementsAre("a"));
  EXPECT_EQ(gate_->counters(2).cancelled, 1u);
  EXPECT_EQ(gate_->seats(), 0u);
}

TEST_F(FlowGateTest, WhatWaitsTooLongIsTold) {
  Build({.wait_max_ms = -1});
  may_write_ = false;
  ContextPtr waits = Ask("u");
  loop_.RunUntil([&] { return Of(waits).answered; });
  EXPECT_EQ(Of(waits).status, 429);
  EXPECT_EQ(gate_->counters(2).timed_out, 1u);
  EXPECT_EQ(gate_->queued(), 0u);
}

TEST_F(FlowGateTest, LevelsAreShownAsKubernetesShowsThem) {
  Ask("a");
  Ask("nobody", "get", {"system:unauthenticated"});
  Turn();
  EXPECT_NE(gate_->DumpLevels().find("workload, true, 0, 0, 1, 0, 0, 0, 0\n"), std::string::npos)
      << gate_->DumpLevels();
  EXPECT_NE(gate_->DumpLevels().find("catch-all, true, 0, 0, 1, 1, 0, 0, 0\n"), std::string::npos);
}

TEST(FlowSchemaTest, RequestsFindTheirLevel) {
  auto level = [](std::string_view group, std::string_view resource, std::string_view verb,
                  std::vector<std::string> groups) {
    RequestInfo info;
    info.group = group;
    info.resource = resource;
    info.verb = verb;
    User user;
    user.groups = std::move(groups);
    return std::string(LevelOfClass(FlowClassOf(info, user)).name);
  };
  EXPECT_EQ(level("batch", "jobs", "create", {"system:authenticated"}), "workload");
  EXPECT_EQ(level("batch", "jobs", "create", {"system:masters"}), "workload");
  EXPECT_EQ(level("kueue.x-k8s.io", "workloads", "create", {"system:masters"}), "workload");
  EXPECT_EQ(level("batch", "jobs", "delete", {"system:masters"}), "exempt");
  EXPECT_EQ(level("coordination.k8s.io", "leases", "update", {}), "system");
  EXPECT_EQ(level("", "pods", "list", {"system:serviceaccounts:kube-system"}), "system");
  EXPECT_EQ(level("", "pods", "list", {"system:unauthenticated"}), "catch-all");
}

}  // namespace
}  // namespace fairway::gateway::api
