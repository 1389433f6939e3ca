#include "clusters/member/member.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>

#include "clusters/kube/json.h"
#include "tests/clusters/member/joined_member_fixture.h"

namespace fairway::clusters {
namespace {

using fairway::testing::ScriptedMember;
using fairway::testing::TestPki;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST_F(MemberTest, FirstDispatchMakesNamespaceDependenciesJobAndOwnership) {
  JoinReady();
  ASSERT_TRUE(Dispatch({JobId{5}, Epoch{1}, Job(5), {ConfigMap("v")}}));
  EXPECT_THAT(server_.writes,
              ElementsAre("POST " + kConfigMaps, "POST /api/v1/namespaces", "POST " + kConfigMaps,
                          "POST " + kJobs, "PATCH " + kConfigMaps + "/c"));
  EXPECT_EQ(kube::GetString(server_.At("/api/v1/namespaces/team"),
                            {"metadata", "labels", "fairway.flext.sh/gateway"}),
            "gw");
  const kube::Object& job = server_.At(kJobs + "/j");
  EXPECT_EQ(kube::GetString(job, {"metadata", "labels", "fairway.flext.sh/epoch"}), "1");
  const kube::Array* owners =
      kube::GetArray(server_.At(kConfigMaps + "/c"), {"metadata", "ownerReferences"});
  ASSERT_NE(owners, nullptr);
  EXPECT_EQ(kube::GetString((*owners)[0], {"uid"}), kube::GetString(job, {"metadata", "uid"}));
}

TEST_F(MemberTest, DispatchInAKnownNamespaceIsOneRequest) {
  server_.Put("/api/v1/namespaces/team", R"({"metadata":{"name":"team"}})");
  JoinReady();
  ASSERT_TRUE(Dispatch({JobId{5}, Epoch{1}, Job(5), {}}));
  EXPECT_THAT(server_.writes, ElementsAre("POST " + kJobs));
}

TEST_F(MemberTest, RepeatedDispatchRepairsTheCopyAndItsDependency) {
  JoinReady();
  ASSERT_TRUE(Dispatch({JobId{5}, Epoch{1}, Job(5), {ConfigMap("v")}}));
  std::string uid(kube::GetString(server_.At(kJobs + "/j"), {"metadata", "uid"}));
  server_.writes.clear();
  ASSERT_TRUE(Dispatch({JobId{5}, Epoch{1}, Job(5), {ConfigMap("w")}}));
  EXPECT_EQ(kube::GetString(server_.At(kJobs + "/j"), {"metadata", "uid"}), uid);
  EXPECT_EQ(kube::GetString(server_.At(kConfigMaps + "/c"), {"data", "k"}), "w");
  EXPECT_EQ(kube::GetArray(server_.At(kConfigMaps + "/c"), {"metadata", "ownerReferences"})->size(),
            1u);
  EXPECT_THAT(server_.writes, Contains("PATCH " + kJobs + "/j"));
}

class ResumeTest : public MemberTest {
 protected:
  ResumeTest() { server_.Put("/api/v1/namespaces/team", R"({"metadata":{"name":"team"}})"); }
  static DispatchRequest Resumed() {
    DispatchRequest request{JobId{5}, Epoch{2}, Job(5), {}};
    request.failover.completed_indexes = "0-2,5";
    return request;
  }
  bool suspended() {
    return kube::Get<bool>(server_.At(kJobs + "/j"), {"spec", "suspend"}).value_or(false);
  }
  std::string completed() {
    return std::string(kube::GetString(server_.At(kJobs + "/j"), {"status", "completedIndexes"}));
  }
};

TEST_F(ResumeTest, ACopyKnowsItsIndexesBeforeItStarts) {
  JoinReady();
  bool early = false;  // started, or given to somebody else's copy
  server_.before = [&](ScriptedMember::ExchangePtr& exchange) {
    if (exchange->method == "POST" && exchange->target.starts_with(kJobs)) {
      early = early || exchange->body.find("\"suspend\":true") == std::string::npos;
    } else if (exchange->target.starts_with(kJobs + "/j/status")) {
      early = early || !suspended();
    }
    return false;
  };
  ASSERT_TRUE(Dispatch(Resumed()));
  EXPECT_FALSE(early);
  EXPECT_THAT(server_.writes, ElementsAre("POST " + kJobs, "PATCH " + kJobs + "/j/status",
                                          "PATCH " + kJobs + "/j"));
  EXPECT_FALSE(suspended());
  EXPECT_EQ(completed(), "0-2,5");
  EXPECT_EQ(kube::Get<int64_t>(server_.At(kJobs + "/j"), {"status", "succeeded"}), 4);
  // A repair of what has started gives nothing again.
  server_.writes.clear();
  ASSERT_TRUE(Dispatch(Resumed()));
  EXPECT_THAT(server_.writes, ElementsAre("POST " + kJobs, "PATCH " + kJobs + "/j"));
}

TEST_F(ResumeTest, ADispatchThatBrokeOffBetweenIsFinished) {
  JoinReady();
  int failures = 1;
  server_.before = [&](ScriptedMember::ExchangePtr& exchange) {
    if (!exchange->target.starts_with(kJobs + "/j/status") || failures-- <= 0) return false;
    exchange->Reply(500, ScriptedMember::Refusal(500, "InternalError", "for a moment"));
    return true;
  };
  ASSERT_TRUE(Dispatch(Resumed()));
  EXPECT_FALSE(suspended());
  EXPECT_EQ(completed(), "0-2,5");
}

TEST_F(ResumeTest, AMemberThatForbidsItRunsAllIndexes) {
  JoinReady();
  server_.before = [&](ScriptedMember::ExchangePtr& exchange) {
    if (!exchange->target.starts_with(kJobs + "/j/status")) return false;
    exchange->Reply(403, ScriptedMember::Refusal(403, "Forbidden", "no jobs/status"));
    return true;
  };
  ASSERT_TRUE(Dispatch(Resumed()));
  EXPECT_FALSE(suspended());
  EXPECT_EQ(completed(), "");
}

TEST_F(MemberTest, ForeignJobOfTheSameNameIsNeverTouched) {
  server_.Put("/api/v1/namespaces/team", R"({"metadata":{"name":"team"}})");
  server_.Put(kJobs + "/j", R"({"metadata":{"name":"j","namespace":"team","uid":"theirs"}})");
  JoinReady();
  Status result = Dispatch({JobId{5}, Epoch{1}, Job(5), {ConfigMap("v")}});
  ASSERT_FALSE(result);
  EXPECT_FALSE(heard_.retryable);
  EXPECT_THAT(result.error().message, HasSubstr("m1: Job team/j exists there"));
  EXPECT_FALSE(server_.Has(kConfigMaps + "/c")) << "its dependency stayed behind";
  ASSERT_TRUE(Withdraw(5, 1));
  EXPECT_TRUE(server_.Has(kJobs + "/j"));
  for (auto& write : server_.writes) EXPECT_NE(write.substr(write.find('/')), kJobs + "/j");
}

TEST_F(MemberTest, ForeignDependencyIsNeverOverwrittenAndIsNamed) {
  server_.Put("/api/v1/namespaces/team", R"({"metadata":{"name":"team"}})");
  server_.Put(kConfigMaps + "/c",
              R"({"metadata":{"name":"c","namespace":"team"},"data":{"k":"theirs"}})");
  JoinReady();
  Status result = Dispatch({JobId{5}, Epoch{1}, Job(5), {ConfigMap("v")}});
  ASSERT_FALSE(result);
  EXPECT_FALSE(heard_.retryable);
  EXPECT_THAT(result.error().message, HasSubstr("ConfigMap team/c"));
  EXPECT_EQ(kube::GetString(server_.At(kConfigMaps + "/c"), {"data", "k"}), "theirs");
  EXPECT_FALSE(server_.Has(kJobs + "/j"));
}

TEST_F(MemberTest, OlderEpochIsReplacedNewerOneWins) {
  JoinReady();
  ASSERT_TRUE(Dispatch({JobId{5}, Epoch{1}, Job(5), {}}));
  server_.writes.clear();
  ASSERT_TRUE(Dispatch({JobId{5}, Epoch{2}, Job(5), {}}));
  EXPECT_THAT(server_.writes,
              ElementsAre("POST " + kJobs, "DELETE " + kJobs + "/j", "POST " + kJobs));
  Status late = Dispatch({JobId{5}, Epoch{1}, Job(5), {}});
  ASSERT_FALSE(late);
  EXPECT_FALSE(heard_.retryable);
  EXPECT_EQ(
      kube::GetString(server_.At(kJobs + "/j"), {"metadata", "labels", "fairway.flext.sh/epoch"}),
      "2");
}

TEST_F(MemberTest, PassingErrorsAreTriedAgainLastingOnesReported) {
  JoinReady();
  int posts = 0, bad = 3;
  server_.before = [&](auto& exchange) {
    if (exchange->method != "POST" || ++posts > bad) return false;
    if (posts == 1) exchange->Reply(500, "boom");
    if (posts == 2) exchange->Reply(429, "later", "Retry-After: 1\r\n");
    if (posts > 2) exchange->Abort();
    return true;
  };
  EXPECT_TRUE(Dispatch({JobId{5}, Epoch{1}, Job(5), {}}));
  bad = 1'000'000;
  Status result = Dispatch({JobId{6}, Epoch{1}, Job(6), {}});
  ASSERT_FALSE(result);
  EXPECT_TRUE(heard_.retryable);
}

TEST_F(MemberTest, RefusalOfTheObjectIsPermanentAndKeepsTheMembersWords) {
  JoinReady();
  int posts = 0;
  server_.before = [&](auto& exchange) {
    if (!exchange->Is("POST", kJobs)) return false;
    ++posts;
    exchange->Reply(422, ScriptedMember::Refusal(422, "Invalid", "spec.template: bad image"));
    return true;
  };
  Status result = Dispatch({JobId{5}, Epoch{1}, Job(5), {}});
  ASSERT_FALSE(result);
  EXPECT_FALSE(heard_.retryable);
  EXPECT_EQ(posts, 1);
  EXPECT_EQ(result.error().code, 422);
  EXPECT_EQ(result.error().message, "member m1: spec.template: bad image");
}

TEST_F(MemberTest, WithdrawDeletesTheVeryEpochAndNothingElse) {
  JoinReady();
  ASSERT_TRUE(Withdraw(5, 1)) << "what is not there is withdrawn";
  ASSERT_TRUE(Dispatch({JobId{5}, Epoch{2}, Job(5), {}}));
  ASSERT_TRUE(Withdraw(5, 1));
  EXPECT_TRUE(server_.Has(kJobs + "/j"));
  std::string body;
  server_.before = [&](auto& exchange) {
    if (exchange->method == "DELETE") body = exchange->body;
    return false;
  };
  std::string uid(kube::GetString(server_.At(kJobs + "/j"), {"metadata", "uid"}));
  ASSERT_TRUE(Withdraw(5, 2));
  EXPECT_FALSE(server_.Has(kJobs + "/j"));
  EXPECT_THAT(body, HasSubstr("\"uid\":\"" + uid + "\""));
  EXPECT_THAT(body, HasSubstr("\"propagationPolicy\":\"Background\""));
}

TEST_F(MemberTest, WithdrawTakesAwayWhatABrokenOffDispatchLeft) {
  server_.Put("/api/v1/namespaces/team", R"({"metadata":{"name":"team"}})");
  server_.Put(kConfigMaps + "/left",
              R"({"metadata":{"name":"left","labels":{"fairway.flext.sh/gateway":"gw"}}})");
  server_.Put(kConfigMaps + "/owned",
              R"({"metadata":{"name":"owned","labels":{"fairway.flext.sh/gateway":"gw"},
                  "ownerReferences":[{"uid":"another"}]}})");
  server_.Put(kConfigMaps + "/theirs", R"({"metadata":{"name":"theirs"}})");
  JoinReady();
  ASSERT_TRUE(Withdraw(5, 1,
                       {{"ConfigMap", "absent"},
                        {"ConfigMap", "left"},
                        {"ConfigMap", "owned"},
                        {"ConfigMap", "theirs"}}));
  EXPECT_THAT(server_.writes, ElementsAre("DELETE " + kConfigMaps + "/left"));
}

