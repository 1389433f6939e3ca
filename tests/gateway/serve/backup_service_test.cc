// Where a backup may be written: below the configured root, and nowhere else.
#include "gateway/serve/backup_service.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

namespace fairway::gateway {
namespace {

namespace fs = std::filesystem;

class BackupDirectoryTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "fairway-backup-XXXXXX").string();
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    top_ = fs::canonical(name);
    fs::create_directories(top_ / "root");
    fs::create_directories(top_ / "other");
  }
  void TearDown() override { fs::remove_all(top_); }
  std::string Of(const std::string& wish) {
    auto directory = BackupDirectory((top_ / "root").string(), wish);
    return directory ? fs::path(*directory).lexically_relative(top_).string()
                     : directory.error().reason;
  }

  fs::path top_;
};

TEST_F(BackupDirectoryTest, NamesAreMeantBelowTheRoot) {
  EXPECT_EQ(Of("nightly"), "root/nightly");
  EXPECT_EQ(Of("a/b"), "root/a/b");
  EXPECT_EQ(Of((top_ / "root/x").string()), "root/x");
  EXPECT_EQ(Of("a/../b"), "root/b");
}

TEST_F(BackupDirectoryTest, NothingElseIsAllowed) {
  EXPECT_EQ(Of("../other"), "Forbidden");
  EXPECT_EQ(Of((top_ / "other").string()), "Forbidden");
  EXPECT_EQ(Of((top_ / "root2").string()), "Forbidden");
  EXPECT_EQ(Of("/"), "Forbidden");
  fs::create_directory_symlink(top_ / "other", top_ / "root/link");
  EXPECT_EQ(Of("link/x"), "Forbidden");
}

}  // namespace
}  // namespace fairway::gateway
