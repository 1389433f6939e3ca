#include "clusters/kube/list_watch.h"

#include <fmt/core.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "clusters/http/curl_client.h"
#include "tests/clusters/http/scripted_server_fixture.h"
#include "tests/clusters/http/test_pki_fixture.h"

namespace fairway::kube {
namespace {

using fairway::testing::ScriptedServer;
using fairway::testing::TestPki;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::string Item(const std::string& name, int version) {
  return fmt::format(R"({{"metadata":{{"name":"{}","resourceVersion":"{}"}}}})", name, version);
}
std::string Event(const std::string& type, const std::string& object) {
  return fmt::format("{{\"type\":\"{}\",\"object\":{}}}\n", type, object);
}
std::string List(const std::string& items, int version, const std::string& next = "") {
  return fmt::format(R"({{"metadata":{{"resourceVersion":"{}","continue":"{}"}},"items":[{}]}})",
                     version, next, items);
}

// Keeps the names it was told of, as a store would.
struct SeenNames : ListWatchSink {
  std::map<std::string, bool> seen;  // name -> in the present list
  int lists = 0;
  bool synced = false;
  std::string error;
  void OnListStart() override {
    for (auto& [name, fresh] : seen) fresh = false;
  }
  void OnObject(const Object& object) override {
    seen[std::string(GetString(object, {"metadata", "name"}))] = true;
  }
  void OnDeleted(const Object& object) override {
    seen.erase(std::string(GetString(object, {"metadata", "name"})));
  }
  void OnListed() override {
    ++lists;
    std::erase_if(seen, [](const auto& entry) { return !entry.second; });
  }
  void OnSyncChanged(bool now, const Error& why) override {
    synced = now;
    if (!now) error = why.message;
  }
  std::vector<std::string> names() const {
    std::vector<std::string> out;
    for (auto& [name, fresh] : seen) out.push_back(name);
    return out;
  }
};

class ListWatchTest : public ::testing::Test {
 protected:
  ListWatchTest() {
    clusters::Endpoint endpoint;
    endpoint.server = server_.url();
    endpoint.ca_pem = pki_.ca_pem();
    client_ = std::move(*clusters::CurlClient::Create(loop_, endpoint, {}));
    config_.path = "/apis/batch/v1/jobs";
    config_.selector = "labelSelector=a%3Db";
    config_.backoff_first_ms = 1;
    config_.backoff_max_ms = 4;
    server_.handler = [this](auto exchange) {
      targets_.push_back(exchange->target);
      bool watch = exchange->target.find("watch=true") != std::string::npos;
      (watch ? on_watch_ : on_list_)(exchange);
    };
    on_list_ = [](auto exchange) { exchange->Reply(200, List(Item("a", 5), 10)); };
    on_watch_ = [this](auto exchange) {
      exchange->Start(200);
      watch_ = exchange;
    };
  }
  void Run() {
    list_watch_.emplace(loop_, *client_, config_, sink_);
    list_watch_->Start();
  }
  void Until(std::function<bool()> done) { loop_.RunUntil(done); }

