// RocksJournal on a real directory: what is reported committed is read back, also by a new process.
#include "store/rocks_journal.h"

#include <gmock/gmock.h>

#include "tests/store/store_world.h"

namespace fairway::store {
namespace {

using ::testing::ElementsAre;

class RocksJournalTest : public ::testing::Test {
 protected:
  void Open() {
    RocksJournal::Options options;
    options.path = dir_.path();
    options.post = loop_.poster();
    auto opened = RocksJournal::Open(options);
    ASSERT_TRUE(opened) << opened.error().message;
    journal_ = std::move(*opened);
    store_ = std::make_unique<ObjectStore>(*journal_, loop_.defer(), ObjectStore::Limits{});
  }
  void Close() {
    store_.reset();
    journal_.reset();
    loop_.Forget();
  }
  void Commit() {
    Revision wanted = store_->staged();
    loop_.RunUntil([&] { return store_->committed() >= wanted; });
  }

  TempDir dir_;
  HandLoop loop_;
  std::unique_ptr<RocksJournal> journal_;
  std::unique_ptr<ObjectStore> store_;
};

TEST_F(RocksJournalTest, ObjectsLogAndCounterSurviveAReopen) {
  Open();
  Put(*store_, Job("a"), "a1");
  Put(*store_, Job("b"), "b1");
  Commit();
  Put(*store_, Job("a"), "a2");
  Erase(*store_, Job("b"), "b-last");
  Put(*store_, Job("b"), "b-again");
  Commit();
  Close();

  Open();
  EXPECT_EQ(store_->committed(), Revision{5});
  EXPECT_EQ(store_->NextRevision(), Revision{6});
  EXPECT_EQ(TextOf(journal_->Get(Job("a"))), "a2");
  EXPECT_EQ(TextOf(journal_->Get(Job("c"))), "-");
  auto b = journal_->Get(Job("b"));
  ASSERT_TRUE(b && *b);
  EXPECT_EQ((*b)->created, Revision{5});
  EXPECT_THAT(LogAfter(*journal_, Revision{0}),
              ElementsAre("+default/a@1=a1", "+default/b@2=b1", "~default/a@3=a2<a1@1",
                          "-default/b@4=b-last<b1@2", "+default/b@5=b-again"));
  EXPECT_THAT(LogAfter(*journal_, Revision{4}), ElementsAre("+default/b@5=b-again"));
}

TEST_F(RocksJournalTest, ATrimmedLogStaysTrimmedAndWholeBehind) {
  Open();
  for (int i = 1; i <= 6; ++i) {
    Put(*store_, Job("a"), "v" + std::to_string(i));
    Commit();
  }
  journal_->TrimLog(Revision{4});
  EXPECT_EQ(journal_->log_start(), Revision{4});
  Put(*store_, Job("b"), "b");
  Commit();
  Close();
  Open();
  EXPECT_EQ(journal_->log_start(), Revision{4});
  EXPECT_THAT(LogAfter(*journal_, Revision{4}),
              ElementsAre("~default/a@5=v5<v4@4", "~default/a@6=v6<v5@5", "+default/b@7=b"));
  EXPECT_THAT(LogAfter(*journal_, Revision{3}),
              ElementsAre("error: too old resource version: 3 (4)"));
}

TEST_F(RocksJournalTest, AnUpdateOfATrimmedStateIsStillInTheLog) {
  Open();
  Put(*store_, Job("a"), "v1");
  Commit();
  journal_->TrimLog(Revision{1});
  Put(*store_, Job("a"), "v2");
  Commit();
  EXPECT_THAT(LogAfter(*journal_, Revision{1}), ElementsAre("~default/a@2=v2<v1@1"));
}

TEST_F(RocksJournalTest, ScansAreInKeyOrderAndInRange) {
  Open();
  Put(*store_, Job("b", "ns"), "1");
  Put(*store_, Job("a", "ns"), "2");
  Put(*store_, Job("a", "ns-b"), "3");
  Put(*store_, {"jobs.batch2", "ns", "x"}, "4");
  Put(*store_, {"nodes", "", "n"}, "5");
  Commit();
  auto scan = [&](Journal::Range range) {
    std::vector<std::string> out;
    EXPECT_TRUE(journal_->Scan(range, nullptr, [&](const Object& o) {
      out.push_back(Show(o));
      return true;
    }));
    return out;
  };
  EXPECT_THAT(scan({"jobs.batch", "", {}}), ElementsAre("ns/a@2=2", "ns/b@1=1", "ns-b/a@3=3"));
  EXPECT_THAT(scan({"jobs.batch", "ns", {}}), ElementsAre("ns/a@2=2", "ns/b@1=1"));
  EXPECT_THAT(scan({"jobs.batch", "", {{"ns", "a"}}}), ElementsAre("ns/b@1=1", "ns-b/a@3=3"));
  EXPECT_THAT(scan({"jobs.batch", "ns-b", {{"ns", "z"}}}), ElementsAre("ns-b/a@3=3"));
  EXPECT_THAT(scan({"nodes", "", {}}), ElementsAre("/n@5=5"));
}

TEST_F(RocksJournalTest, ASnapshotKeepsItsMoment) {
  Open();
  Put(*store_, Job("a"), "old");
  Commit();
  auto snapshot = journal_->TakeSnapshot();
  ASSERT_NE(snapshot, nullptr);
  EXPECT_EQ(snapshot->revision(), Revision{1});
  Put(*store_, Job("a"), "new");
  Put(*store_, Job("b"), "b");
  Commit();
  EXPECT_EQ(TextOf(journal_->Get(Job("a"), snapshot.get())), "old");
  EXPECT_EQ(TextOf(journal_->Get(Job("b"), snapshot.get())), "-");
  EXPECT_EQ(TextOf(journal_->Get(Job("a"))), "new");
}

TEST_F(RocksJournalTest, MetaIsKept) {
  Open();
  EXPECT_TRUE(journal_->PutMeta("uid", "one"));
  Close();
  Open();
  auto got = journal_->GetMeta("uid");
  ASSERT_TRUE(got && *got);
  EXPECT_EQ(**got, "one");
  EXPECT_FALSE((*journal_->GetMeta("absent")).has_value());
}

TEST_F(RocksJournalTest, ASecondProcessIsTurnedAwayByName) {
  Open();
  RocksJournal::Options options;
  options.path = dir_.path();
  options.post = loop_.poster();
  auto second = RocksJournal::Open(options);
  ASSERT_FALSE(second);
  EXPECT_THAT(second.error().message,
              ::testing::HasSubstr("is in use by process " + std::to_string(::getpid())));
}

}  // namespace
}  // namespace fairway::store