TEST_F(MemberTest, WithdrawEndsADispatchThatWaitsForItsNextTry) {
  MemberLimits limits = Quick();
  limits.backoff_first_ms = 3'600'000;
  limits.backoff_max_ms = 3'600'000;
  JoinReady(limits);
  bool failed = false;
  server_.before = [&](auto& exchange) {
    if (exchange->method != "POST") return false;
    exchange->Reply(500, "boom");
    failed = true;
    return true;
  };
  ASSERT_TRUE(member_->Dispatch({JobId{5}, Epoch{1}, Job(5), {}}));
  Until([&] { return failed; });
  ASSERT_TRUE(Withdraw(5, 1));
  EXPECT_FALSE(heard_.dispatched) << "a withdrawn dispatch was answered";
  EXPECT_EQ(member_->room(), limits.dispatch_queue_max);
}

TEST_F(MemberTest, FullQueueRefusesAndTellsWhenThereIsRoom) {
  MemberLimits limits = Quick();
  limits.dispatch_in_flight_max = 1;
  limits.dispatch_queue_max = 2;
  JoinReady(limits);
  ScriptedMember::ExchangePtr held;
  server_.before = [&](auto& exchange) {
    if (exchange->method != "GET" || held || exchange->target != kJobs + "/j") return false;
    held = exchange;
    return true;
  };
  for (uint64_t job = 1; job <= 3; ++job) {
    ASSERT_TRUE(member_->Withdraw({JobId{job}, Epoch{1}, "team", "j", false, {}})) << job;
  }
  Status refused = member_->Withdraw({JobId{9}, Epoch{1}, "team", "j", false, {}});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, 429);
  Until([&] { return held != nullptr; });
  EXPECT_EQ(heard_.rooms, 0);
  held->Reply(404, "{}");
  Until([&] { return heard_.rooms == 1; });
}

