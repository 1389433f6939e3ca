// A line that is cut behaves as a network that drops everything: silence until each user's own
// timeout; and, when it is restored, as one whose connections broke.
#include "clusters/http/cut_client.h"

#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace fairway::clusters {
namespace {

// Keeps what was asked, and answers when told to.
class Scripted : public HttpClient {
 public:
  Call Fetch(HttpRequest request, HttpDone done) override {
    targets.push_back(request.target);
    dones.push_back(std::make_shared<HttpDone>(std::move(done)));
    return Call([this] { ++cancelled; });
  }
  Call Stream(HttpRequest request, HttpStream stream) override {
    targets.push_back(request.target);
    streams.push_back(std::make_shared<HttpStream>(std::move(stream)));
    return Call([this] { ++cancelled; });
  }
  std::vector<std::string> targets;
  std::vector<std::shared_ptr<HttpDone>> dones;
  std::vector<std::shared_ptr<HttpStream>> streams;
  int cancelled = 0;
};

class CutClientTest : public ::testing::Test {
 protected:
  Call Ask(int64_t timeout_ms) {
    HttpRequest request;
    request.target = "/readyz";
    request.timeout_ms = timeout_ms;
    return line_.Fetch(std::move(request), [this](Result<HttpResponse> answer) {
      said_.push_back(answer ? "ok" : answer.error().reason);
      if (stop_) stop_();
    });
  }
  Call Watch() {
    HttpRequest request;
    request.target = "/watch";
    request.timeout_ms = 0;
    HttpStream stream;
    stream.on_head = [](const HttpResponse&) {};
    stream.on_data = [this](std::string_view piece) { said_.emplace_back(piece); };
    stream.on_end = [this](Status end) { said_.push_back(end ? "end" : end.error().reason); };
    return line_.Stream(std::move(request), std::move(stream));
  }
  void RunUntilSaid() {
    stop_ = [this] { loop_.Stop(); };
    loop_.Run();
  }

  Loop loop_;
  Scripted inner_;
  CutClient line_{loop_, inner_};
  std::vector<std::string> said_;
  std::function<void()> stop_;
};

TEST_F(CutClientTest, WholeLinesPassEverythingOn) {
  Call call = Ask(1000);
  Call watch = Watch();
  (*inner_.dones[0])(HttpResponse{});
  inner_.streams[0]->on_data("x");
  inner_.streams[0]->on_end({});
  EXPECT_EQ(said_, (std::vector<std::string>{"ok", "x", "end"}));
}

TEST_F(CutClientTest, WhatWasUnderWayIsNotHeardAndTimesOut) {
  Call call = Ask(30);
  Call watch = Watch();
  line_.Cut();
  EXPECT_EQ(inner_.cancelled, 2) << "no answer may come through";
  RunUntilSaid();
  EXPECT_EQ(said_, std::vector<std::string>{std::string(kHttpTimeout)});
}

TEST_F(CutClientTest, NewRequestsDoNotLeave) {
  line_.Cut();
  Call call = Ask(30);
  EXPECT_TRUE(inner_.targets.empty());
  RunUntilSaid();
  EXPECT_EQ(said_, std::vector<std::string>{std::string(kHttpTimeout)});
}

TEST_F(CutClientTest, RestoringBreaksWhatStillWaits) {
  line_.Cut();
  Call call = Ask(60'000);
  Call watch = Watch();
  line_.Restore();
  EXPECT_EQ(said_, (std::vector<std::string>(2, std::string(kHttpUnreachable))));
  Call next = Ask(1000);
  EXPECT_EQ(inner_.targets.size(), 1u);
}

TEST_F(CutClientTest, ADroppedCallIsNeverToldOf) {
  {
    Call call = Ask(1000);
    line_.Cut();
  }
  { Call call = Ask(1000); }
  line_.Restore();
  EXPECT_TRUE(said_.empty());
}

}  // namespace
}  // namespace fairway::clusters
