// A watch tells every change once and in order, and says when it is in step.
#include "gateway/api/watch_session.h"

#include <gtest/gtest.h>

#include "tests/gateway/api/api_fixture.h"

namespace fairway::gateway::api {
namespace {

class WatchSessionTest : public ApiFixture {
 protected:
  WatchSessionTest() {
    ApiServerOptions options;
    options.controllers = false;
    options.served = {"v1/configmaps"};
    Build(std::move(options));
  }

  std::string Put(std::string_view name, std::string_view app) {
    std::string body = "{\"metadata\":{\"name\":\"" + std::string(name) +
                       "\",\"labels\":{\"app\":\"" + std::string(app) + "\"}}}";
    FakePtr put = Send("PUT", std::string(kMaps) + "/" + std::string(name), body);
    if (put->status == 404) put = Send("POST", kMaps, body);
    return std::string(kube::GetString(put->Json(), {"metadata", "resourceVersion"}));
  }
  static std::string Told(const FakePtr& watch) {
    std::string told;
    for (const kube::Value& event : watch->Events()) {
      told += std::string(kube::GetString(event, {"type"})) + ":" +
              std::string(kube::GetString(event, {"object", "metadata", "name"})) + " ";
    }
    return told;
  }
};

TEST_F(WatchSessionTest, SendInitialEventsEndsWithTheMarker) {
  Put("a", "x");
  FakePtr watch = Begin("GET", std::string(kMaps) +
                                   "?watch=1&allowWatchBookmarks=true&sendInitialEvents=true&"
                                   "resourceVersionMatch=NotOlderThan");
  Settle();
  std::vector<kube::Value> events = watch->Events();
  ASSERT_EQ(events.size(), 2u) << watch->body;
  EXPECT_EQ(kube::GetString(events[0], {"type"}), "ADDED");
  EXPECT_EQ(kube::GetString(events[1], {"type"}), "BOOKMARK");
  EXPECT_EQ(kube::GetString(events[1],
                            {"object", "metadata", "annotations", "k8s.io/initial-events-end"}),
            "true");
  EXPECT_EQ(kube::GetString(events[1], {"object", "kind"}), "ConfigMap");
}

TEST_F(WatchSessionTest, SelectorTransitionsAreAddsAndDeletes) {
  FakePtr watch = Begin("GET", std::string(kMaps) + "?watch=1&labelSelector=app%3Dx");
  Put("a", "y");
  Put("a", "x");
  std::string left = Put("a", "z");
  Put("a", "w");
  Settle();
  std::vector<kube::Value> events = watch->Events();
  ASSERT_EQ(Told(watch), "ADDED:a DELETED:a ");
  EXPECT_EQ(kube::GetString(events[1], {"object", "metadata", "labels", "app"}), "x");
  EXPECT_EQ(kube::GetString(events[1], {"object", "metadata", "resourceVersion"}), left);
}

TEST_F(WatchSessionTest, WatchFromARevisionSeesOnlyWhatFollows) {
  std::string first = Put("a", "1");
  Put("a", "2");
  Put("b", "1");
  FakePtr watch = Begin("GET", std::string(kMaps) + "?watch=1&resourceVersion=" + first);
  Settle();
  EXPECT_EQ(Told(watch), "MODIFIED:a ADDED:b ");
}

TEST_F(WatchSessionTest, PausedReaderLosesNothing) {
  FakePtr watch = Begin("GET", std::string(kMaps) + "?watch=1&resourceVersion=" + Put("a", "0"));
  Settle();
  watch->high_water = 1;
  std::string expected;
  for (int i = 0; i < 20; ++i) {
    Put("n" + std::to_string(i), "x");
    expected += "ADDED:n" + std::to_string(i) + " ";
  }
  Settle();
  EXPECT_NE(Told(watch), expected);
  watch->high_water = SIZE_MAX;
  watch->Drain();
  Settle();
  EXPECT_EQ(Told(watch), expected);
}

TEST_F(WatchSessionTest, MistakesAreToldBeforeTheStream) {
  FakePtr bad = Get(std::string(kMaps) + "?watch=1&resourceVersion=abc");
  EXPECT_EQ(bad->status, 500);
  EXPECT_EQ(bad->body.find("\"reason\""), std::string::npos);
  FakePtr alone = Get(std::string(kMaps) + "?watch=1&sendInitialEvents=true");
  EXPECT_EQ(alone->status, 422);
  EXPECT_EQ(Get(std::string(kMaps) + "?watch=1", {{"accept", "application/yaml"}})->status, 406);
}

TEST_F(WatchSessionTest, ClosedClientEndsTheSession) {
  FakePtr watch = Begin("GET", std::string(kMaps) + "?watch=1");
  Settle();
  EXPECT_EQ(server_->watches(), 1u);
  watch->CloseByClient();
  Settle();
  EXPECT_EQ(server_->watches(), 0u);
}

TEST_F(WatchSessionTest, LegacyPrefixWatches) {
  FakePtr watch = Begin("GET", "/api/v1/watch/namespaces/default/configmaps/a");
  Put("b", "x");
  Put("a", "x");
  Settle();
  EXPECT_EQ(Told(watch), "ADDED:a ");
}

}  // namespace
}  // namespace fairway::gateway::api
