// MemoryJournal behaves as the journal on disk does, and crashes where the test says.
#include "store/memory_journal.h"

#include <gmock/gmock.h>

#include "tests/store/store_world.h"

namespace fairway::store {
namespace {

using ::testing::ElementsAre;

Batch OneChange(uint64_t revision, const std::string& name, const std::string& text) {
  auto change = std::make_shared<Change>();
  change->key = Job(name);
  change->revision = change->created = Revision{revision};
  change->body = std::make_shared<const std::string>(text);
  Batch batch;
  batch.last = change->revision;
  batch.changes.push_back(change);
  return batch;
}

TEST(MemoryJournalTest, CommitsByItselfInALaterTurn) {
  HandLoop loop;
  MemoryJournal journal({loop.poster(), false, 0});
  std::vector<uint64_t> told;
  journal.Append(OneChange(1, "a", "1"), [&](Revision last) { told.push_back(last.value); });
  journal.Append(OneChange(2, "b", "2"), [&](Revision last) { told.push_back(last.value); });
  EXPECT_THAT(told, ElementsAre());
  EXPECT_GT(journal.pending_bytes(), 0u);
  loop.Settle();
  EXPECT_THAT(told, ElementsAre(1u, 2u));
  EXPECT_EQ(journal.pending_bytes(), 0u);
}

TEST(MemoryJournalTest, ACrashBetweenSavedAndToldKeepsWhatWasSaved) {
  HandLoop loop;
  MemoryJournal journal({loop.poster(), true, 0});
  int told = 0;
  for (uint64_t r = 1; r <= 3; ++r) {
    journal.Append(OneChange(r, "k" + std::to_string(r), "x"), [&](Revision) { ++told; });
  }
  journal.CommitOne();
  journal.PersistOne();
  journal.Crash();
  journal.CommitAll();
  journal.Report();
  EXPECT_EQ(told, 1);
  EXPECT_EQ(journal.committed(), Revision{2});
  EXPECT_EQ(TextOf(journal.Get(Job("k2"))), "x");
  EXPECT_EQ(TextOf(journal.Get(Job("k3"))), "-");
}

TEST(MemoryJournalTest, ACrashVoidsWhatItHadPosted) {
  HandLoop loop;
  MemoryJournal journal({loop.poster(), false, 0});
  int told = 0;
  journal.Append(OneChange(1, "a", "x"), [&](Revision) { ++told; });
  journal.Crash();
  loop.Settle();
  EXPECT_EQ(told, 0);
  EXPECT_EQ(journal.committed(), Revision{0});
}

TEST(MemoryJournalTest, FailedWritesAreKeptAndHealed) {
  HandLoop loop;
  MemoryJournal journal({loop.poster(), false, 0});
  std::vector<std::string> health;
  journal.OnHealth([&](const Health& h) { health.push_back(h.writable ? "ok" : h.error); });
  journal.FailWrites("no space");
  int told = 0;
  journal.Append(OneChange(1, "a", "x"), [&](Revision) { ++told; });
  loop.Settle();
  EXPECT_EQ(told, 0);
  EXPECT_FALSE(journal.PutMeta("k", "v"));
  journal.Heal();
  loop.Settle();
  EXPECT_EQ(told, 1);
  EXPECT_THAT(health, ElementsAre("no space", "ok"));
}

TEST(MemoryJournalTest, SnapshotsSeeTheirMomentAndCostNothingAfterwards) {
  HandLoop loop;
  MemoryJournal journal({loop.poster(), true, 0});
  auto put = [&](uint64_t r, const std::string& text) {
    journal.Append(OneChange(r, "a", text), nullptr);
    journal.CommitAll();
  };
  put(1, "1");
  auto first = journal.TakeSnapshot();
  put(2, "2");
  auto second = journal.TakeSnapshot();
  put(3, "3");
  EXPECT_EQ(TextOf(journal.Get(Job("a"), first.get())), "1");
  EXPECT_EQ(TextOf(journal.Get(Job("a"), second.get())), "2");
  EXPECT_EQ(TextOf(journal.Get(Job("a"))), "3");
  first.reset();
  put(4, "4");
  EXPECT_EQ(TextOf(journal.Get(Job("a"), second.get())), "2");
}

TEST(MemoryJournalTest, ADeletedObjectIsSeenByOlderSnapshotsOnly) {
  HandLoop loop;
  MemoryJournal journal({loop.poster(), true, 0});
  journal.Append(OneChange(1, "a", "1"), nullptr);
  journal.CommitAll();
  auto before = journal.TakeSnapshot();
  Batch batch = OneChange(2, "a", "1-last");
  auto deletion = std::make_shared<Change>(*batch.changes[0]);
  deletion->kind = Change::Kind::kDeleted;
  batch.changes[0] = deletion;
  journal.Append(std::move(batch), nullptr);
  journal.CommitAll();
  EXPECT_EQ(TextOf(journal.Get(Job("a"), before.get())), "1");
  EXPECT_EQ(TextOf(journal.Get(Job("a"))), "-");
}

TEST(MemoryJournalTest, ABoundedLogDropsItsOldest) {
  HandLoop loop;
  MemoryJournal journal({loop.poster(), true, 2});
  for (uint64_t r = 1; r <= 5; ++r) {
    journal.Append(OneChange(r, "k" + std::to_string(r), "x"), nullptr);
  }
  journal.CommitAll();
  EXPECT_EQ(journal.log_start(), Revision{3});
  EXPECT_THAT(LogAfter(journal, Revision{3}), ElementsAre("+default/k4@4=x", "+default/k5@5=x"));
}

}  // namespace
}  // namespace fairway::store
