// A burst is explained at once; what comes beyond it is explained later, in order and completely,
// but not while the store takes nothing.
#include "gateway/driver/explanation_pace.h"

#include <gtest/gtest.h>

#include "store/memory_journal.h"

namespace fairway::gateway {
namespace {

class ExplanationPaceTest : public ::testing::Test {
 protected:
  static store::MemoryJournal::Options Options(Loop& loop) {
    store::MemoryJournal::Options options;
    options.post = [&loop](std::function<void()> fn) { loop.Post(std::move(fn)); };
    return options;
  }
  // How many of the next jobs are explained at once, until the first one that is not.
  uint64_t Burst() {
    uint64_t now = 0;
    while (pace_.MayNow(JobId{++asked_}, "uid")) ++now;
    return now;
  }

  Loop loop_;
  store::MemoryJournal journal_{Options(loop_)};
  store::ObjectStore store_{journal_,
                            [this](std::function<void()> fn) { loop_.AtTurnEnd(std::move(fn)); },
                            store::ObjectStore::Limits{}};
  std::vector<JobId> late_;
  std::string last_uid_;
  ExplanationPace pace_{loop_, store_, [this](const ExplanationPace::Late& late) {
                          late_.push_back(late.job);
                          last_uid_ = late.uid;
                        }};
  uint64_t asked_ = 0;
};

TEST_F(ExplanationPaceTest, TheRestOfABurstFollowsInOrder) {
  EXPECT_GE(Burst(), static_cast<uint64_t>(ExplanationPace::kBurst));
  const uint64_t first = asked_;
  // Nobody overtakes those who wait.
  ++asked_;
  EXPECT_FALSE(pace_.MayNow(JobId{asked_}, "u" + std::to_string(asked_)));
  loop_.RunUntil([&] { return pace_.late() == 0; });
  EXPECT_EQ(late_, (std::vector<JobId>{JobId{first}, JobId{first + 1}}));
  EXPECT_EQ(last_uid_, "u" + std::to_string(first + 1));
}

TEST_F(ExplanationPaceTest, NothingIsWrittenWhileTheStoreRefuses) {
  Burst();
  journal_.FailWrites("disk full");
  bool looked = false;
  Call timer = loop_.StartTimer(200, [&] { looked = true; });
  loop_.RunUntil([&] { return looked; });
  EXPECT_TRUE(late_.empty());
  journal_.Heal();
  loop_.RunUntil([&] { return pace_.late() == 0; });
  EXPECT_EQ(late_.size(), 1u);
}

}  // namespace
}  // namespace fairway::gateway
