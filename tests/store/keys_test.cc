// Encoded keys sort as the values they stand for, and decode to them.
#include "store/keys.h"

#include <gmock/gmock.h>

#include <algorithm>

namespace fairway::store {
namespace {

TEST(KeysTest, EncodedOrderIsTupleOrder) {
  std::vector<ObjectKey> keys;
  const char* parts[] = {"", "a", "a-b", "a.b", "ab", "b", "\x7f", "\xc3\xa9"};
  for (const char* resource : {"jobs", "jobs.batch", "pods"}) {
    for (const char* ns : parts) {
      for (const char* name : parts) keys.push_back({resource, ns, name});
    }
  }
  std::vector<std::string> encoded;
  for (const ObjectKey& key : keys) encoded.push_back(EncodeObjectKey(key));
  std::sort(encoded.begin(), encoded.end());
  std::sort(keys.begin(), keys.end());
  for (size_t i = 0; i < keys.size(); ++i) EXPECT_EQ(DecodeObjectKey(encoded[i]), keys[i]);
}

TEST(KeysTest, APrefixHoldsItsOwnAndNothingElse) {
  auto starts = [](const ObjectKey& key, const std::string& prefix) {
    return EncodeObjectKey(key).starts_with(prefix);
  };
  EXPECT_TRUE(starts({"jobs.batch", "ns", "a"}, ObjectPrefix("jobs.batch", "")));
  EXPECT_TRUE(starts({"jobs.batch", "ns", "a"}, ObjectPrefix("jobs.batch", "ns")));
  EXPECT_FALSE(starts({"jobs.batch", "ns2", "a"}, ObjectPrefix("jobs.batch", "ns")));
  EXPECT_FALSE(starts({"jobs.batchx", "ns", "a"}, ObjectPrefix("jobs.batch", "")));
}

TEST(KeysTest, RevisionKeysSortByNumber) {
  EXPECT_LT(EncodeRevisionKey(Revision{255}, LogPart::kNext),
            EncodeRevisionKey(Revision{256}, LogPart::kChange));
  EXPECT_LT(EncodeRevisionKey(Revision{5}, LogPart::kChange),
            EncodeRevisionKey(Revision{5}, LogPart::kNext));
  EXPECT_LT(RevisionBound(Revision{5}), EncodeRevisionKey(Revision{5}, LogPart::kChange));
  EXPECT_GT(RevisionBound(Revision{6}), EncodeRevisionKey(Revision{5}, LogPart::kPrevious));
  Revision large{0x0123456789abcdefull};
  EXPECT_EQ(DecodeRevisionKey(EncodeRevisionKey(large, LogPart::kDeleted))->revision, large);
}

TEST(KeysTest, ForeignBytesAreNotKeys) {
  EXPECT_EQ(DecodeObjectKey("jobs"), std::nullopt);
  EXPECT_EQ(DecodeObjectKey(std::string("a\0b", 3)), std::nullopt);
  EXPECT_EQ(DecodeObjectKey(std::string("a\0b\0c\0d", 7)), std::nullopt);
  EXPECT_FALSE(DecodeRevisionKey("short"));
  EXPECT_FALSE(DecodeRevisionKey("12345678?"));
}

TEST(KeysTest, MessagesNameTheRecordReadably) {
  EXPECT_EQ(PrintableKey(Family::kObjects, EncodeObjectKey({"jobs.batch", "ns", "a"})),
            "jobs.batch/ns/a");
  EXPECT_EQ(PrintableKey(Family::kLog, EncodeRevisionKey(Revision{12}, LogPart::kChange)),
            "revision 12 (c)");
  EXPECT_EQ(PrintableKey(Family::kCore, std::string("j\x00\x01", 3)), "j\\x00\\x01");
}

}  // namespace
}  // namespace fairway::store
