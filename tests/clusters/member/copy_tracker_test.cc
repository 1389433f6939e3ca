#include "clusters/member/copy_tracker.h"

#include <fmt/core.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace fairway::clusters {
namespace {

using ::testing::ElementsAre;

struct CopyNews : MemberListener {
  std::vector<std::string> news;
  void OnLink(ClusterId, const LinkInfo&) override {}
  void OnCapacity(ClusterId, const scheduler::Capacity&,
                  const std::vector<scheduler::CountedPods>&) override {}
  void OnCopy(ClusterId, const CopyReport& copy) override {
    news.push_back(
        fmt::format("{}/{}@{}", copy.ref.job.value, copy.ref.epoch.value, copy.resource_version));
  }
  void OnCopyGone(ClusterId, const CopyRef& copy) override {
    news.push_back(fmt::format("{}/{} gone", copy.job.value, copy.epoch.value));
  }
  void OnInventory(ClusterId, const std::vector<CopyRef>&) override {}
  void OnDispatched(ClusterId, JobId, Epoch, const Status&, bool) override {}
  void OnWithdrawn(ClusterId, JobId, Epoch, const Status&, bool) override {}
  void OnNamespaceCollected(ClusterId, const std::string&, const Status&) override {}
  void OnRoom(ClusterId) override {}
};

class CopyTrackerTest : public ::testing::Test {
 protected:
  static kube::Object Copy(const std::string& version, int epoch = 1) {
    return kube::ParseJson(fmt::format(R"({{"metadata":{{"name":"j","namespace":"team","uid":"m{0}",
                 "resourceVersion":"{1}",
                 "labels":{{"fairway.flext.sh/gateway":"gw","fairway.flext.sh/epoch":"{0}"}},
                 "annotations":{{"fairway.flext.sh/job":"5"}}}},"spec":{{}}}})",
                                       epoch, version))
        .value()
        .get_object();
  }
  void Listed(const std::vector<kube::Object>& jobs) {
    tracker_.BeginList();
    for (const kube::Object& job : jobs) tracker_.Upsert(job);
    tracker_.EndList();
  }

  CopyNews heard_;
  CopyTracker tracker_{ClusterId{1}, "gw", heard_};
};

TEST_F(CopyTrackerTest, AnswerAheadOfTheWatchIsReportedOnce) {
  Listed({Copy("10")});
  EXPECT_TRUE(tracker_.TakeAnswer(Copy("12")));
  tracker_.Upsert(Copy("11"));  // the watch catches up
  tracker_.Upsert(Copy("12"));
  EXPECT_FALSE(tracker_.TakeAnswer(Copy("12")));
  EXPECT_FALSE(tracker_.TakeAnswer(Copy("9")));
  tracker_.Upsert(Copy("13"));
  EXPECT_THAT(heard_.news, ElementsAre("5/1@10", "5/1@12", "5/1@13"));
}

TEST_F(CopyTrackerTest, AnswerBringsNothingToLife) {
  Listed({});
  EXPECT_FALSE(tracker_.TakeAnswer(Copy("12")));
  Listed({Copy("20", 2)});
  EXPECT_FALSE(tracker_.TakeAnswer(Copy("21", 1)));
  EXPECT_FALSE(tracker_.TakeAnswer(Copy("strange", 2)));
  EXPECT_THAT(heard_.news, ElementsAre("5/2@20"));
}

TEST_F(CopyTrackerTest, WhatAListLacksIsGoneWhateverAnAnswerSaidMeanwhile) {
  Listed({Copy("10")});
  tracker_.BeginList();
  EXPECT_TRUE(tracker_.TakeAnswer(Copy("12")));
  tracker_.EndList();
  EXPECT_THAT(heard_.news, ElementsAre("5/1@10", "5/1@12", "5/1 gone"));
  EXPECT_EQ(tracker_.copies(), 0u);
}

TEST_F(CopyTrackerTest, ListIsBelievedThoughItsVersionsAreOlder) {
  Listed({Copy("50")});
  Listed({Copy("7")});  // the member has lost its state
  tracker_.Upsert(Copy("8"));
  EXPECT_THAT(heard_.news, ElementsAre("5/1@50", "5/1@7", "5/1@8"));
}

TEST_F(CopyTrackerTest, NewsAreLaterVersions) {
  EXPECT_TRUE(tracker_.IsNews(Copy("10")));
  Listed({Copy("10")});
  EXPECT_FALSE(tracker_.IsNews(Copy("10")));
  EXPECT_TRUE(tracker_.IsNews(Copy("11")));
  EXPECT_TRUE(tracker_.Has({JobId{5}, Epoch{1}, "team", "j"}));
  EXPECT_FALSE(tracker_.Has({JobId{5}, Epoch{2}, "team", "j"}));
}

}  // namespace
}  // namespace fairway::clusters
