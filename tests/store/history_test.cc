// The chain of transitions: what is written is read, and whatever is done to it behind its back
// shows, with the record's number.
#include "store/history.h"

#include <gmock/gmock.h>

#include "store/record.h"
#include "store/rocks_db.h"
#include "tests/store/store_world.h"

namespace fairway::store {
namespace {

using ::testing::HasSubstr;

Transition Step(uint64_t job, std::string to, int64_t at = 1000) {
  Transition transition;
  transition.subject = Transition::Subject::kJob;
  transition.id = job;
  transition.name = "default/job-" + std::to_string(job);
  transition.at = Instant{at};
  transition.from = "Queued";
  transition.to = std::move(to);
  transition.cause = "JobSubmitted";
  transition.epoch = 7;
  return transition;
}

TEST(HistoryTest, TransitionsSurviveTheirEncoding) {
  Transition transition = Step(4, "Placing");
  transition.reason = "CopyLost";
  transition.cluster = "eu";
  std::string bytes = EncodeTransition(transition);
  auto back = DecodeTransition(bytes);
  ASSERT_TRUE(back);
  EXPECT_EQ(EncodeTransition(*back), bytes);
  EXPECT_EQ(back->reason, "CopyLost");
  for (size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(DecodeTransition(bytes.substr(0, size))) << size;
  }
  EXPECT_FALSE(DecodeTransition(bytes + "x"));
}

TEST(HistoryTest, MarksAreReadBack) {
  HistoryMark mark = NextLink({}, "x");
  EXPECT_EQ(ParseMark(PrintMark(mark)), mark);
  for (const char* bad : {"", "1", "1:", ":00", "1:zz", "x:00"})
    EXPECT_FALSE(ParseMark(bad)) << bad;
}

class HistoryStoreTest : public ::testing::Test {
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
  // One batch with `count` transitions.
  void Write(int count, int64_t at = 1000) {
    Revision revision = Put(*store_, Job("a"), "a");
    for (int i = 0; i < count; ++i) {
      journal_->AttachTransition(EncodeTransition(Step(++written_, "Placing", at)));
    }
    loop_.RunUntil([&] { return store_->committed() >= revision; });
  }
  std::string Verify(std::optional<HistoryMark> mark = std::nullopt) {
    auto ends = journal_->ReadHistoryEnds();
    if (!ends) return ends.error().message;
    HistoryVerifier verifier(*ends);
    if (mark) verifier.Expect(*mark);
    Status good;
    auto read = journal_->ReadHistory(ends->anchor.sequence, false, 1'000'000,
                                      [&](const HistoryLink& link) {
                                        good = verifier.Add(link);
                                        return good.has_value();
                                      });
    if (!read) return read.error().message;
    if (good) good = verifier.Finish();
    return good ? "good" : good.error().message;
  }
  std::vector<uint64_t> Sequences(bool newest_first, uint64_t after = 0) {
    std::vector<uint64_t> out;
    auto read = journal_->ReadHistory(after, newest_first, 3, [&](const HistoryLink& link) {
      out.push_back(link.sequence);
      return true;
    });
    EXPECT_TRUE(read);
    return out;
  }
  // Somebody with access to the files, who makes every checksum right.
  void Forge(const std::function<void(rocksdb::DB*, rocksdb::ColumnFamilyHandle*)>& change) {
    Close();
    {
      auto db = RocksDb::Open(dir_ / "db", nullptr, {}, RocksDb::Mode::kReadWrite);
      ASSERT_TRUE(db);
      RocksDb::Lease lease(**db);
      change(lease.db(), lease.family(Family::kHistory));
    }
    Open();
  }

