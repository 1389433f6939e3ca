// A damaged store, or one of another version, is refused with the record's name and the way out.
#include <gmock/gmock.h>
#include <rocksdb/db.h>

#include <fstream>

#include "store/keys.h"
#include "store/record.h"
#include "store/rocks_db.h"
#include "store/verify.h"
#include "tests/store/store_world.h"

namespace fairway::store {
namespace {

using ::testing::HasSubstr;

class DamageTest : public ::testing::Test {
 protected:
  // Writes two objects and an edit, then closes.
  void Fill() {
    auto journal = Open();
    ASSERT_TRUE(journal) << journal.error().message;
    ObjectStore store(**journal, loop_.defer(), {});
    Put(store, Job("a"), "first");
    Put(store, Job("a"), "second");
    Put(store, Job("b"), "third");
    scheduler::PutCluster edit;
    edit.record.cluster = ClusterId{1};
    store.StageEdit(edit);
    loop_.RunUntil([&] { return store.committed() == Revision{3}; });
  }
  Result<std::unique_ptr<RocksJournal>> Open() {
    RocksJournal::Options options;
    options.path = dir_.path();
    options.post = loop_.poster();
    return RocksJournal::Open(options);
  }
  // Stores `value` behind the journal's back.
  void Overwrite(Family family, const std::string& key, const std::string& value) {
    auto db = RocksDb::Open(dir_ / "db", nullptr, {}, RocksDb::Mode::kReadWrite);
    ASSERT_TRUE(db);
    RocksDb::Lease lease(**db);
    ASSERT_TRUE(lease.db()->Put({}, lease.family(family), key, value).ok());
  }
  TempDir dir_;
  HandLoop loop_;
};

TEST_F(DamageTest, ADamagedObjectIsNamedWhenItIsRead) {
  Fill();
  Overwrite(Family::kObjects, EncodeObjectKey(Job("a")), "garbage");
  auto journal = Open();
  ASSERT_TRUE(journal);
  auto got = (*journal)->Get(Job("a"));
  ASSERT_FALSE(got);
  EXPECT_THAT(got.error().message,
              HasSubstr("record jobs.batch/default/a in column family objects"));
  EXPECT_THAT(got.error().message, HasSubstr("docs/operating/backup.md"));
  EXPECT_EQ(TextOf((*journal)->Get(Job("b"))), "third");
  Status scan =
      (*journal)->Scan({"jobs.batch", "", {}}, nullptr, [](const Object&) { return true; });
  EXPECT_FALSE(scan) << "never a silent skip";
}

TEST_F(DamageTest, ADamagedCoreRecordStopsRecovery) {
  Fill();
  scheduler::PutCluster edit;
  edit.record.cluster = ClusterId{1};
  Overwrite(Family::kCore, scheduler::EditKey(edit), "garbage!");
  auto journal = Open();
  ASSERT_TRUE(journal);
  Status status = (*journal)->Recover([](std::string_view, std::string_view) { return Status(); });
  ASSERT_FALSE(status);
  EXPECT_THAT(status.error().message, HasSubstr("column family core"));
}

TEST_F(DamageTest, ADamagedCounterStopsTheStart) {
  Fill();
  Overwrite(Family::kMeta, "last", "garbage");
  auto journal = Open();
  ASSERT_FALSE(journal);
  EXPECT_THAT(journal.error().message, HasSubstr("record last in column family meta"));
}

TEST_F(DamageTest, ANewerStoreFormatIsRefused) {
  Fill();
  Overwrite(Family::kMeta, "format", FrameBytes(Family::kMeta, "format", "2").Join());
  auto journal = Open();
  ASSERT_FALSE(journal);
  EXPECT_THAT(journal.error().message, HasSubstr("has format 2"));
  EXPECT_THAT(journal.error().message, HasSubstr("run the version that wrote it"));
}

TEST_F(DamageTest, AFlippedByteAnywhereInTheWriteAheadLogIsNoticed) {
  Fill();
  std::string log;
  for (const auto& entry : std::filesystem::directory_iterator(dir_ / "db")) {
    if (entry.path().extension() == ".log" && entry.file_size() > 0) log = entry.path();
  }
  ASSERT_FALSE(log.empty());
  {
    std::fstream file(log, std::ios::binary | std::ios::in | std::ios::out);
    std::string bytes((std::istreambuf_iterator<char>(file)), {});
    size_t at = bytes.find("second");
    ASSERT_NE(at, std::string::npos);
    file.clear();
    file.seekp(static_cast<std::streamoff>(at));
    file.put('S');
  }
  auto journal = Open();
  ASSERT_FALSE(journal) << "RocksDB alone would start without the last records";
  EXPECT_THAT(journal.error().message, HasSubstr("damaged"));
  EXPECT_THAT(journal.error().message, HasSubstr("docs/operating/backup.md"));
}

TEST_F(DamageTest, ACheckpointIsWholeAndVerified) {
  Fill();
  {
    auto journal = Open();
    ASSERT_TRUE(journal);
    ASSERT_TRUE((*journal)->Checkpoint(dir_ / "copy"));
    EXPECT_FALSE((*journal)->Checkpoint(dir_ / "copy")) << "never over something";
  }
  auto summary = VerifyStore(dir_ / "copy");
  ASSERT_TRUE(summary) << summary.error().message;
  EXPECT_EQ(summary->last, Revision{3});
  EXPECT_EQ(summary->objects, 2u);
  EXPECT_EQ(summary->core_records, 1u);
  EXPECT_EQ(summary->log_entries, 3u);

  RocksJournal::Options options;
  options.path = dir_ / "copy";
  options.post = loop_.poster();
  auto restored = RocksJournal::Open(options);
  ASSERT_TRUE(restored) << restored.error().message;
  EXPECT_EQ(TextOf((*restored)->Get(Job("a"))), "second");
}

TEST_F(DamageTest, VerificationFindsADamagedRecord) {
  Fill();
  Overwrite(Family::kOld, EncodeRevisionKey(Revision{2}, LogPart::kPrevious), "garbage");
  auto summary = VerifyStore(dir_.path());
  ASSERT_FALSE(summary);
  EXPECT_THAT(summary.error().message, HasSubstr("revision 2 (p) in column family old"));
}

// Many records may need it, so it is looked at before anything is served.
TEST_F(DamageTest, ADamagedDictionaryStopsTheStart) {
  Overwrite(Family::kMeta, "dictionary.001", "garbage");
  auto journal = Open();
  ASSERT_FALSE(journal);
  EXPECT_THAT(journal.error().message, HasSubstr("record dictionary.001 in column family meta"));
  EXPECT_FALSE(VerifyStore(dir_.path()));
}

TEST_F(DamageTest, SoDoesOneThatIsNone) {
  Overwrite(Family::kMeta, "dictionary.001",
            FrameBytes(Family::kMeta, "dictionary.001", "no text").Join());
  auto journal = Open();
  ASSERT_FALSE(journal);
  EXPECT_THAT(journal.error().message, HasSubstr("it is no dictionary"));
}

TEST_F(DamageTest, AMissingStoreIsNotVerifiedAsEmpty) {
  EXPECT_FALSE(VerifyStore(dir_ / "nothing"));
}

}  // namespace
}  // namespace fairway::store
