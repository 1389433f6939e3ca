// A Member that is joined to a ScriptedMember, and what its listener heard.
#pragma once

#include <fmt/core.h>
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "clusters/kube/json.h"
#include "clusters/member/member.h"
#include "tests/clusters/member/member_fixture.h"

namespace fairway::clusters {

inline constexpr ClusterId kCluster{7};
inline const std::string kJobs = "/apis/batch/v1/namespaces/team/jobs";
inline const std::string kConfigMaps = "/api/v1/namespaces/team/configmaps";

struct Heard : MemberListener {
  std::vector<std::string> links, copies, gone;
  std::optional<std::vector<CopyRef>> inventory;
  std::optional<Status> dispatched, withdrawn, collected;
  bool retryable = false;
  int rooms = 0;
  bool ready = false;
  std::optional<scheduler::Capacity> capacity;

  void OnLink(ClusterId, const LinkInfo& link) override {
    ready = link.ready;
    links.push_back(link.reason);
  }
  void OnCapacity(ClusterId, const scheduler::Capacity& c,
                  const std::vector<scheduler::CountedPods>&) override {
    capacity = c;
  }
  void OnCopy(ClusterId, const CopyReport& copy) override {
    copies.push_back(fmt::format("{}/{}:{}", copy.ref.job.value, copy.ref.epoch.value,
                                 static_cast<int>(copy.phase)));
  }
  void OnCopyGone(ClusterId, const CopyRef& copy) override {
    gone.push_back(fmt::format("{}/{}", copy.job.value, copy.epoch.value));
  }
  void OnInventory(ClusterId, const std::vector<CopyRef>& all) override { inventory = all; }
  void OnDispatched(ClusterId, JobId, Epoch, const Status& result, bool again) override {
    dispatched = result;
    retryable = again;
  }
  void OnWithdrawn(ClusterId, JobId, Epoch, const Status& result, bool again) override {
    withdrawn = result;
    retryable = again;
  }
  void OnNamespaceCollected(ClusterId, const std::string&, const Status& result) override {
    collected = result;
  }
  void OnRoom(ClusterId) override { ++rooms; }
};

class MemberTest : public ::testing::Test {
 protected:
  std::unique_ptr<Member> Join(fairway::testing::ScriptedMember& server, Heard& heard,
                               MemberLimits limits) {
    MemberConfig config;
    config.cluster = kCluster;
    config.name = "m1";
    config.gateway = "gw";
    config.access.endpoint.server = server.server().url();
    config.access.endpoint.ca_pem = pki_.ca_pem();
    config.limits = limits;
    auto member = Member::Create(loop_, std::move(config), heard);
    EXPECT_TRUE(member);
    return std::move(*member);
  }
  void JoinReady(MemberLimits limits = Quick()) {
    member_ = Join(server_, heard_, limits);
    Until([&] { return heard_.ready; });
  }
  static MemberLimits Quick() {
    MemberLimits limits;
    limits.backoff_first_ms = 1;
    limits.backoff_max_ms = 1'000;
    limits.probe_interval_ms = 20;
    return limits;
  }
  void Until(const std::function<bool()>& done) { loop_.RunUntil(done); }

  static std::shared_ptr<const std::string> Text(std::string text) {
    return std::make_shared<const std::string>(std::move(text));
  }
  static std::shared_ptr<const std::string> Job(uint64_t id) {
    return Text(fmt::format(
        R"({{"apiVersion":"batch/v1","kind":"Job","metadata":{{"name":"j","namespace":"team",
            "uid":"u{}"}},"spec":{{"template":{{"spec":{{"containers":[]}}}}}}}})",
        id));
  }
  static std::shared_ptr<const std::string> ConfigMap(const std::string& value) {
    return Text(fmt::format(
        R"({{"apiVersion":"v1","kind":"ConfigMap","metadata":{{"name":"c","namespace":"team"}},
            "data":{{"k":"{}"}}}})",
        value));
  }
  Status Dispatch(DispatchRequest request) {
    heard_.dispatched.reset();
    EXPECT_TRUE(member_->Dispatch(std::move(request)));
    EXPECT_FALSE(heard_.dispatched) << "answered inside Dispatch()";
    Until([&] { return heard_.dispatched.has_value(); });
    return *heard_.dispatched;
  }
  Status Withdraw(uint64_t job, uint64_t epoch, std::vector<ObjectRef> dependencies = {}) {
    heard_.withdrawn.reset();
    EXPECT_TRUE(
        member_->Withdraw({JobId{job}, Epoch{epoch}, "team", "j", false, std::move(dependencies)}));
    Until([&] { return heard_.withdrawn.has_value(); });
    return *heard_.withdrawn;
  }
  Status Collect() {
    heard_.collected.reset();
    EXPECT_TRUE(member_->CollectNamespace("team"));
    Until([&] { return heard_.collected.has_value(); });
    return *heard_.collected;
  }

  fairway::testing::TestPki pki_;
  Loop loop_;
  fairway::testing::ScriptedMember server_{loop_, pki_};
  Heard heard_;
  std::unique_ptr<Member> member_;
};

}  // namespace fairway::clusters