TEST_F(MemberTest, HungMemberDelaysNoOther) {
  ScriptedMember hung(loop_, pki_);
  hung.before = [](auto&) { return true; };  // takes every request, answers none
  Heard hung_heard;
  auto hung_member = Join(hung, hung_heard, Quick());
  JoinReady();
  for (uint64_t job = 1; job <= 500; ++job) {
    ASSERT_TRUE(hung_member->Dispatch({JobId{job}, Epoch{1}, Job(job), {}}));
  }
  EXPECT_TRUE(Dispatch({JobId{5}, Epoch{1}, Job(5), {}}));
  EXPECT_FALSE(hung_heard.ready);
  EXPECT_FALSE(hung_heard.dispatched);
}

TEST_F(MemberTest, LinkIsLostAfterTwoFailedProbesAndComesBack) {
  JoinReady();
  bool down = true;
  int probes = 0;
  server_.before = [&](auto& exchange) {
    if (exchange->target != "/readyz" || !down) return false;
    ++probes;
    exchange->Reply(500, "[-]etcd failed");
    return true;
  };
  Until([&] { return !heard_.ready; });
  EXPECT_EQ(probes, 2);
  EXPECT_THAT(member_->link().message, HasSubstr("etcd failed"));
  down = false;
  Until([&] { return heard_.ready; });
}

