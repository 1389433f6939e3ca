// What the history says of a cluster's link: each state once, with what led to it.
#include "gateway/driver/history_recorder.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace fairway::gateway {
namespace {

class KeptHistory final : public store::HistoryLog {
 public:
  void AttachTransition(std::string transition) override {
    auto decoded = store::DecodeTransition(transition);
    ASSERT_TRUE(decoded);
    lines.push_back(decoded->name + ": " + decoded->from + " -> " + decoded->to + " (" +
                    decoded->cause + ") " + decoded->reason);
  }
  void AttachMeta(std::string, std::string) override {}
  Result<uint64_t> ReadHistory(uint64_t, bool, size_t,
                               const std::function<bool(const store::HistoryLink&)>&) override {
    return 0;
  }
  Result<store::HistoryEnds> ReadHistoryEnds() override { return store::HistoryEnds{}; }
  void TrimHistory(uint64_t, Instant) override {}

  std::vector<std::string> lines;
};

class HistoryRecorderTest : public ::testing::Test {
 protected:
  HistoryRecorderTest() {
    record_.cluster = ClusterId{3};
    record_.spec.name = "east";
    Put("ClusterChanged");
    log_.lines.clear();
  }
  void Put(std::string_view cause) {
    recorder_.Edits(world_, {scheduler::PutCluster{record_}}, cause, Instant{1'000});
  }
  std::string Last() const { return log_.lines.empty() ? "" : log_.lines.back(); }

  KeptHistory log_;
  HistoryRecorder recorder_{&log_};
  scheduler::World world_;
  scheduler::ClusterRecord record_;
};

TEST_F(HistoryRecorderTest, EachLinkStateIsTold) {
  using scheduler::LinkState;
  scheduler::LinkRecord& link = record_.link;
  link.state = LinkState::kReady;
  Put("LinkObserved");
  EXPECT_EQ(Last(), "east: Joining -> Ready (LinkObserved) ");
  link.state = LinkState::kSuspect;
  Put("TimerFired");
  link.state = LinkState::kUnreachable;
  link.lost_at = Instant{1'764'115'200'000};
  Put("TimerFired");
  EXPECT_EQ(Last(), "east: Suspect -> Unreachable (TimerFired) silent since 2025-11-26T00:00:00Z");
  link.state = LinkState::kFenced;
  Put("TimerFired");
  EXPECT_EQ(Last(), "east: Unreachable -> Fenced (TimerFired) every lease there is over");
  link.state = LinkState::kProbation;
  link.flaps = 2;
  link.probation_until = Instant{1'764'115'260'000};
  Put("InventoryTaken");
  EXPECT_EQ(Last(),
            "east: Fenced -> Probation (InventoryTaken) until 2025-11-26T00:01:00Z, after 2 losses "
            "in a row");
  EXPECT_EQ(log_.lines.size(), 5u);
}

TEST_F(HistoryRecorderTest, WhatDoesNotShowIsNotTold) {
  record_.link.horizon = Instant{5'000};
  record_.spec.labels = {{"zone", "a"}};
  Put("TimerFired");
  EXPECT_TRUE(log_.lines.empty());
}

TEST_F(HistoryRecorderTest, AStalledControllerIsTold) {
  record_.link.stalled = true;
  Put("TimerFired");
  EXPECT_EQ(Last(), "east:  -> Stalled (TimerFired) its Job controller starts no copies");
}

TEST_F(HistoryRecorderTest, ARestartTellsNothingAnew) {
  record_.link.state = scheduler::LinkState::kSuspect;
  Put("TimerFired");
  log_.lines.clear();
  world_.Apply(scheduler::PutCluster{record_});
  recorder_.Start(world_);
  Put("TimerFired");
  EXPECT_TRUE(log_.lines.empty());
}

}  // namespace
}  // namespace fairway::gateway
