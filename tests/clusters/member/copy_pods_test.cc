#include "clusters/member/copy_pods.h"

#include <fmt/core.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace fairway::clusters {
namespace {

using scheduler::CountedPods;
using scheduler::Trouble;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr std::string_view kUid = "11111111-2222-3333-4444-555555555555";

kube::Object PodOf(int id, std::string_view spec, std::string_view status,
                   std::string_view epoch = "1", std::string_view gateway = "gw") {
  auto pod = kube::ParseJson(fmt::format(
      R"({{"metadata":{{"uid":"00000000-0000-0000-0000-{:012}","name":"p{}","labels":{{
          "fairway.flext.sh/gateway":"{}","fairway.flext.sh/uid":"{}","fairway.flext.sh/epoch":"{}"}}}},
          "spec":{},"status":{}}})",
      id, id, gateway, kUid, epoch, spec, status));
  EXPECT_TRUE(pod);
  return pod->get_object();
}

constexpr std::string_view kOnNode = R"({"nodeName":"n"})";
constexpr std::string_view kPodRuns = R"({"phase":"Running"})";
constexpr std::string_view kPulls =
    R"({"phase":"Pending","containerStatuses":[{"state":{"waiting":{"reason":"ErrImagePull",
        "message":"not found"}}}]})";
constexpr std::string_view kLost =
    R"({"phase":"Failed","conditions":[{"type":"DisruptionTarget","status":"True",
        "reason":"DeletionByPodGC"}]})";
constexpr std::string_view kExited =
    R"({"phase":"Failed","containerStatuses":[{"state":{"terminated":{"exitCode":1}}}]})";

class CopyPodsTest : public ::testing::Test {
 protected:
  static PodsOwner Owner(uint64_t epoch = 1) { return {UidKeyOf(kUid), Epoch{epoch}}; }
  std::vector<CountedPods> Counted() {
    return pods_.TakeCounted(
        [this](const PodsOwner& owner) { return owner.uid == UidKeyOf(kUid) ? job_ : JobId{}; });
  }
  CopyPods pods_{"gw"};
  JobId job_{7};
};

TEST_F(CopyPodsTest, CountsPodsThatAreOnNodesOrHaveEnded) {
  pods_.Upsert(PodOf(1, "{}", "{}"));
  EXPECT_THAT(Counted(), IsEmpty()) << "it waits for a node";
  pods_.Upsert(PodOf(1, kOnNode, "{}"));
  pods_.Upsert(PodOf(2, kOnNode, kExited));
  EXPECT_THAT(Counted(), ElementsAre(CountedPods{JobId{7}, Epoch{1}, 2}));
  EXPECT_THAT(Counted(), IsEmpty()) << "nothing has changed";
  pods_.Upsert(PodOf(1, kOnNode, R"({"phase":"Succeeded"})"));
  EXPECT_THAT(Counted(), IsEmpty());
  pods_.Remove(PodOf(1, kOnNode, R"({"phase":"Succeeded"})"));
  EXPECT_THAT(Counted(), ElementsAre(CountedPods{JobId{7}, Epoch{1}, 1}));
}

TEST_F(CopyPodsTest, APodThatWasNeverSeenAliveIsCounted) {
  pods_.Upsert(PodOf(1, kOnNode, R"({"phase":"Succeeded"})"));
  EXPECT_THAT(Counted(), ElementsAre(CountedPods{JobId{7}, Epoch{1}, 1}));
}

TEST_F(CopyPodsTest, PodsOfACopyThatIsNotSeenYetAreToldLater) {
  job_ = JobId{};
  pods_.Upsert(PodOf(1, kOnNode, kPodRuns));
  EXPECT_THAT(Counted(), IsEmpty());
  EXPECT_TRUE(pods_.HasCounted());
  job_ = JobId{7};
  EXPECT_THAT(Counted(), ElementsAre(CountedPods{JobId{7}, Epoch{1}, 1}));
  EXPECT_FALSE(pods_.HasCounted());
}

