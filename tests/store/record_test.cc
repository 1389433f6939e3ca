// A stored record is read back as written, or refused: no damaged byte goes unnoticed.
#include "store/record.h"

#include <gmock/gmock.h>

#include <random>

#include "store/crc32c.h"
#include "tests/store/store_world.h"

namespace fairway::store {
namespace {

using ::testing::HasSubstr;

const std::string kKey = EncodeObjectKey({"jobs.batch", "default", "a"});

const Dictionaries kNone;

std::string Frame(Family family, const ObjectRecord& record) {
  return FrameObject(family, kKey, record, PackAlone(record.body)).Join();
}

TEST(RecordTest, ObjectsRoundTrip) {
  for (uint64_t number : {0ull, 1ull, 127ull, 128ull, 1ull << 40, ~0ull}) {
    ObjectRecord record{Revision{number}, Revision{number / 2}, "{\"kind\":\"Job\"}"};
    std::string value = Frame(Family::kObjects, record);
    auto parsed = ParseObject(Family::kObjects, kKey, value, kNone);
    ASSERT_TRUE(parsed);
    EXPECT_EQ(parsed->revision, record.revision);
    EXPECT_EQ(parsed->created, record.created);
    EXPECT_EQ(parsed->body, record.body);
  }
}

TEST(RecordTest, LongBodiesArePackedAndComeBack) {
  std::string repeats, noise;
  std::mt19937 random(1);
  for (int i = 0; i < 400; ++i) {
    repeats += "{\"name\":\"SETTING_" + std::to_string(i) + "\"}";
    noise += static_cast<char>(random());
  }
  for (const std::string& body : {repeats, noise, std::string(255, 'x'), std::string(256, 'x')}) {
    ObjectRecord record{Revision{7}, Revision{5}, body};
    std::string value = Frame(Family::kOld, record);
    EXPECT_EQ(value.size() < body.size(), body != noise && body.size() > 255) << body.size();
    auto parsed = ParseObject(Family::kOld, kKey, value, kNone);
    ASSERT_TRUE(parsed);
    EXPECT_EQ(parsed->revision, record.revision);
    EXPECT_EQ(parsed->created, record.created);
    EXPECT_EQ(parsed->body, body);
    EXPECT_EQ(*parsed->Share(), body);
  }
}

TEST(RecordTest, ABodyPackedAgainstADictionaryNeedsIt) {
  Dictionaries dictionaries;
  dictionaries.Add({"jobs.batch", Alike(1, "")});
  Packer packer(dictionaries);
  const std::string body = Alike(1, "own");
  ObjectRecord record{Revision{7}, Revision{5}, body};
  Packed packed = packer.Pack({"jobs.batch", "default", "a"}, body);
  ASSERT_EQ(packed.dictionary, 1u);
  std::string value = FrameObject(Family::kObjects, kKey, record, packed).Join();
  EXPECT_LT(value.size(), 200u);
  auto parsed = ParseObject(Family::kObjects, kKey, value, dictionaries);
  ASSERT_TRUE(parsed) << parsed.error().message;
  EXPECT_EQ(parsed->revision, record.revision);
  EXPECT_EQ(parsed->created, record.created);
  EXPECT_EQ(parsed->body, body);
  auto without = ParseObject(Family::kObjects, kKey, value, kNone);
  ASSERT_FALSE(without);
  EXPECT_THAT(without.error().message,
              HasSubstr("it needs dictionary 1, which the store does not have"));
}

// Whoever writes a right checksum over wrong bytes is told all the same.
TEST(RecordTest, PackedBytesThatAreNoneAreRefused) {
  for (std::string fields : {std::string("\x01\x01"), std::string("\x01\x01\x05zzzzzz"),
                             std::string("\x01\x01\xff\xff\xff\xff\xff\x7fzz")}) {
    std::string value = "\x02" + fields;
    char family = static_cast<char>(Family::kObjects);
    uint32_t crc = Crc32c(value, Crc32c(kKey, Crc32c(std::string(1, family))));
    for (int shift = 0; shift < 32; shift += 8) value.push_back(static_cast<char>(crc >> shift));
    EXPECT_FALSE(ParseObject(Family::kObjects, kKey, value, kNone)) << fields;
  }
}

TEST(RecordTest, LogEntriesRoundTrip) {
  std::string key = EncodeRevisionKey(Revision{9}, LogPart::kChange);
  LogRecord record{Change::Kind::kDeleted, Revision{3}, Revision{8}, {"nodes", "", "n1"}};
  auto parsed = ParseLog(key, FrameLog(key, record).Join());
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->kind, record.kind);
  EXPECT_EQ(parsed->created, record.created);
  EXPECT_EQ(parsed->prev_revision, record.prev_revision);
  EXPECT_EQ(parsed->key, record.key);
  std::string next = EncodeRevisionKey(Revision{9}, LogPart::kNext);
  EXPECT_EQ(*ParseNext(next, FrameNext(next, Revision{300}).Join()), Revision{300});
}

TEST(RecordTest, EveryFlippedBitAndEveryCutIsRefusedByName) {
  std::string value = Frame(Family::kObjects, {Revision{1}, Revision{1}, "some body"});
  for (size_t bit = 0; bit < value.size() * 8; ++bit) {
    std::string damaged = value;
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << (bit % 8)));
    auto parsed = ParseObject(Family::kObjects, kKey, damaged, kNone);
    ASSERT_FALSE(parsed) << bit;
    EXPECT_THAT(parsed.error().message, HasSubstr("jobs.batch/default/a"));
    EXPECT_THAT(parsed.error().message, HasSubstr("column family objects"));
    EXPECT_THAT(parsed.error().message, HasSubstr("docs/operating/backup.md"));
  }
  for (size_t size = 0; size < value.size(); ++size) {
    EXPECT_FALSE(ParseObject(Family::kObjects, kKey, value.substr(0, size), kNone)) << size;
  }
}

TEST(RecordTest, ARecordIsNoGoodUnderAnotherKeyOrFamily) {
  std::string value = Frame(Family::kObjects, {Revision{1}, Revision{1}, "b"});
  EXPECT_FALSE(ParseObject(Family::kObjects, kKey + "b", value, kNone));
  EXPECT_FALSE(ParseObject(Family::kOld, kKey, value, kNone));
}

TEST(RecordTest, ANewerFormatIsRefusedAsSuch) {
  std::string key = "k";
  std::string value = "\x02payload";
  char family = static_cast<char>(Family::kCore);
  uint32_t crc = Crc32c(value, Crc32c(key, Crc32c(std::string(1, family))));
  for (int shift = 0; shift < 32; shift += 8) value.push_back(static_cast<char>(crc >> shift));
  auto parsed = ParseBytes(Family::kCore, key, value);
  ASSERT_FALSE(parsed);
  EXPECT_THAT(parsed.error().message, HasSubstr("has format version 2"));
  EXPECT_THAT(parsed.error().message, HasSubstr("run the version that wrote it"));
}

}  // namespace
}  // namespace fairway::store
