#include "store/rocks_log.h"

#include <gmock/gmock.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <thread>
#include <vector>

#include "tests/store/store_world.h"

namespace fairway::store {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;

std::string ReadFile(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

TEST(RocksLogTest, LinesAreThereAtOnceAndEachIsWhole) {
  TempDir dir;
  RocksLog log(dir / "db");
  rocksdb::Log(&log, "one %d", 1);
  rocksdb::Log(&log, "two\n");
  EXPECT_THAT(ReadFile(dir / "db/LOG"), HasSubstr(" one 1\n"));
  EXPECT_THAT(ReadFile(dir / "db/LOG"), EndsWith(" two\n"));
  EXPECT_EQ(log.GetLogFileSize(), std::filesystem::file_size(dir / "db/LOG"));
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&log] {
      for (int n = 0; n < 100; ++n) rocksdb::Log(&log, "%s", std::string(200, 'x').c_str());
    });
  }
  for (std::thread& thread : threads) thread.join();
  std::ifstream in(dir / "db/LOG");
  int whole = 0;
  for (std::string line; std::getline(in, line);) {
    if (line.ends_with(" " + std::string(200, 'x'))) ++whole;
  }
  EXPECT_EQ(whole, 400);
}

TEST(RocksLogTest, ItGoesOnWhereTheLastProcessEnded) {
  TempDir dir;
  { rocksdb::Log(std::make_unique<RocksLog>(dir.path()).get(), "before"); }
  RocksLog log(dir.path());
  rocksdb::Log(&log, "after");
  EXPECT_THAT(ReadFile(dir / "LOG"), HasSubstr(" before\n"));
  EXPECT_THAT(ReadFile(dir / "LOG"), EndsWith(" after\n"));
}

TEST(RocksLogTest, TwoFilesBoundIt) {
  TempDir dir;
  RocksLog log(dir.path(), 1000);
  for (int i = 0; i < 100; ++i) rocksdb::Log(&log, "line %d", i);
  EXPECT_LE(std::filesystem::file_size(dir / "LOG"), 1000u);
  EXPECT_LE(std::filesystem::file_size(dir / "LOG.old"), 1000u);
  EXPECT_THAT(ReadFile(dir / "LOG"), EndsWith(" line 99\n"));
  EXPECT_THAT(ReadFile(dir / "LOG.old"), Not(HasSubstr(" line 0\n")));
}

TEST(RocksLogTest, ALineOfAnyLengthIsCutAtTheBound) {
  TempDir dir;
  RocksLog log(dir.path());
  rocksdb::Log(&log, "%s", std::string(1u << 20, 'x').c_str());
  rocksdb::Log(&log, "next");
  std::string text = ReadFile(dir / "LOG");
  EXPECT_LE(text.size(), 20u << 10);
  EXPECT_THAT(text, HasSubstr("xxx\n"));
  EXPECT_THAT(text, EndsWith(" next\n"));
}

// What aborted the process when RocksDB wrote the file itself.
TEST(RocksLogTest, AFullDiskLosesLinesAndNothingElse) {
  TempDir dir;
  ASSERT_EQ(::symlink("/dev/full", (dir / "LOG").c_str()), 0);
  RocksLog log(dir.path());
  for (int i = 0; i < 1000; ++i) rocksdb::Log(&log, "%s", std::string(1000, 'x').c_str());
  EXPECT_EQ(log.GetLogFileSize(), 0u);
}

TEST(RocksLogTest, ADirectoryThatCannotBeIsNoFault) {
  RocksLog log("/dev/null/db");
  rocksdb::Log(&log, "nobody reads this");
  EXPECT_EQ(log.GetLogFileSize(), 0u);
  rocksdb::Log(SilentLog().get(), "nor this");
}

}  // namespace
}  // namespace fairway::store
