// While the store takes nothing, of each kind of report about each job the last one is kept; when
// it heals they are taken in, oldest first.
#include "gateway/driver/postponed.h"

#include <gtest/gtest.h>

#include "clusters/loop/loop.h"
#include "store/memory_journal.h"

namespace fairway::gateway {
namespace {

class PostponedTest : public ::testing::Test {
 protected:
  static store::MemoryJournal::Options Options(Loop& loop) {
    store::MemoryJournal::Options options;
    options.post = [&loop](std::function<void()> fn) { loop.Post(std::move(fn)); };
    return options;
  }
  Loop loop_;
  store::MemoryJournal journal_{Options(loop_)};
  store::ObjectStore store_{journal_,
                            [this](std::function<void()> fn) { loop_.AtTurnEnd(std::move(fn)); },
                            store::ObjectStore::Limits{}};
  Postponed postponed_{loop_, store_};
};

TEST_F(PostponedTest, NothingWaitsWhileTheStoreTakesWrites) { EXPECT_FALSE(postponed_.Blocked()); }

TEST_F(PostponedTest, KeepsTheLastOfEachAndRunsThemInOrderAfterHealing) {
  journal_.FailWrites("disk full");
  ASSERT_TRUE(postponed_.Blocked());
  std::vector<std::string> ran;
  auto note = [&](std::string what) { return [&ran, what] { ran.push_back(what); }; };
  postponed_.Keep(Postponed::Kind::kCopy, ClusterId{1}, JobId{1}, note("old"));
  postponed_.Keep(Postponed::Kind::kCopy, ClusterId{1}, JobId{2}, note("second"));
  postponed_.Keep(Postponed::Kind::kCopy, ClusterId{1}, JobId{1}, note("new"));
  EXPECT_EQ(postponed_.size(), 2u);
  journal_.Heal();
  // What waits goes first, whatever comes now.
  EXPECT_TRUE(postponed_.Blocked());
  loop_.RunUntil([&] { return postponed_.size() == 0; });
  EXPECT_EQ(ran, (std::vector<std::string>{"second", "new"}));
  EXPECT_FALSE(postponed_.Blocked());
}

}  // namespace
}  // namespace fairway::gateway
