// Every watcher gets every committed change in its scope once and in order, from wherever it is
// read.
#include "store/watch_hub.h"

#include <gmock/gmock.h>

#include "store/errors.h"
#include "tests/store/store_world.h"

namespace fairway::store {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// A watcher that writes down what it is told.
struct Seen {
  std::vector<std::string> changes;
  Revision through;
  int progress = 0;
  bool accept = true;
  std::optional<Error> ended;
  std::unique_ptr<ObjectStore::Subscription> subscription;

  ObjectStore::Deliver Deliver() {
    return [this](const std::vector<ChangePtr>& got, Revision reached) {
      EXPECT_GE(reached, through);
      through = reached;
      if (got.empty()) ++progress;
      for (const ChangePtr& change : got) {
        EXPECT_LE(change->revision, reached);
        changes.push_back(Show(*change));
      }
      return accept;
    };
  }
};

class WatchHubTest : public ::testing::Test {
 protected:
  WatchHubTest() : journal_({loop_.poster(), false, 0}) { Open({}); }
  void Open(const ObjectStore::Limits& limits) {
    store_ = std::make_unique<ObjectStore>(journal_, loop_.defer(), limits);
  }
  void Watch(Seen& seen, const std::string& ns = "", const std::string& name = "",
             Revision after = {}) {
    auto watch = store_->Watch({"jobs.batch", ns, name}, after, seen.Deliver(),
                               [&seen](const Error& why) { seen.ended = why; });
    ASSERT_TRUE(watch) << watch.error().message;
    seen.subscription = std::move(*watch);
  }
  void Write(const std::string& name, const std::string& text, const std::string& ns = "default") {
    Put(*store_, Job(name, ns), text);
    loop_.Settle();
  }

