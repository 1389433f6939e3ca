// CRC-32C agrees with the published vectors and with itself on every path.
#include "store/crc32c.h"

#include <gtest/gtest.h>

#include <random>

namespace fairway::store {
namespace {

// RFC 3720, appendix B.4.
TEST(Crc32cTest, PublishedVectors) {
  EXPECT_EQ(Crc32c(std::string(32, '\0')), 0x8A9136AAu);
  EXPECT_EQ(Crc32c(std::string(32, '\xff')), 0x62A8AB43u);
  std::string rising;
  for (int i = 0; i < 32; ++i) rising.push_back(static_cast<char>(i));
  EXPECT_EQ(Crc32c(rising), 0x46DD794Eu);
  EXPECT_EQ(Crc32c("123456789"), 0xE3069283u);
  EXPECT_EQ(Crc32c(""), 0u);
}

TEST(Crc32cTest, TheTableAndTheInstructionAgreeAtEveryLength) {
  std::mt19937 random(7);
  std::string data;
  for (int i = 0; i < 300; ++i) {
    EXPECT_EQ(Crc32c(data), Crc32cPortable(data)) << data.size();
    data.push_back(static_cast<char>(random()));
  }
}

TEST(Crc32cTest, PiecesGiveTheSameAsTheWhole) {
  std::string text = "a store is only as good as its checksums";
  for (size_t cut = 0; cut <= text.size(); ++cut) {
    EXPECT_EQ(Crc32c(text.substr(cut), Crc32c(text.substr(0, cut))), Crc32c(text));
  }
}

}  // namespace
}  // namespace fairway::store