  TempDir dir_;
  HandLoop loop_;
  std::unique_ptr<RocksJournal> journal_;
  std::unique_ptr<ObjectStore> store_;
  uint64_t written_ = 0;
};

TEST_F(HistoryStoreTest, ChainGoesOnOverRestarts) {
  Open();
  Write(3);
  Close();
  Open();
  Write(2);
  EXPECT_EQ(Verify(), "good");
  EXPECT_EQ(journal_->ReadHistoryEnds()->head.sequence, 5u);
  EXPECT_EQ(Sequences(true), (std::vector<uint64_t>{5, 4, 3}));
  EXPECT_EQ(Sequences(true, 3), (std::vector<uint64_t>{2, 1}));
  EXPECT_EQ(Sequences(false, 2), (std::vector<uint64_t>{3, 4, 5}));
}

TEST_F(HistoryStoreTest, RetentionKeepsTheRestVerifiable) {
  Open();
  Write(10, 1000);
  Write(5, 9000);
  journal_->TrimHistory(8, Instant{0});
  Write(1, 9000);
  EXPECT_EQ(journal_->ReadHistoryEnds()->anchor.sequence, 7u);
  EXPECT_EQ(Verify(), "good");
  journal_->TrimHistory(100, Instant{5000});
  Write(1, 9000);
  EXPECT_EQ(journal_->ReadHistoryEnds()->anchor.sequence, 10u);
  EXPECT_EQ(Sequences(false).front(), 11u);
  EXPECT_EQ(Verify(), "good");
  Close();
  Open();
  EXPECT_EQ(Verify(), "good");
}

TEST_F(HistoryStoreTest, EditIsFound) {
  Open();
  Write(5);
  Forge([](rocksdb::DB* db, rocksdb::ColumnFamilyHandle* family) {
    std::string key = EncodeHistoryKey(3);
    HistoryMark mark = NextLink({}, "whatever");
    std::string value(reinterpret_cast<const char*>(mark.hash.data()), mark.hash.size());
    value += EncodeTransition(Step(3, "Done"));
    ASSERT_TRUE(db->Put({}, family, key, FrameBytes(Family::kHistory, key, value).Join()).ok());
  });
  EXPECT_THAT(Verify(), HasSubstr("history record 3 does not follow"));
}

TEST_F(HistoryStoreTest, DeletionsAreFoundInTheMiddleAndAtTheEnds) {
  for (uint64_t at : {1, 3, 5}) {
    Close();
    std::filesystem::remove_all(dir_ / "db");
    std::filesystem::remove(dir_ / "committed");
    Open();
    Write(5);
    Forge([&](rocksdb::DB* db, rocksdb::ColumnFamilyHandle* family) {
      ASSERT_TRUE(db->Delete({}, family, EncodeHistoryKey(at)).ok());
    });
    EXPECT_THAT(Verify(), HasSubstr("history record " + std::to_string(at) + " is missing"));
  }
}

TEST_F(HistoryStoreTest, ReorderingIsFound) {
  Open();
  Write(5);
  Forge([](rocksdb::DB* db, rocksdb::ColumnFamilyHandle* family) {
    std::string two = EncodeHistoryKey(2);
    std::string three = EncodeHistoryKey(3);
    std::string second, third;
    ASSERT_TRUE(db->Get({}, family, two, &second).ok());
    ASSERT_TRUE(db->Get({}, family, three, &third).ok());
    auto swap = [&](const std::string& key, const std::string& other, const std::string& value) {
      auto payload = ParseBytes(Family::kHistory, other, value);
      ASSERT_TRUE(payload);
      ASSERT_TRUE(
          db->Put({}, family, key, FrameBytes(Family::kHistory, key, *payload).Join()).ok());
    };
    swap(two, three, third);
    swap(three, two, second);
  });
  EXPECT_THAT(Verify(), HasSubstr("history record 2 does not follow"));
}

TEST_F(HistoryStoreTest, ChainWrittenAnewIsFoundByANotedMark) {
  Open();
  Write(2);
  HistoryMark noted = journal_->ReadHistoryEnds()->head;
  Write(2);
  EXPECT_EQ(Verify(noted), "good");
  HistoryMark other = noted;
  other.hash[0] ^= 1;
  EXPECT_THAT(Verify(other), HasSubstr("history record 2 is whole but not the one"));
}

}  // namespace
}  // namespace fairway::store