  HandLoop loop_;
  MemoryJournal journal_;
  std::unique_ptr<ObjectStore> store_;
};

TEST_F(WatchHubTest, ScopesAreKeptApart) {
  Seen all, in_ns, one, one_anywhere;
  Watch(all);
  Watch(in_ns, "default");
  Watch(one, "default", "a");
  Watch(one_anywhere, "", "a");
  loop_.Settle();
  Write("a", "1");
  Write("b", "2");
  Write("a", "3", "other");
  Put(*store_, {"pods", "default", "a"}, "pod");
  loop_.Settle();
  EXPECT_THAT(all.changes, ElementsAre("+default/a@1=1", "+default/b@2=2", "+other/a@3=3"));
  EXPECT_THAT(in_ns.changes, ElementsAre("+default/a@1=1", "+default/b@2=2"));
  EXPECT_THAT(one.changes, ElementsAre("+default/a@1=1"));
  EXPECT_THAT(one_anywhere.changes, ElementsAre("+default/a@1=1", "+other/a@3=3"));
  EXPECT_EQ(one.subscription->Through(), Revision{4})
      << "a bookmark may promise what was elsewhere";
}

TEST_F(WatchHubTest, NothingComesInsideWatchOrBeforeTheCommit) {
  Seen seen;
  Put(*store_, Job("a"), "1");
  Watch(seen);
  EXPECT_THAT(seen.changes, IsEmpty());
  loop_.Settle();
  EXPECT_THAT(seen.changes, ElementsAre("+default/a@1=1"));
}

TEST_F(WatchHubTest, ChangesOfOneBatchStaySeparateEvents) {
  Seen seen;
  Watch(seen);
  loop_.Settle();
  Put(*store_, Job("a"), "1");
  Put(*store_, Job("a"), "2");
  Erase(*store_, Job("a"), "2-last");
  loop_.Settle();
  EXPECT_THAT(seen.changes,
              ElementsAre("+default/a@1=1", "~default/a@2=2<1@1", "-default/a@3=2-last<2@2"));
}

TEST_F(WatchHubTest, AStartInThePastIsServedFromTheRingAndFromTheLogAlike) {
  for (int i = 1; i <= 700; ++i) Write(i % 3 == 0 ? "a" : "b", std::to_string(i));
  Seen from_ring;
  Watch(from_ring, "", "", Revision{10});
  loop_.Settle();
  Open({});  // a restarted gateway has an empty ring
  Seen from_log, narrow;
  Watch(from_log, "", "", Revision{10});
  Watch(narrow, "default", "a", Revision{10});
  loop_.Settle();
  EXPECT_EQ(from_ring.changes.size(), 690u);
  EXPECT_EQ(from_log.changes, from_ring.changes);
  EXPECT_EQ(narrow.changes.size(), 230u);
  Write("a", "live");
  EXPECT_EQ(from_log.changes.size(), 691u);
  EXPECT_EQ(narrow.changes.size(), 231u);
}

TEST_F(WatchHubTest, ASmallRingSendsWatchersToTheLogWithoutAGap) {
  ObjectStore::Limits limits;
  limits.ring_bytes_max = 2000;  // a handful of changes
  Open(limits);
  Seen seen;
  Watch(seen);
  loop_.Settle();
  seen.accept = false;
  for (int i = 1; i <= 600; ++i) Write("a", std::to_string(i));
  EXPECT_EQ(seen.changes.size(), 1u) << "paused by its first delivery";
  Seen late;
  Watch(late, "", "", Revision{3});
  seen.accept = true;
  seen.subscription->Resume();
  loop_.Settle();
  EXPECT_EQ(late.changes.size(), 597u);
  ASSERT_EQ(seen.changes.size(), 600u);
  EXPECT_EQ(seen.changes.back(), "~default/a@600=600<599@599");
  EXPECT_EQ(seen.through, Revision{600});
}

TEST_F(WatchHubTest, APausedWatcherKeepsItsPlace) {
  Seen seen;
  seen.accept = false;
  Watch(seen);
  loop_.Settle();
  Write("a", "1");
  Write("a", "2");
  EXPECT_THAT(seen.changes, IsEmpty()) << "its first progress paused it";
  EXPECT_EQ(seen.subscription->Through(), Revision{0});
  seen.accept = true;
  seen.subscription->Resume();
  EXPECT_THAT(seen.changes, IsEmpty()) << "never inside Resume";
  loop_.Settle();
  EXPECT_THAT(seen.changes, ElementsAre("+default/a@1=1", "~default/a@2=2<1@1"));
}

TEST_F(WatchHubTest, AStartInTheFutureWaitsSilently) {
  Seen seen;
  Watch(seen, "", "", Revision{2});
  loop_.Settle();
  EXPECT_EQ(seen.through, Revision{2});
  for (const char* text : {"1", "2", "3"}) Write("a", text);
  EXPECT_THAT(seen.changes, ElementsAre("~default/a@3=3<2@2"));
}

TEST_F(WatchHubTest, AStartBeforeTheLogIsExpired) {
  for (int i = 1; i <= 9; ++i) Write("a", std::to_string(i));
  journal_.TrimLog(Revision{8});
  auto watch = store_->Watch({"jobs.batch", "", ""}, Revision{1},
                             [](const std::vector<ChangePtr>&, Revision) { return true; });
  ASSERT_FALSE(watch);
  EXPECT_EQ(watch.error().code, 410);
  EXPECT_EQ(watch.error().reason, "Expired");
  EXPECT_EQ(watch.error().message, "too old resource version: 1 (8)");
}

TEST_F(WatchHubTest, AWatcherOvertakenByTrimmingIsToldSo) {
  ObjectStore::Limits limits;
  limits.ring_bytes_max = 0;
  Open(limits);
  Seen seen;
  seen.accept = false;
  Watch(seen);
  loop_.Settle();
  for (int i = 1; i <= 600; ++i) Write("a", std::to_string(i));
  journal_.TrimLog(Revision{500});
  seen.accept = true;
  seen.subscription->Resume();
  loop_.Settle();
  ASSERT_TRUE(seen.ended);
  EXPECT_EQ(seen.ended->code, 410);
  EXPECT_THAT(seen.changes, IsEmpty());
}

TEST_F(WatchHubTest, AnIdleWatcherIsNotOvertakenByTrimming) {
  ObjectStore::Limits limits;
  limits.ring_bytes_max = 0;
  Open(limits);
  Seen seen;
  Watch(seen, "rare");
  loop_.Settle();
  for (int i = 1; i <= 20; ++i) Write("a", std::to_string(i));
  journal_.TrimLog(Revision{20});
  seen.accept = false;
  for (int i = 1; i <= 400; ++i) Write("r", std::to_string(i), "rare");
  seen.accept = true;
  seen.subscription->Resume();
  loop_.Settle();
  EXPECT_FALSE(seen.ended);
  EXPECT_EQ(seen.changes.size(), 400u);
}

TEST_F(WatchHubTest, ProgressReachesIdleWatchersOnDemand) {
  Seen seen;
  Watch(seen, "nobody");
  loop_.Settle();
  EXPECT_EQ(seen.progress, 1) << "once when caught up";
  Write("a", "1");
  EXPECT_EQ(seen.progress, 1) << "an idle watcher costs nothing";
  store_->TellProgress();
  EXPECT_EQ(seen.progress, 2);
  EXPECT_EQ(seen.through, Revision{1});
  store_->TellProgress();
  EXPECT_EQ(seen.progress, 2) << "nothing new";
}

TEST_F(WatchHubTest, SubscriptionsMayEndInsideADelivery) {
  Seen other;
  std::unique_ptr<ObjectStore::Subscription> self;
  int calls = 0;
  auto watch = store_->Watch({"jobs.batch", "", ""}, {},
                             [&](const std::vector<ChangePtr>& changes, Revision) {
                               ++calls;
                               if (!changes.empty()) {
                                 self.reset();
                                 other.subscription.reset();
                               }
                               return true;
                             });
  self = std::move(*watch);
  Watch(other);
  loop_.Settle();
  Write("a", "1");
  Write("a", "2");
  EXPECT_EQ(calls, 2) << "progress, then one change";
  EXPECT_THAT(other.changes, IsEmpty());
}

TEST_F(WatchHubTest, AStoreMayEndBeforeItsSubscriptions) {
  Seen seen;
  Watch(seen);
  loop_.Settle();
  store_.reset();
  seen.subscription->Resume();
  EXPECT_EQ(seen.subscription->Through(), Revision{0});
  seen.subscription.reset();
  loop_.Settle();
}

// Counts deliveries instead of measuring time: a change must not touch watchers out of its scope.
TEST_F(WatchHubTest, AThousandIdleWatchersAreNotCalled) {
  int calls = 0;
  std::vector<std::unique_ptr<ObjectStore::Subscription>> watches;
  for (int i = 0; i < 1000; ++i) {
    auto watch = store_->Watch({"jobs.batch", "ns" + std::to_string(i), ""}, {},
                               [&](const std::vector<ChangePtr>&, Revision) {
                                 ++calls;
                                 return true;
                               });
    watches.push_back(std::move(*watch));
  }
  loop_.Settle();
  calls = 0;
  for (int i = 0; i < 50; ++i) Write("a", std::to_string(i), "ns7");
  EXPECT_EQ(calls, 50);
}

}  // namespace
}  // namespace fairway::store