TEST_F(MemberTest, CapacityComesFromNodesAndPods) {
  server_.Put("/api/v1/nodes/n", R"({"metadata":{"name":"n"},"status":{
    "allocatable":{"cpu":"4"},"conditions":[{"type":"Ready","status":"True"}]}})");
  server_.Put("/api/v1/namespaces/x/pods/p", R"({"metadata":{"name":"p"},"spec":{"nodeName":"n",
    "containers":[{"resources":{"requests":{"cpu":"1"}}}]},"status":{"phase":"Running"}})");
  JoinReady();
  Until([&] { return heard_.capacity.has_value(); });
  EXPECT_EQ(heard_.capacity->nodes, 1);
  EXPECT_EQ(heard_.capacity->allocatable.cpu_milli, 4000);
  EXPECT_EQ(heard_.capacity->requested.cpu_milli, 1000);
}

TEST_F(MemberTest, OnlyAnEmptyNamespaceOfOurOwnIsCollected) {
  JoinReady();
  ASSERT_TRUE(Dispatch({JobId{5}, Epoch{1}, Job(5), {}}));
  EXPECT_FALSE(Collect()) << "our copy is in it";
  ASSERT_TRUE(Withdraw(5, 1));
  server_.Put("/api/v1/namespaces/team/secrets/s", R"({"metadata":{"name":"s"}})");
  Status kept = Collect();
  ASSERT_FALSE(kept);
  EXPECT_THAT(kept.error().message, HasSubstr("secrets s, which is not ours"));
  server_.Forget("/api/v1/namespaces/team/secrets/s");
  server_.Put(kConfigMaps + "/kube-root-ca.crt", R"({"metadata":{"name":"kube-root-ca.crt"}})");
  EXPECT_TRUE(Collect());
  EXPECT_FALSE(server_.Has("/api/v1/namespaces/team"));
  server_.Put("/api/v1/namespaces/team", R"({"metadata":{"name":"team"}})");
  EXPECT_TRUE(Collect()) << "not ours: nothing to do";
  EXPECT_TRUE(server_.Has("/api/v1/namespaces/team"));
}

TEST_F(MemberTest, UnusableAccessIsRefusedAtOnce) {
  MemberConfig config;
  config.name = "m1";
  config.access.endpoint.server = "nonsense://";
  auto member = Member::Create(loop_, std::move(config), heard_);
  ASSERT_FALSE(member);
  EXPECT_THAT(member.error().message, HasSubstr("member m1"));
}

}  // namespace
}  // namespace fairway::clusters