TEST_F(CopyPodsTest, WhatANewListDoesNotShowIsGone) {
  pods_.Upsert(PodOf(1, kOnNode, kPodRuns));
  pods_.Upsert(PodOf(2, kOnNode, kPodRuns));
  EXPECT_THAT(Counted(), ElementsAre(CountedPods{JobId{7}, Epoch{1}, 2}));
  pods_.BeginList();
  pods_.Upsert(PodOf(2, kOnNode, kPodRuns));
  pods_.EndList();
  EXPECT_THAT(Counted(), ElementsAre(CountedPods{JobId{7}, Epoch{1}, 1}));
}

TEST_F(CopyPodsTest, EpochsAreCopiesOfTheirOwnAndForeignPodsAreNone) {
  pods_.Upsert(PodOf(1, kOnNode, kPodRuns, "1"));
  pods_.Upsert(PodOf(2, kOnNode, kPodRuns, "2"));
  pods_.Upsert(PodOf(3, kOnNode, kPodRuns, "1", "another"));
  pods_.Upsert(PodOf(4, kOnNode, kPodRuns, "nonsense"));
  EXPECT_THAT(Counted(), ::testing::UnorderedElementsAre(CountedPods{JobId{7}, Epoch{1}, 1},
                                                         CountedPods{JobId{7}, Epoch{2}, 1}));
}

TEST_F(CopyPodsTest, ACopyIsInTroubleWhenAllItsPodsAre) {
  pods_.Upsert(PodOf(1, kOnNode, kPulls));
  EXPECT_THAT(pods_.TakeTroubled(), ElementsAre(Owner()));
  EXPECT_EQ(pods_.TroubleOf(Owner()), (CopyTrouble{Trouble::kImagePull, "not found"}));
  pods_.Upsert(PodOf(2, kOnNode, kPodRuns));
  EXPECT_THAT(pods_.TakeTroubled(), ElementsAre(Owner()));
  EXPECT_EQ(pods_.TroubleOf(Owner()).trouble, Trouble::kNone) << "one runs";
  pods_.Upsert(PodOf(2, kOnNode, R"({"phase":"Succeeded"})"));
  EXPECT_EQ(pods_.TroubleOf(Owner()).trouble, Trouble::kImagePull);
  pods_.Upsert(PodOf(1, kOnNode, kPodRuns));
  EXPECT_EQ(pods_.TroubleOf(Owner()).trouble, Trouble::kNone);
}

TEST_F(CopyPodsTest, AFailureIsTheClustersWhenAllFailedPodsAre) {
  EXPECT_EQ(pods_.FailureOf(Owner()), Trouble::kNone) << "nothing is known";
  pods_.Upsert(PodOf(1, kOnNode, kLost));
  EXPECT_EQ(pods_.FailureOf(Owner()), Trouble::kNodeFailure);
  pods_.Upsert(PodOf(2, kOnNode, kExited));
  EXPECT_EQ(pods_.FailureOf(Owner()), Trouble::kNone);
}

TEST_F(CopyPodsTest, KnowsWhenNoOtherPodWouldChangeTheVerdict) {
  EXPECT_FALSE(pods_.KnowsFailures(Owner(), 1));
  pods_.Upsert(PodOf(1, kOnNode, kLost));
  EXPECT_TRUE(pods_.KnowsFailures(Owner(), 1));
  EXPECT_FALSE(pods_.KnowsFailures(Owner(), 2));
  pods_.Upsert(PodOf(2, kOnNode, kExited));
  EXPECT_TRUE(pods_.KnowsFailures(Owner(), 7)) << "one was its own";
}

TEST_F(CopyPodsTest, HowPodsFailedIsRememberedUntilTheCopyIsGone) {
  pods_.Upsert(PodOf(1, kOnNode, kPodRuns));
  pods_.Remove(PodOf(1, kOnNode, kLost));
  EXPECT_EQ(pods_.FailureOf(Owner()), Trouble::kNodeFailure) << "its last words";
  pods_.Forget(Owner());
  EXPECT_EQ(pods_.FailureOf(Owner()), Trouble::kNone);
}

}  // namespace
}  // namespace fairway::clusters
