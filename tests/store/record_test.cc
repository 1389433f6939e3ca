// A stored record is read back as written, or refused: no damaged byte goes unnoticed.
#include "store/record.h"

#include <gmock/gmock.h>

#include <random>

#include "store/crc32c.h"

namespace fairway::store {
namespace {

using ::testing::HasSubstr;

const std::string kKey = EncodeObjectKey({"jobs.batch", "default", "a"});

TEST(RecordTest, ObjectsRoundTrip) {
  for (uint64_t number : {0ull, 1ull, 127ull, 128ull, 1ull << 40, ~0ull}) {
    ObjectRecord record{Revision{number}, Revision{number / 2}, "{\"kind\":\"Job\"}"};
    std::string value = FrameObject(Family::kObjects, kKey, record).Join();
    auto parsed = ParseObject(Family::kObjects, kKey, value);
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
    std::string value = FrameObject(Family::kOld, kKey, record).Join();
    EXPECT_EQ(value.size() < body.size(), body != noise && body.size() > 255) << body.size();
    auto parsed = ParseObject(Family::kOld, kKey, value);
    ASSERT_TRUE(parsed);
    EXPECT_EQ(parsed->revision, record.revision);
    EXPECT_EQ(parsed->created, record.created);
    EXPECT_EQ(parsed->body, body);
    EXPECT_EQ(*parsed->Share(), body);
  }
}

// Whoever writes a right checksum over wrong bytes is told all the same.
TEST(RecordTest, PackedBytesThatAreNoneAreRefused) {
  for (std::string fields : {std::string("\x01\x01"), std::string("\x01\x01\x05zzzzzz"),
                             std::string("\x01\x01\xff\xff\xff\xff\xff\x7fzz")}) {
    std::string value = "\x02" + fields;
    char family = static_cast<char>(Family::kObjects);
    uint32_t crc = Crc32c(value, Crc32c(kKey, Crc32c(std::string(1, family))));
    for (int shift = 0; shift < 32; shift += 8) value.push_back(static_cast<char>(crc >> shift));
    EXPECT_FALSE(ParseObject(Family::kObjects, kKey, value)) << fields;
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
  std::string value =
      FrameObject(Family::kObjects, kKey, {Revision{1}, Revision{1}, "some body"}).Join();
  for (size_t bit = 0; bit < value.size() * 8; ++bit) {
    std::string damaged = value;
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << (bit % 8)));
    auto parsed = ParseObject(Family::kObjects, kKey, damaged);
    ASSERT_FALSE(parsed) << bit;
    EXPECT_THAT(parsed.error().message, HasSubstr("jobs.batch/default/a"));
    EXPECT_THAT(parsed.error().message, HasSubstr("column family objects"));
    EXPECT_THAT(parsed.error().message, HasSubstr("docs/operating/backup.md"));
  }
  for (size_t size = 0; size < value.size(); ++size) {
    EXPECT_FALSE(ParseObject(Family::kObjects, kKey, value.substr(0, size))) << size;
  }
}

TEST(RecordTest, ARecordIsNoGoodUnderAnotherKeyOrFamily) {
  std::string value = FrameObject(Family::kObjects, kKey, {Revision{1}, Revision{1}, "b"}).Join();
  EXPECT_FALSE(ParseObject(Family::kObjects, kKey + "b", value));
  EXPECT_FALSE(ParseObject(Family::kOld, kKey, value));
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