  TestPki pki_;
  Loop loop_;
  ScriptedServer server_{loop_, pki_.Issue("server", {"127.0.0.1"})};
  std::unique_ptr<clusters::CurlClient> client_;
  ListWatchConfig config_;
  SeenNames sink_;
  std::optional<ListWatch> list_watch_;
  std::function<void(ScriptedServer::ExchangePtr)> on_list_, on_watch_;
  ScriptedServer::ExchangePtr watch_;
  std::vector<std::string> targets_;
};

TEST_F(ListWatchTest, PagesAreFollowedThenTheWatchStartsAtTheListsVersion) {
  on_list_ = [](auto exchange) {
    if (exchange->target.find("continue=n%2F2") != std::string::npos) {
      exchange->Reply(200, List(Item("b", 6), 10));
    } else {
      exchange->Reply(200, List(Item("a", 5), 10, "n/2"));
    }
  };
  Run();
  Until([&] { return sink_.synced; });
  EXPECT_THAT(sink_.names(), ElementsAre("a", "b"));
  EXPECT_THAT(targets_.back(), HasSubstr("resourceVersion=10"));
  EXPECT_THAT(targets_.back(), HasSubstr("allowWatchBookmarks=true"));
  EXPECT_THAT(targets_.back(), HasSubstr("labelSelector=a%3Db"));
}

TEST_F(ListWatchTest, EventsChangeTheSinkAndABrokenWatchResumesAtTheLastVersion) {
  Run();
  Until([&] { return sink_.synced; });
  watch_->Chunk(Event("ADDED", Item("b", 11)) + Event("DELETED", Item("a", 12)));
  watch_->Chunk(Event("BOOKMARK", Item("", 40)));
  Until([&] { return sink_.names() == std::vector<std::string>{"b"}; });
  auto before = targets_.size();
  watch_->Abort();
  Until([&] { return targets_.size() > before; });
  EXPECT_THAT(targets_.back(), HasSubstr("resourceVersion=40"));
  EXPECT_EQ(sink_.lists, 1) << "a break is no reason to list";
}

TEST_F(ListWatchTest, ExpiredVersionListsAnewAndWhatIsMissingIsGone) {
  Run();
  Until([&] { return sink_.synced; });
  on_list_ = [](auto exchange) { exchange->Reply(200, List(Item("c", 90), 91)); };
  watch_->Chunk(Event("ERROR", R"({"kind":"Status","code":410,"reason":"Expired"})"));
  Until([&] { return sink_.lists == 2 && sink_.synced; });
  EXPECT_THAT(sink_.names(), ElementsAre("c"));
  EXPECT_THAT(targets_.back(), HasSubstr("resourceVersion=91"));
}

TEST_F(ListWatchTest, Http410BeforeTheStreamListsAnew) {
  int watches = 0;
  on_watch_ = [&](auto exchange) {
    if (++watches == 1) return exchange->Reply(410, R"({"kind":"Status","reason":"Expired"})");
    exchange->Start(200);
  };
  Run();
  Until([&] { return sink_.lists == 2 && sink_.synced; });
}

TEST_F(ListWatchTest, GarbageTruncationAndHugeLinesResumeFromTheLastGoodEvent) {
  config_.line_bytes_max = 4096;
  Run();
  Until([&] { return sink_.synced; });
  for (std::string bad : {std::string("no json\n"), std::string(10'000, 'x'),
                          std::string("{\"type\":\"ADDED\",\"obj")}) {
    auto before = targets_.size();
    watch_->Chunk(Event("ADDED", Item("good", 20)) + bad);
    watch_->End();
    Until([&] { return targets_.size() > before && sink_.synced; });
    EXPECT_THAT(targets_.back(), HasSubstr("resourceVersion=20"));
  }
  EXPECT_EQ(sink_.lists, 1);
}

TEST_F(ListWatchTest, ErrorsOfTheServerAreToldAndTriedAgainUntilItRecovers) {
  int lists = 0;
  on_list_ = [&](auto exchange) {
    switch (++lists) {
      case 1:
        return exchange->Reply(500, "boom");
      case 2:
        return exchange->Reply(200, "garbage");
      case 3:
        return exchange->Reply(200, R"({"items":[]})");
      case 4:
        return exchange->Abort();
      default:
        return exchange->Reply(200, List("", 3));
    }
  };
  Run();
  Until([&] { return sink_.error.find("boom") != std::string::npos; });
  EXPECT_FALSE(sink_.synced);
  Until([&] { return sink_.synced; });
  EXPECT_GE(lists, 5);
  EXPECT_THAT(sink_.names(), IsEmpty());
}

TEST_F(ListWatchTest, PageThatIsTooLargeIsAskedForInSmallerOnes) {
  config_.page_bytes_max = 2000;
  on_list_ = [](auto exchange) {
    bool whole = exchange->target.find("limit=500") != std::string::npos;
    exchange->Reply(200, List(Item(whole ? std::string(5000, 'x') : "a", 5), 10));
  };
  Run();
  Until([&] { return sink_.synced; });
  EXPECT_THAT(sink_.names(), ElementsAre("a"));
}

TEST_F(ListWatchTest, ServerThatRepeatsItsContinueTokenDoesNotLoopForEver) {
  on_list_ = [](auto exchange) { exchange->Reply(200, List(Item("a", 5), 10, "same")); };
  Run();
  Until([&] { return sink_.error.find("continue") != std::string::npos; });
  EXPECT_FALSE(sink_.synced);
}

TEST_F(ListWatchTest, SilentWatchIsGivenUpAndStartedAnew) {
  config_.watch_idle_ms = 100;
  int watches = 0;
  on_watch_ = [&](auto exchange) {
    ++watches;
    exchange->Start(200);
    exchange->Chunk(Event("BOOKMARK", Item("", 10 + watches)));
  };
  Run();
  Until([&] { return watches >= 2; });
}

TEST_F(ListWatchTest, WatchThatDoesNotTellOfWhatWasWrittenIsResumed) {
  config_.watch_late_ms = 10;
  Run();
  Until([&] { return sink_.synced; });
  watch_->Chunk(Event("ADDED", Item("b", 11)));
  Until([&] { return sink_.seen.contains("b"); });
  const auto before = targets_.size();
  list_watch_->Doubt();
  list_watch_->Doubt();
  Until([&] { return targets_.size() > before; });
  EXPECT_THAT(targets_.back(), HasSubstr("watch=true"));
  EXPECT_THAT(targets_.back(), HasSubstr("resourceVersion=11"));
  EXPECT_EQ(sink_.lists, 1);
  EXPECT_TRUE(sink_.synced);
}

TEST_F(ListWatchTest, DoubtDuringAListDoesNotBreakItOff) {
  config_.watch_late_ms = 10;
  Run();
  Until([&] { return sink_.synced; });
  ScriptedServer::ExchangePtr list;
  on_list_ = [&](auto exchange) { list = exchange; };
  list_watch_->Relist();
  list_watch_->Doubt();
  Until([&] { return list != nullptr; });
  bool late = false;  // when the doubt would have come true, as it was cast before
  Call timer = loop_.StartTimer(config_.watch_late_ms, [&] { late = true; });
  Until([&] { return late; });
  list->Reply(200, List(Item("a", 5), 20));
  Until([&] { return sink_.lists == 2; });
}

}  // namespace
}  // namespace fairway::kube
