// RocksJournal when the disk fails: nothing is reported committed that is not durable, nothing
// durable is lost, and it goes on by itself when the disk does.
#include <gmock/gmock.h>
#include <sys/mount.h>

#include <cstdlib>
#include <cstring>
#include <fstream>

#include "tests/store/fault_fs.h"
#include "tests/store/store_world.h"

namespace fairway::store {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class FaultsTest : public ::testing::Test {
 protected:
  FaultsTest()
      : fs_(std::make_shared<FaultFs>()),
        env_(std::make_unique<HastyEnv>(rocksdb::NewCompositeEnv(fs_))) {}
  ~FaultsTest() override { Close(); }

  RocksJournal::Options Options(const std::string& path) {
    RocksJournal::Options options;
    options.path = path;
    options.post = loop_.poster();
    options.env = env_.get();
    options.retry_first_ms = 1;
    options.retry_max_ms = 4;
    return options;
  }
  void Open() { Open(Options(dir_.path())); }
  void Open(const RocksJournal::Options& options) {
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
  void UntilReadOnly() {
    loop_.RunUntil([&] { return !journal_->health().writable; });
  }
  void UntilWritable() {
    loop_.RunUntil([&] { return journal_->health().writable; });
  }

  TempDir dir_;
  HandLoop loop_;
  std::shared_ptr<FaultFs> fs_;
  std::unique_ptr<rocksdb::Env> env_;
  std::unique_ptr<RocksJournal> journal_;
  std::unique_ptr<ObjectStore> store_;
};

TEST_F(FaultsTest, AFullDiskMakesItReadOnlyAndItHealsInOrder) {
  Open();
  Put(*store_, Job("a"), "before");
  Commit();
  auto snapshot = journal_->TakeSnapshot();
  fs_->FailAppends(FaultFs::kForever);
  std::vector<int> told;
  for (int i = 0; i < 3; ++i) {
    store_->AfterCommit(Put(*store_, Job("a"), "v" + std::to_string(i)),
                        [&told, i] { told.push_back(i); });
    loop_.EndTurn();
  }
  UntilReadOnly();
  EXPECT_THAT(journal_->health().error, HasSubstr("is full"));
  EXPECT_EQ(store_->CanWrite().error().code, 503);
  EXPECT_THAT(told, ElementsAre());
  EXPECT_EQ(TextOf(journal_->Get(Job("a"))), "before") << "reads go on";
  EXPECT_EQ(TextOf(journal_->Get(Job("a"), snapshot.get())), "before");
  EXPECT_FALSE(journal_->PutMeta("k", "v"));
  EXPECT_GT(journal_->pending_bytes(), 0u);

  fs_->Heal();
  Commit();
  UntilWritable();
  EXPECT_THAT(told, ElementsAre(0, 1, 2));
  EXPECT_EQ(journal_->pending_bytes(), 0u);
  EXPECT_TRUE(journal_->PutMeta("k", "v"));
  Put(*store_, Job("b"), "after");
  Commit();
  auto stale = journal_->Get(Job("a"), snapshot.get());
  ASSERT_FALSE(stale) << "healing closed the database that the snapshot belonged to";
  EXPECT_EQ(stale.error().code, 410);
  Close();
  Open();
  EXPECT_THAT(LogAfter(*journal_, Revision{1}),
              ElementsAre("~default/a@2=v0<before@1", "~default/a@3=v1<v0@2",
                          "~default/a@4=v2<v1@3", "+default/b@5=after"));
}

// RocksDB's own writer of it would end the process. Opening logs some 70 KB of settings: more than
// its buffer.
TEST_F(FaultsTest, ALogFileThatTakesNothingMoreStopsNothing) {
  fs_->FailAppendsTo("/LOG");
  Open();
  Put(*store_, Job("a"), "1");
  Commit();
  Close();
  Open();
  EXPECT_EQ(TextOf(journal_->Get(Job("a"))), "1");
}

TEST_F(FaultsTest, AFailedSyncIsNotACommit) {
  Open();
  Put(*store_, Job("a"), "before");
  Commit();
  fs_->FailSyncs(3);
  Put(*store_, Job("a"), "after");
  Commit();
  UntilWritable();
  EXPECT_EQ(TextOf(journal_->Get(Job("a"))), "after");
  Close();
  std::mt19937 random(1);
  fs_->DropUnsynced(random);
  Open();
  EXPECT_EQ(store_->committed(), Revision{2});
  EXPECT_EQ(TextOf(journal_->Get(Job("a"))), "after");
}

// The fourth of a kind becomes a dictionary, in the batch that fails.
TEST_F(FaultsTest, ADictionaryThatWasNotSavedIsSavedWithWhatNeedsIt) {
  for (int appends : {1, 2, 5, FaultFs::kForever}) {
    SCOPED_TRACE(appends);
    TempDir dir;
    Open(Options(dir.path()));
    for (int i = 0; i < 3; ++i) Put(*store_, Job("a-" + std::to_string(i)), Alike(1, "a"));
    Commit();
    fs_->FailAppends(appends);
    for (int i = 3; i < 9; ++i) {
      Put(*store_, Job("a-" + std::to_string(i)), Alike(1, "a"));
      loop_.EndTurn();
    }
    UntilReadOnly();
    fs_->Heal();
    Commit();
    Close();
    std::mt19937 random(1);
    fs_->DropUnsynced(random);
    Open(Options(dir.path()));
    EXPECT_TRUE(*journal_->GetMeta("dictionary.001"));
    for (int i = 0; i < 9; ++i) {
      EXPECT_EQ(TextOf(journal_->Get(Job("a-" + std::to_string(i)))), Alike(1, "a")) << i;
    }
    Close();
  }
}

// It was never saved, and neither was what needed it: its number goes to another.
TEST_F(FaultsTest, ADictionaryThatWasLostIsNotMissed) {
  Open();
  for (int i = 0; i < 3; ++i) Put(*store_, Job("a-" + std::to_string(i)), Alike(1, "a"));
  Commit();
  fs_->FailAppends(FaultFs::kForever);
  for (int i = 3; i < 6; ++i) Put(*store_, Job("a-" + std::to_string(i)), Alike(1, "a"));
  loop_.EndTurn();
  UntilReadOnly();
  Close();
  fs_->Heal();
  std::mt19937 random(1);
  fs_->DropUnsynced(random);
  Open();
  EXPECT_FALSE(*journal_->GetMeta("dictionary.001"));
  for (int i = 0; i < 6; ++i) Put(*store_, Job("b-" + std::to_string(i)), Alike(2, "b"));
  Commit();
  EXPECT_TRUE(*journal_->GetMeta("dictionary.001"));
  Close();
  Open();
  EXPECT_EQ(TextOf(journal_->Get(Job("a-2"))), Alike(1, "a"));
  EXPECT_EQ(TextOf(journal_->Get(Job("b-5"))), Alike(2, "b"));
}

TEST_F(FaultsTest, EveryLengthOfAFullDiskHeals) {
  Open();
  std::vector<std::string> expected;
  for (int n = 1; n <= 16; ++n) {
    fs_->FailAppends(n);
    std::string text = std::to_string(n);
    Put(*store_, Job("k" + text), text);
    Commit();
    fs_->Heal();
    expected.push_back("+default/k" + text + "@" + text + "=" + text);
  }
  Close();
  Open();
  EXPECT_EQ(LogAfter(*journal_, {}), expected);
}

TEST_F(FaultsTest, ClosingWhileTheDiskIsFullDoesNotHang) {
  Open();
  fs_->FailAppends(FaultFs::kForever);
  Put(*store_, Job("a"), "never");
  loop_.EndTurn();
  UntilReadOnly();
  Close();
  fs_->Heal();
  Open();
  EXPECT_EQ(TextOf(journal_->Get(Job("a"))), "-");
}

TEST_F(FaultsTest, ASnapshotMayOutliveItsJournal) {
  Open();
  Put(*store_, Job("a"), "1");
  Commit();
  auto snapshot = journal_->TakeSnapshot();
  Close();
  Open();
  snapshot.reset();
  EXPECT_EQ(TextOf(journal_->Get(Job("a"))), "1");
}

// The proof of durability. Power goes after a random number of disk operations, unsynced bytes are
// lost or torn, and the store must come back with a whole prefix of the history that holds all that
// was reported.
TEST_F(FaultsTest, PowerFailureAtAnyPointLosesNothingReported) {
  for (uint32_t seed = 1; seed <= 25; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937 random(seed);
    TempDir dir;
    std::map<uint64_t, std::string> history;  // revision -> how the log shows it
    Revision reported;
    for (int crash = 0; crash < 4; ++crash) {
      RocksJournal::Options options = Options(dir.path());
      options.memtable_bytes = 256u << 10;  // flushes and compactions join in
      options.wal_bytes = 64u << 10;
      Open(options);
      Revision found = store_->committed();
      ASSERT_GE(found, reported);
      history.erase(history.upper_bound(found.value), history.end());
      std::vector<std::string> expected;
      for (const auto& [revision, shown] : history) expected.push_back(shown);
      ASSERT_EQ(LogAfter(*journal_, {}), expected);

      fs_->FreezeAfter(static_cast<int>(random() % 120));
      for (int turn = 0; turn < 60 && journal_->health().writable; ++turn) {
        for (auto n = 1 + random() % 4; n > 0; --n) {
          ObjectKey key = Job("k" + std::to_string(random() % 6));
          std::string text(random() % 3000, static_cast<char>('a' + random() % 26));
          if (random() % 2 == 0) text = Alike(static_cast<uint32_t>(random() % 3), text);
          auto before = store_->Latest(key);
          ASSERT_TRUE(before);
          bool erase = *before && random() % 4 == 0;
          Revision revision = erase ? Erase(*store_, key, text) : Put(*store_, key, text);
          Change change;
          change.kind = erase     ? Change::Kind::kDeleted
                        : *before ? Change::Kind::kModified
                                  : Change::Kind::kAdded;
          change.key = key;
          change.revision = revision;
          change.body = std::make_shared<const std::string>(text);
          if (*before) {
            change.prev_body = (*before)->body;
            change.prev_revision = (*before)->revision;
          }
          history[revision.value] = Show(change);
          store_->AfterCommit(revision, [&reported, revision] { reported = revision; });
        }
        Revision wanted = store_->staged();
        if (random() % 2 == 0) {
          loop_.RunUntil(
              [&] { return store_->committed() >= wanted || !journal_->health().writable; });
        } else {
          loop_.EndTurn();
        }
      }
      loop_.RunUntil(
          [&] { return store_->committed() >= store_->staged() || !journal_->health().writable; });
      fs_->FreezeAfter(0);
      Close();
      fs_->DropUnsynced(random);
      fs_->Heal();
    }
  }
}

// A write-ahead log meets most faults, and then nothing else is written: others have their turns.
constexpr FaultFs::Affects kAffected[] = {
    [](const std::string&) { return true; },
    [](const std::string& path) { return !path.ends_with(".log"); },
    [](const std::string& path) { return path.ends_with("/db"); },  // the directory
};

// Faults that come and go, in every kind of operation, while it heals as well.
TEST_F(FaultsTest, NoMixOfFaultsLosesAnythingOrEndsTheProcess) {
  const uint32_t seeds = std::getenv("TEST_LONG") != nullptr ? 100 : 8;
  for (uint32_t seed = 1; seed <= seeds; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937 random(seed);
    TempDir dir;
    RocksJournal::Options options = Options(dir.path());
    options.memtable_bytes = 256u << 10;  // flushes and compactions join in
    options.wal_bytes = 64u << 10;
    Open(options);
    std::vector<std::string> expected;
    for (uint64_t n = 1; n <= 150; ++n) {
      if (n % 10 == 5) {
        auto one_in = static_cast<uint32_t>(1 + random() % (random() % 2 == 0 ? 3 : 40));
        fs_->FailOneIn(one_in, static_cast<uint32_t>(random()),
                       kAffected[random() % std::size(kAffected)]);
      }
      std::string key = "k" + std::to_string(n);
      std::string text(random() % 12000, '\0');  // which packing does not shrink
      for (char& c : text) c = static_cast<char>(random());
      ASSERT_EQ(Put(*store_, Job(key), text), Revision{n});
      expected.push_back("+default/" + key + "@" + std::to_string(n) + "=" + text);
      loop_.EndTurn();
      if (n % 10 == 9) {
        fs_->Heal();
        Commit();
      }
    }
    Commit();
    UntilWritable();
    ASSERT_EQ(LogAfter(*journal_, {}), expected);
    Close();
    fs_->DropUnsynced(random);
    Open(options);
    ASSERT_EQ(LogAfter(*journal_, {}), expected);
    Close();
  }
}

TEST_F(FaultsTest, AFaultRightAfterALogWasSwitchedHeals) {
  RocksJournal::Options options = Options(dir_.path());
  options.memtable_bytes = 256u << 10;
  options.wal_bytes = 64u << 10;
  Open(options);
  std::mt19937 random(1);
  std::vector<std::string> expected;
  for (int fault = 0; fault < 30; ++fault) {
    fs_->FailFromNextLog(kAffected[random() % std::size(kAffected)]);
    for (int n = 0; n < 200 && journal_->health().writable; ++n) {
      std::string key = "k" + std::to_string(expected.size());
      std::string text(6000, '\0');
      for (char& c : text) c = static_cast<char>(random());
      Revision revision = Put(*store_, Job(key), text);
      expected.push_back("+default/" + key + "@" + std::to_string(revision.value) + "=" + text);
      loop_.RunUntil(
          [&] { return store_->committed() >= revision || !journal_->health().writable; });
    }
    EXPECT_FALSE(journal_->health().writable);
    fs_->Heal();
    Commit();
    UntilWritable();
  }
  EXPECT_EQ(LogAfter(*journal_, {}), expected);
  Close();
  std::mt19937 dropped(2);
  fs_->DropUnsynced(dropped);
  Open(options);
  EXPECT_EQ(LogAfter(*journal_, {}), expected);
}

// The same fault from a real kernel. Needs the right to mount.
TEST_F(FaultsTest, ARealFullFileSystemHeals) {
  TempDir mount_point;
  if (::mount("fairway-test", mount_point.path().c_str(), "tmpfs", 0, "size=24m") != 0) {
    GTEST_SKIP() << "cannot mount a small tmpfs here: " << std::strerror(errno);
  }
  RocksJournal::Options options = Options(mount_point / "store");
  options.env = nullptr;
  options.memtable_bytes = 4u << 20;  // log files are reserved at about a quarter of it
  Open(options);
  Put(*store_, Job("a"), "before");
  Commit();
  std::string filler = mount_point / "filler";
  {
    std::ofstream out(filler, std::ios::binary);
    std::string block(4096, 'x');
    while (out.write(block.data(), 4096).flush()) continue;
  }
  std::mt19937 random(1);
  for (int i = 0; i < 40 && journal_->health().writable; ++i) {
    std::string body(256 << 10, '\0');  // which packing does not shrink
    for (char& c : body) c = static_cast<char>(random());
    Put(*store_, Job("k" + std::to_string(i)), body);
    loop_.RunUntil(
        [&] { return store_->committed() >= store_->staged() || !journal_->health().writable; });
  }
  ASSERT_FALSE(journal_->health().writable);
  EXPECT_THAT(journal_->health().error, HasSubstr("is full"));
  EXPECT_EQ(TextOf(journal_->Get(Job("a"))), "before");
  std::filesystem::remove(filler);
  Commit();
  UntilWritable();
  Revision last = store_->committed();
  Close();
  Open(options);
  EXPECT_EQ(store_->committed(), last);
  EXPECT_EQ(LogAfter(*journal_, {}).size(), last.value);
  Close();
  EXPECT_EQ(::umount(mount_point.path().c_str()), 0);
}

}  // namespace
}  // namespace fairway::store
