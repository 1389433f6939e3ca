// ObjectStore over the in-memory journal: staged state is seen at once, effects wait for their
// commit, and one turn is one batch.
#include "store/object_store.h"

#include <gmock/gmock.h>

#include "tests/store/store_world.h"

namespace fairway::store {
namespace {

using ::testing::ElementsAre;

class ObjectStoreTest : public ::testing::Test {
 protected:
  ObjectStoreTest() : journal_({loop_.poster(), true, 0}) { Open(); }
  void Open(ObjectStore::Limits limits = {}) {
    store_ =
        std::make_unique<ObjectStore>(journal_, loop_.defer(), limits, [this] { return now_; });
  }
  std::vector<std::string> Scan(const Journal::Range& range) {
    std::vector<std::string> out;
    EXPECT_TRUE(store_->ScanLatest(range, [&](const Object& object) {
      out.push_back(Show(object));
      return true;
    }));
    return out;
  }

  HandLoop loop_;
  Instant now_{1'700'000'000'000};
  MemoryJournal journal_;
  std::unique_ptr<ObjectStore> store_;
};

TEST_F(ObjectStoreTest, StagedStateIsLatestAndNotYetCommitted) {
  Put(*store_, Job("a"), "one");
  EXPECT_EQ(TextOf(store_->Latest(Job("a"))), "one");
  EXPECT_EQ(TextOf(journal_.Get(Job("a"))), "-");
  loop_.EndTurn();
  EXPECT_EQ(store_->committed(), Revision{0});
  journal_.CommitAll();
  EXPECT_EQ(store_->committed(), Revision{1});
  EXPECT_EQ(TextOf(journal_.Get(Job("a"))), "one");
  EXPECT_EQ(TextOf(store_->Latest(Job("a"))), "one");
}

TEST_F(ObjectStoreTest, OneTurnIsOneBatch) {
  Put(*store_, Job("a"), "1");
  Put(*store_, Job("b"), "2");
  loop_.EndTurn();
  Put(*store_, Job("c"), "3");
  loop_.EndTurn();
  EXPECT_EQ(journal_.queued(), 2u);
  journal_.CommitOne();
  EXPECT_EQ(TextOf(journal_.Get(Job("b"))), "2");
  EXPECT_EQ(TextOf(journal_.Get(Job("c"))), "-");
}

TEST_F(ObjectStoreTest, PreviousValuesAndCreationAreFilledIn) {
  Put(*store_, Job("a"), "1");
  Put(*store_, Job("a"), "2");
  Erase(*store_, Job("a"), "2-last");
  Put(*store_, Job("a"), "3");
  EXPECT_EQ((*store_->Latest(Job("a")))->created, Revision{4});
  loop_.EndTurn();
  journal_.CommitAll();
  EXPECT_THAT(LogAfter(journal_, {}), ElementsAre("+default/a@1=1", "~default/a@2=2<1@1",
                                                  "-default/a@3=2-last<2@2", "+default/a@4=3"));
}

TEST_F(ObjectStoreTest, EffectsWaitForTheirCommitAndKeepTheirOrder) {
  std::vector<std::string> done;
  auto note = [&](const char* what) { return [&done, what] { done.push_back(what); }; };
  Revision first = Put(*store_, Job("a"), "1");
  store_->AfterCommit(first, note("first"));
  loop_.EndTurn();
  Revision second = Put(*store_, Job("b"), "2");
  store_->AfterCommit(second, note("second"));
  store_->AfterCommit(first, note("first again"));
  loop_.EndTurn();
  EXPECT_THAT(done, ElementsAre());
  journal_.CommitOne();
  EXPECT_THAT(done, ElementsAre("first"));
  journal_.CommitOne();
  EXPECT_THAT(done, ElementsAre("first", "second", "first again"));
  store_->AfterCommit(second, note("late"));
  EXPECT_EQ(done.size(), 3u) << "never inside the call";
  loop_.EndTurn();
  EXPECT_EQ(done.back(), "late");
}

TEST_F(ObjectStoreTest, WhoWaitsForTheNewestRevisionWaitsForEditsToo) {
  Revision first = Put(*store_, Job("a"), "1");
  loop_.EndTurn();
  journal_.CommitAll();
  ASSERT_EQ(store_->committed(), first);
  bool done = false;
  store_->StageEdit(scheduler::EraseJob{JobId{1}});
  store_->AfterCommit(first, [&] { done = true; });
  loop_.EndTurn();
  EXPECT_FALSE(done);
  journal_.CommitAll();
  EXPECT_TRUE(done);
}

TEST_F(ObjectStoreTest, ARevisionWithoutAChangeIsCommittedWhenSomebodyWaits) {
  Revision revision = store_->NextRevision();
  bool done = false;
  store_->AfterCommit(revision, [&] { done = true; });
  loop_.EndTurn();
  journal_.CommitAll();
  EXPECT_TRUE(done);
  EXPECT_EQ(store_->committed(), revision);
}

TEST_F(ObjectStoreTest, ObserversSeeEachChangeInOrderAndMayStageMore) {
  std::vector<std::string> first, second;
  store_->AddObserver([&](const Change& change) {
    first.push_back(Show(change));
    if (change.key.resource == "jobs.batch") Put(*store_, {"placements", "default", "job"}, "p");
  });
  store_->AddObserver([&](const Change& change) { second.push_back(Show(change)); });
  Put(*store_, Job("job"), "j");
  EXPECT_THAT(first, ElementsAre("+default/job@1=j", "+default/job@2=p"));
  EXPECT_EQ(second, first);
  loop_.EndTurn();
  EXPECT_EQ(journal_.queued(), 1u) << "the job and what followed from it are one batch";
}

TEST_F(ObjectStoreTest, ScansMergeStagedAndCommitted) {
  for (const char* name : {"a", "b", "d", "f"}) Put(*store_, Job(name), name);
  Put(*store_, Job("a", "other"), "x");
  loop_.EndTurn();
  journal_.CommitAll();
  Put(*store_, Job("c"), "c");
  Put(*store_, Job("d"), "D");
  Erase(*store_, Job("b"), "b");
  Put(*store_, Job("g"), "g");
  Put(*store_, {"pods", "default", "a"}, "pod");
  EXPECT_THAT(Scan({"jobs.batch", "default", {}}),
              ElementsAre("default/a@1=a", "default/c@6=c", "default/d@7=D", "default/f@4=f",
                          "default/g@9=g"));
  EXPECT_THAT(Scan({"jobs.batch", "", {{"default", "d"}}}),
              ElementsAre("default/f@4=f", "default/g@9=g", "other/a@5=x"));
  std::vector<std::string> two;
  EXPECT_TRUE(store_->ScanLatest({"jobs.batch", "", {}}, [&](const Object& o) {
    two.push_back(o.key.name);
    return two.size() < 2;
  }));
  EXPECT_THAT(two, ElementsAre("a", "c"));
}

TEST_F(ObjectStoreTest, WritesAreRefusedWhenTooMuchWaits) {
  ObjectStore::Limits limits;
  limits.pending_bytes_max = 4096;
  Open(limits);
  EXPECT_TRUE(store_->CanWrite());
  Put(*store_, Job("a"), std::string(5000, 'x'));
  auto status = store_->CanWrite();
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, 429);
  EXPECT_GT(status.error().retry_after_seconds, 0);
  loop_.EndTurn();
  EXPECT_FALSE(store_->CanWrite());
  journal_.CommitAll();
  EXPECT_TRUE(store_->CanWrite());
}

TEST_F(ObjectStoreTest, AReadOnlyJournalMeans503UntilItHeals) {
  bool done = false;
  store_->AfterCommit(Put(*store_, Job("a"), "1"), [&] { done = true; });
  loop_.EndTurn();
  journal_.FailWrites("the disk is full");
  journal_.CommitAll();
  auto status = store_->CanWrite();
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, 503);
  EXPECT_THAT(status.error().message, ::testing::HasSubstr("the disk is full"));
  EXPECT_FALSE(done);
  journal_.Heal();
  journal_.CommitAll();
  EXPECT_TRUE(store_->CanWrite());
  EXPECT_TRUE(done);
}

