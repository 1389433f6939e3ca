// Submission limits and fair queuing as clients of the API meet them.
#include <gtest/gtest.h>

#include "gateway/fairness/submission_limits.h"
#include "tests/gateway/api/api_fixture.h"

namespace fairway::gateway::api {
namespace {

constexpr std::string_view kUnnamedJob =
    R"({"apiVersion":"batch/v1","kind":"Job","metadata":{"generateName":"j-"},"spec":{"template":{
    "spec":{"restartPolicy":"Never","containers":[{"name":"c","image":"i"}]}}}})";

class SubmissionTest : public ApiFixture {
 protected:
  void Limit(const SubmissionRules& rules) {
    limits_ = std::make_unique<SubmissionLimits>(rules);
    ApiServerOptions options;
    options.admit_submission = [this](const Context& context) {
      return limits_->Admit(context.user.name, context.info.ns, Instant{1'000'000}, pending_);
    };
    Build(std::move(options));
  }

  PendingGauge pending_;
  std::unique_ptr<SubmissionLimits> limits_;
};

TEST_F(SubmissionTest, TooManyAreToldWhenToComeBackAndNothingIsStored) {
  Limit({.user_per_second = 2});
  EXPECT_EQ(Send("POST", kJobs, kUnnamedJob)->status, 201);
  EXPECT_EQ(Send("POST", std::string(kJobs) + "?dryRun=All", kUnnamedJob)->status, 201)
      << "a dry run costs nothing";
  EXPECT_EQ(Send("POST", kJobs, kUnnamedJob)->status, 201);
  FakePtr refused = Send("POST", kJobs, kUnnamedJob);
  EXPECT_EQ(refused->status, 429) << refused->body;
  EXPECT_EQ(refused->Header("retry-after"), "1");
  kube::Value status = refused->Json();
  EXPECT_EQ(kube::GetString(status, {"reason"}), "TooManyRequests");
  EXPECT_EQ(kube::Get<int64_t>(status.get_object(), {"details", "retryAfterSeconds"}), 1);
  kube::Value list = Get(kJobs)->Json();
  EXPECT_EQ(kube::GetArray(list.get_object(), {"items"})->size(), 2u);
}

TEST_F(SubmissionTest, AnApplyThatCreatesCountsOneThatChangesDoesNot) {
  Limit({.namespace_per_second = 1});
  std::string target = std::string(kJobs) + "/a?fieldManager=t&force=true";
  std::string_view doc =
      R"({"apiVersion":"batch/v1","kind":"Job","metadata":{"name":"a"},"spec":{"template":{
      "spec":{"restartPolicy":"Never","containers":[{"name":"c","image":"i"}]}}}})";
  Headers apply = {{"content-type", "application/apply-patch+yaml"}};
  EXPECT_EQ(Send("PATCH", target, doc, apply)->status, 201);
  EXPECT_EQ(Send("PATCH", target, doc, apply)->status, 200);
  EXPECT_EQ(Send("POST", kJobs, kUnnamedJob)->status, 429);
  EXPECT_EQ(
      Send("POST", "/api/v1/namespaces/default/configmaps", R"({"metadata":{"name":"c"}})")->status,
      201)
      << "what is no workload is not limited";
}

TEST_F(SubmissionTest, WhatWaitsIsBounded) {
  Limit({.pending_max = 1});
  EXPECT_EQ(Send("POST", kJobs, kUnnamedJob)->status, 201);
  pending_.Set(JobId{1}, "default", true);
  EXPECT_EQ(Send("POST", kJobs, kUnnamedJob)->status, 429);
  pending_.Set(JobId{1}, "default", false);
  EXPECT_EQ(Send("POST", kJobs, kUnnamedJob)->status, 201);
}

TEST_F(SubmissionTest, QueuedRequestsAreAllAnsweredAndShown) {
  std::vector<FakePtr> asked;
  for (int i = 0; i < 100; ++i) asked.push_back(Begin("POST", kJobs, kUnnamedJob));
  RunUntil([&] {
    for (const FakePtr& each : asked) {
      if (!each->answered) return false;
    }
    return true;
  });
  for (const FakePtr& each : asked) EXPECT_EQ(each->status, 201);
  EXPECT_EQ(server_->in_flight(), 0u);
  FakePtr dump = Get("/debug/api_priority_and_fairness/dump_priority_levels");
  EXPECT_EQ(dump->status, 200);
  EXPECT_NE(dump->body.find("workload, "), std::string::npos) << dump->body;
}

}  // namespace
}  // namespace fairway::gateway::api
