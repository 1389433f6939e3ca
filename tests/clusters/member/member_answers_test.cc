// What a member says unasked and what its answers show beside that.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "clusters/member/member.h"
#include "tests/clusters/member/joined_member_fixture.h"

namespace fairway::clusters {
namespace {

using fairway::testing::ScriptedMember;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST_F(MemberTest, CopiesAreInventoriedThenFollowedAndMissedOnesFoundGone) {
  server_.Put(kJobs + "/j", R"({"metadata":{"name":"j","namespace":"team",
    "labels":{"fairway.flext.sh/gateway":"gw","fairway.flext.sh/epoch":"2"},
    "annotations":{"fairway.flext.sh/job":"5"}},"spec":{},"status":{"ready":1}})");
  JoinReady();
  ASSERT_TRUE(heard_.inventory);
  ASSERT_EQ(heard_.inventory->size(), 1u);
  EXPECT_THAT(heard_.copies, ElementsAre("5/2:1"));
  server_.Put(kJobs + "/j", R"({"metadata":{"name":"j","namespace":"team",
    "labels":{"fairway.flext.sh/gateway":"gw","fairway.flext.sh/epoch":"2"},
    "annotations":{"fairway.flext.sh/job":"5"}},"spec":{},
    "status":{"conditions":[{"type":"Complete","status":"True"}]}})");
  server_.Announce("MODIFIED", kJobs + "/j");
  Until([&] { return heard_.copies.size() == 2; });
  EXPECT_EQ(heard_.copies[1], "5/2:3");
  // Lost while the watch was away: only the next list can tell.
  server_.before = [](auto& exchange) {
    if (exchange->target.find("watch=true&") == std::string::npos) return false;
    exchange->Reply(410, ScriptedMember::Refusal(410, "Expired", "too old"));
    return true;
  };
  server_.Forget(kJobs + "/j");
  heard_.inventory.reset();
  server_.CutWatches();
  Until([&] { return heard_.inventory.has_value(); });
  EXPECT_THAT(*heard_.inventory, IsEmpty());
  EXPECT_THAT(heard_.gone, ElementsAre("5/2"));
}

std::string CopyThat(std::string_view status) {
  return fmt::format(R"({{"metadata":{{"name":"j","namespace":"team",
    "labels":{{"fairway.flext.sh/gateway":"gw","fairway.flext.sh/epoch":"2"}},
    "annotations":{{"fairway.flext.sh/job":"5"}}}},"spec":{{}},"status":{}}})",
                     status);
}
constexpr std::string_view kJobRuns = R"({"ready":1})";
constexpr std::string_view kHasSucceeded =
    R"({"conditions":[{"type":"Complete","status":"True"}]})";

TEST_F(MemberTest, WhatARenewalShowsCountsThoughTheWatchIsMuteWhichIsResumed) {
  server_.Put(kJobs + "/j", CopyThat(kJobRuns));
  int watches = 0;
  server_.before = [&](auto& exchange) {
    const std::string& target = exchange->target;
    watches += target.find("/jobs?") != std::string::npos &&
               target.find("watch=true") != std::string::npos;
    return false;
  };
  MemberLimits limits = Quick();
  limits.watch_late_ms = 10;
  JoinReady(limits);
  EXPECT_THAT(heard_.copies, ElementsAre("5/2:1"));
  server_.Put(kJobs + "/j", CopyThat(kHasSucceeded));  // and nobody announces it
  const std::string uid(kube::GetString(server_.At(kJobs + "/j"), {"metadata", "uid"}));
  ASSERT_TRUE(member_->Renew({JobId{5}, "team", "j", uid, 30}));
  Until([&] { return watches >= 2; });
  EXPECT_THAT(heard_.copies, ElementsAre("5/2:1", "5/2:3"));
  EXPECT_EQ(member_->renewals().done, 1u);
}

TEST_F(MemberTest, WithdrawTellsOfASuccessThatNobodyKnewBeforeItDeletes) {
  server_.Put(kJobs + "/j", CopyThat(kJobRuns));
  JoinReady();
  server_.Put(kJobs + "/j", CopyThat(kHasSucceeded));
  size_t told = 0;
  server_.before = [&](auto& exchange) {
    if (exchange->method == "DELETE") told = heard_.copies.size();
    return false;
  };
  ASSERT_TRUE(Withdraw(5, 2));
  EXPECT_FALSE(server_.Has(kJobs + "/j"));
  EXPECT_THAT(heard_.copies, ElementsAre("5/2:1", "5/2:3"));
  EXPECT_EQ(told, 2u);
}

}  // namespace
}  // namespace fairway::clusters