TEST_F(ObjectStoreTest, ACrashLosesExactlyWhatWasNotDurable) {
  Put(*store_, Job("a"), "durable and told");
  loop_.EndTurn();
  journal_.CommitOne();
  bool told = false;
  store_->AfterCommit(Put(*store_, Job("b"), "durable"), [&] { told = true; });
  loop_.EndTurn();
  journal_.PersistOne();
  Put(*store_, Job("c"), "lost");
  loop_.EndTurn();
  journal_.Crash();
  Open();
  EXPECT_FALSE(told);
  EXPECT_EQ(TextOf(store_->Latest(Job("a"))), "durable and told");
  EXPECT_EQ(TextOf(store_->Latest(Job("b"))), "durable");
  EXPECT_EQ(TextOf(store_->Latest(Job("c"))), "-");
  EXPECT_EQ(store_->NextRevision(), Revision{3});
}

TEST_F(ObjectStoreTest, SnapshotsAreFoundByRevisionForAWhile) {
  ObjectStore::Limits limits;
  limits.snapshots_max = 2;
  Open(limits);
  std::vector<Revision> revisions;
  for (const char* text : {"1", "2", "3"}) {
    Put(*store_, Job("a"), text);
    loop_.EndTurn();
    journal_.CommitAll();
    revisions.push_back(store_->SnapshotNow()->revision());
  }
  EXPECT_EQ(store_->SnapshotAt(revisions[0]), nullptr) << "beyond the number kept";
  auto second = store_->SnapshotAt(revisions[1]);
  ASSERT_NE(second, nullptr);
  EXPECT_EQ(TextOf(journal_.Get(Job("a"), second.get())), "2");
  now_ = now_ + Milliseconds(limits.snapshot_age_ms + 1);
  EXPECT_EQ(store_->SnapshotAt(revisions[2]), nullptr) << "too old";
}

TEST_F(ObjectStoreTest, AnUnkeptSnapshotIsNotFound) {
  Put(*store_, Job("a"), "1");
  loop_.EndTurn();
  journal_.CommitAll();
  auto snapshot = store_->SnapshotNow(false);
  EXPECT_EQ(store_->SnapshotAt(snapshot->revision()), nullptr);
}

TEST_F(ObjectStoreTest, TheLogIsTrimmedByAgeAlsoAfterARestart) {
  Put(*store_, Job("a"), "1");
  loop_.EndTurn();
  journal_.CommitAll();
  Open();
  now_ = now_ + Milliseconds(ObjectStore::Limits{}.log_retention_ms);
  Put(*store_, Job("a"), "2");
  loop_.EndTurn();
  journal_.CommitAll();
  EXPECT_EQ(journal_.log_start(), Revision{1});
  EXPECT_THAT(LogAfter(journal_, Revision{1}), ElementsAre("~default/a@2=2<1@1"));
  now_ = now_ + Milliseconds(ObjectStore::Limits{}.log_retention_ms);
  store_->Maintain();
  EXPECT_EQ(journal_.log_start(), Revision{2}) << "also when nothing is written any more";
}

}  // namespace
}  // namespace fairway::store
