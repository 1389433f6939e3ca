// Backups of a store in use, and what is made of them: every byte is checked, a restore is whole or
// not at all.
#include "store/backup.h"

#include <gmock/gmock.h>

#include <fstream>

#include "scheduler/edit.h"
#include "store/dir_lock.h"
#include "store/restore.h"
#include "store/verify.h"
#include "tests/store/store_world.h"

namespace fairway::store {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

constexpr Instant kNow{1'800'000'000'000};

class BackupTest : public ::testing::Test {
 protected:
  void SetUp() override {
    fs::create_directories(dir_ / "data/pki");
    std::ofstream(dir_ / "data/pki/ca.crt") << "certificate";
    Open("data");
  }
  void Open(const std::string& data) {
    RocksJournal::Options options;
    options.path = dir_ / (data + "/store");
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
  Revision Write(const std::string& name, const std::string& text) {
    Revision revision = Put(*store_, Job(name), text);
    Commit();
    return revision;
  }
  BackupRequest Request(size_t keep = 0) {
    BackupRequest request;
    request.directory = dir_ / "backups";
    request.store_path = dir_ / "data/store";
    request.pki_path = dir_ / "data/pki";
    request.gateway = "g-1";
    request.version = "1";
    request.now = kNow;
    request.keep = keep;
    return request;
  }
  BackupInfo Take(size_t keep = 0) {
    auto taken = TakeBackup(*journal_, Request(keep));
    EXPECT_TRUE(taken) << taken.error().message;
    return taken ? *taken : BackupInfo{};
  }
  // Moves what is in memory and in the log into tables.
  void Reopen() {
    Close();
    Open("data");
  }
  Result<Restored> RestoreTo(const std::string& data, RestoreRequest request = {}) {
    request.from = dir_ / "backups";
    request.data_directory = dir_ / data;
    request.now = kNow;
    return RestoreBackup(request);
  }
  static std::string WhyNot(const Result<Restored>& restored) {
    return restored ? "restored" : restored.error().message;
  }
  std::vector<std::string> Files(const std::string& below) {
    std::vector<std::string> files;
    for (const auto& entry : fs::recursive_directory_iterator(dir_ / below)) {
      if (entry.is_regular_file()) files.push_back(entry.path().string());
    }
    std::sort(files.begin(), files.end());
    return files;
  }
  static void FlipByte(const std::string& path) {
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    file.seekg(0, std::ios::end);
    auto middle = file.tellg() / 2;
    file.seekg(middle);
    char byte = static_cast<char>(file.get());
    file.seekp(middle);
    file.put(static_cast<char>(byte ^ 1));
  }

  TempDir dir_;
  HandLoop loop_;
  std::unique_ptr<RocksJournal> journal_;
  std::unique_ptr<ObjectStore> store_;
};

TEST_F(BackupTest, DictionariesAreInABackupAndInWhatIsMadeOfIt) {
  for (int i = 0; i < 6; ++i) Write("a-" + std::to_string(i), Alike(1, "a"));
  Revision then = store_->committed();
  Write("a-5", Alike(1, "later"));
  ASSERT_TRUE(*journal_->GetMeta("dictionary.001"));
  Take();
  Close();
  RestoreRequest request;
  request.revision = then;
  auto restored = RestoreTo("other", request);
  ASSERT_TRUE(restored) << restored.error().message;
  Open("other");
  EXPECT_TRUE(*journal_->GetMeta("dictionary.001"));
  EXPECT_EQ(TextOf(journal_->Get(Job("a-4"))), Alike(1, "a"));
  Write("a-6", Alike(1, "a"));
  EXPECT_EQ(TextOf(journal_->Get(Job("a-6"))), Alike(1, "a"));
}

TEST_F(BackupTest, BackupHoldsWhatWasCommittedAndIsRestored) {
  Write("a", "a1");
  BackupInfo info = Take();
  EXPECT_EQ(info.revision, Revision{1});
  Write("a", "a2");
  Close();
  auto restored = RestoreTo("other");
  ASSERT_TRUE(restored) << restored.error().message;
  EXPECT_EQ(restored->objects, 1u);
  EXPECT_TRUE(fs::exists(dir_ / "other/pki/ca.crt"));
  Open("other");
  EXPECT_EQ(TextOf(journal_->Get(Job("a"))), "a1");
  // Ids and revisions never go backwards, and old watches are told to list anew.
  EXPECT_EQ(store_->committed(), restored->next);
  EXPECT_GT(store_->NextRevision().value, uint64_t{1} << 40);
  EXPECT_THAT(LogAfter(*journal_, Revision{1}).front(), HasSubstr("too old resource version"));
  auto mark = journal_->GetMeta(kMetaRestored);
  ASSERT_TRUE(mark && *mark);
  EXPECT_EQ(DecodeMark(**mark)->before, restored->next);
}

TEST_F(BackupTest, RevisionsOfTwoRestoresOfOneBackupDiffer) {
  Revision first = RevisionAfterRestore(Revision{10}, kNow);
  EXPECT_GT(RevisionAfterRestore(Revision{10}, kNow + Seconds(60)), first);
  EXPECT_GT(RevisionAfterRestore(first, kNow), first);
  EXPECT_GT(RevisionAfterRestore(Revision{10}, Instant{0}), Revision{10});
  // A Job's id is a revision with room above it for the number of a part.
  const Instant far = kNow + Seconds(int64_t{100} * 366 * 86'400);
  EXPECT_FALSE(IsShard(JobId{RevisionAfterRestore(Revision{10}, far).value}));
}

TEST_F(BackupTest, TablesAreStoredOnce) {
  for (int i = 0; i < 200; ++i) Put(*store_, Job("j" + std::to_string(i)), std::string(2000, 'x'));
  Commit();
  Reopen();
  BackupInfo first = Take();
  Write("more", "x");
  BackupInfo second = Take();
  EXPECT_EQ(second.id, first.id + 1);
  EXPECT_EQ(second.revision, Revision{201});
  EXPECT_LT(second.new_bytes, second.bytes);
  auto verified = VerifyBackups(dir_ / "backups", 0);
  ASSERT_TRUE(verified) << verified.error().message;
  EXPECT_EQ(verified->backups, 2u);
  EXPECT_FALSE(fs::exists(dir_ / "data/store/backup.tmp"));
}

TEST_F(BackupTest, RetentionRemovesOldBackupsAndLeftovers) {
  for (int i = 0; i < 4; ++i) {
    Write("a", "a" + std::to_string(i));
    Reopen();
    Take(2);
  }
  // What a backup that was cut short has left behind.
  fs::create_directories(dir_ / "backups/00000009");
  std::ofstream(dir_ / "backups/tables/unknown.sst") << "x";
  Take(2);
  auto backups = ReadBackups(dir_ / "backups");
  ASSERT_TRUE(backups);
  ASSERT_EQ(backups->size(), 2u);
  EXPECT_EQ(backups->front().info.id, 4u);
  EXPECT_FALSE(fs::exists(dir_ / "backups/00000009"));
  EXPECT_FALSE(fs::exists(dir_ / "backups/tables/unknown.sst"));
  EXPECT_FALSE(fs::exists(dir_ / "backups/00000001"));
  EXPECT_TRUE(VerifyBackups(dir_ / "backups", 0));
}

TEST_F(BackupTest, OneFlippedByteAnywhereIsFoundAndNamed) {
  Write("a", "a1");
  Reopen();
  Take();
  Close();
  for (const std::string& file : Files("backups")) {
    if (file.ends_with("/owner") || fs::file_size(file) == 0) continue;
    FlipByte(file);
    auto verified = VerifyBackups(dir_ / "backups", 0);
    ASSERT_FALSE(verified) << file;
    EXPECT_THAT(verified.error().message, HasSubstr(file));
    auto restored = RestoreTo("other");
    EXPECT_THAT(WhyNot(restored), HasSubstr(file));
    EXPECT_FALSE(fs::exists(dir_ / "other/store"));
    FlipByte(file);
  }
  EXPECT_TRUE(RestoreTo("other"));
}

TEST_F(BackupTest, DirectoriesOfOthersAreLeftAlone) {
  fs::create_directories(dir_ / "backups");
  std::ofstream(dir_ / "backups/thesis.txt") << "x";
  auto taken = TakeBackup(*journal_, Request());
  ASSERT_FALSE(taken);
  EXPECT_THAT(taken.error().message, HasSubstr("holds something that is no backup"));
  EXPECT_EQ(Files("backups").size(), 1u);
}

TEST_F(BackupTest, TwoBackupsAtOnceAreRefused) {
  Take();
  auto lock = DirLock::Take(dir_ / "backups");
  ASSERT_TRUE(lock);
  EXPECT_FALSE(TakeBackup(*journal_, Request()));
}

TEST_F(BackupTest, CancelledBackupLeavesNone) {
  Write("a", "a1");
  BackupRequest request = Request();
  request.cancelled = [] { return true; };
  EXPECT_FALSE(TakeBackup(*journal_, request));
  auto backups = ReadBackups(dir_ / "backups");
  ASSERT_TRUE(backups);
  EXPECT_TRUE(backups->empty());
}

TEST_F(BackupTest, StoreInUseOrNewerIsNotOverwritten) {
  Write("a", "a1");
  Take();
  Write("a", "a2");
  EXPECT_THAT(WhyNot(RestoreTo("data")), HasSubstr("is in use"));
  EXPECT_THAT(WhyNot(RestoreTo("data", {.force = true})), HasSubstr("is in use"));
  Close();
  EXPECT_THAT(WhyNot(RestoreTo("data")), HasSubstr("newer store"));
  Open("data");
  EXPECT_EQ(TextOf(journal_->Get(Job("a"))), "a2") << "a refused restore has touched the store";
  Close();
  auto restored = RestoreTo("data", {.force = true});
  ASSERT_TRUE(restored) << restored.error().message;
  EXPECT_TRUE(fs::exists(restored->set_aside + "/db/CURRENT"));
  Open("data");
  EXPECT_EQ(TextOf(journal_->Get(Job("a"))), "a1");
}

TEST_F(BackupTest, RestoreAsOfARevision) {
  ObjectKey config{"configmaps", "default", "c"};
  Put(*store_, config, "c1");                // 1
  Write("kept", "k1");                       // 2
  Write("deleted", "d1");                    // 3
  Revision point = Write("other", "o1");     // 4
  Put(*store_, config, "c2");                // 5
  Write("kept", "k2");                       // 6
  Erase(*store_, Job("deleted"), "d-last");  // 7
  Put(*store_, Job("late"), "l1");           // 8
  scheduler::JobRecord late;
  late.job = JobId{8};
  late.name = "default/late";
  late.state = scheduler::JobState::kDone;
  store_->StageEdit(scheduler::PutJob{late});
  Commit();
  Take();
  Close();
  auto restored = RestoreTo("other", {.revision = point});
  ASSERT_TRUE(restored) << restored.error().message;
  Open("other");
  EXPECT_EQ(TextOf(journal_->Get(config)), "c1");
  // What runs cannot be taken back: a Job that is still there keeps its newest state.
  EXPECT_EQ(TextOf(journal_->Get(Job("kept"))), "k2");
  EXPECT_EQ(TextOf(journal_->Get(Job("deleted"))), "d1");
  EXPECT_EQ((*journal_->Get(Job("deleted")))->created, Revision{3});
  EXPECT_EQ(TextOf(journal_->Get(Job("late"))), "-");
  size_t records = 0;
  ASSERT_TRUE(journal_->Recover([&](std::string_view, std::string_view) {
    ++records;
    return Status();
  }));
  EXPECT_EQ(records, 0u);
}

TEST_F(BackupTest, RevisionThatNoBackupCoversIsRefusedWithTheRanges) {
  for (int i = 0; i < 6; ++i) Write("a", "a" + std::to_string(i));
  journal_->TrimLog(Revision{3});
  Write("a", "last");
  Take();
  EXPECT_THAT(WhyNot(RestoreTo("other", {.revision = Revision{2}})),
              HasSubstr("there are 3 to 7 (backup 1)"));
  EXPECT_THAT(WhyNot(RestoreTo("other", {.revision = Revision{8}})), HasSubstr("as of revision 8"));
  EXPECT_TRUE(RestoreTo("other", {.revision = Revision{3}}));
  EXPECT_THAT(WhyNot(RestoreTo("third", {.backup = 4})), HasSubstr("there is no backup 4"));
}

TEST_F(BackupTest, DirectoryThatWasPutBackByHandGetsTheMarkToo) {
  Write("a", "a1");
  EXPECT_FALSE(MarkRestored(dir_ / "data", false, kNow)) << "it is in use";
  Close();
  auto marked = MarkRestored(dir_ / "data", true, kNow);
  ASSERT_TRUE(marked) << marked.error().message;
  Open("data");
  EXPECT_EQ(TextOf(journal_->Get(Job("a"))), "a1");
  EXPECT_EQ(store_->committed(), marked->next);
  EXPECT_TRUE(DecodeMark(**journal_->GetMeta(kMetaRestored))->run_missing);
  EXPECT_FALSE(MarkRestored(dir_ / "nowhere", false, kNow));
}

TEST_F(BackupTest, EmptyStoreKnowsItsGatewayAndGoesOnAboveWhatWasSeen) {
  Close();
  EmptyStoreRequest request;
  request.data_directory = dir_ / "fresh";
  request.gateway_meta = "gateway-id";
  request.gateway = "g-7";
  request.highest = Revision{500};
  request.now = kNow;
  auto made = MakeEmptyStore(request);
  ASSERT_TRUE(made) << made.error().message;
  Open("fresh");
  EXPECT_EQ(*journal_->GetMeta("gateway-id"), "g-7");
  EXPECT_GT(store_->NextRevision(), Revision{500});
  EXPECT_TRUE((*journal_->GetMeta(kMetaRestored)).has_value());
  Close();
  EXPECT_FALSE(MakeEmptyStore(request)) << "there is a store already";
}

TEST(BackupManifestTest, EveryChangedByteIsFound) {
  BackupManifest manifest;
  manifest.info.id = 3;
  manifest.info.gateway = "g";
  manifest.files.push_back({"store/db/000001.sst", "tables/a.sst", 12, 34, std::string(64, 'a')});
  std::string text = EncodeManifest(manifest);
  auto back = ParseManifest(text, "m");
  ASSERT_TRUE(back) << back.error().message;
  EXPECT_EQ(EncodeManifest(*back), text);
  for (size_t i = 0; i < text.size(); ++i) {
    std::string changed = text;
    changed[i] = static_cast<char>(changed[i] ^ 1);
    EXPECT_FALSE(ParseManifest(changed, "m")) << i;
  }
}

TEST(BackupManifestTest, NamesStayBelowTheirRoots) {
  for (const char* bad : {"../x", "/x", "a/../../x", "a//b", "."}) {
    BackupManifest manifest;
    manifest.files.push_back({bad, "tables/a.sst", 1, 1, std::string(64, 'a')});
    EXPECT_FALSE(ParseManifest(EncodeManifest(manifest), "m")) << bad;
  }
}

}  // namespace
}  // namespace fairway::store
