// The log is trimmed by age as known from time marks, also after a restart, and by number.
#include "store/retention.h"

#include <gtest/gtest.h>

namespace fairway::store {
namespace {

constexpr Duration kHour{3'600'000};
const Instant kStart{1'700'000'000'000};

TEST(RetentionTest, NothingYoungerThanTheAgeIsDue) {
  Retention retention(kHour, 1'000'000);
  EXPECT_TRUE(retention.Note(kStart, Revision{10}));
  EXPECT_EQ(retention.Due(kStart + Duration{kHour.ms - 1}, Revision{20}), std::nullopt);
  EXPECT_EQ(retention.Due(kStart + kHour, Revision{20}), Revision{10});
  EXPECT_EQ(retention.Due(kStart + kHour, Revision{20}), std::nullopt);
}

TEST(RetentionTest, MarksAreFewAndTheirNumberIsBounded) {
  Retention retention(kHour, 1'000'000);
  uint64_t revision = 0;
  for (int second = 0; second < 3600; ++second) {
    retention.Note(kStart + Seconds(second), Revision{++revision});
  }
  EXPECT_LE(retention.marks(), 33u);
  EXPECT_GE(retention.marks(), 30u);
}

TEST(RetentionTest, TooManyRevisionsAreDueWhateverTheirAge) {
  Retention retention(kHour, 320);
  for (uint64_t revision = 1; revision <= 1000; ++revision) {
    retention.Note(kStart, Revision{revision});
    if (auto until = retention.Due(kStart, Revision{revision})) {
      EXPECT_GE(revision - until->value, 320u);
    }
  }
  EXPECT_LE(retention.marks(), 33u);
}

TEST(RetentionTest, MarksSurviveARestart) {
  Retention before(kHour, 1000);
  before.Note(kStart, Revision{7});
  before.Note(kStart + Seconds(600), Revision{9});
  Retention after(kHour, 1000);
  ASSERT_TRUE(after.Load(before.Save()));
  EXPECT_EQ(after.Due(kStart + kHour, Revision{12}), Revision{7});
  EXPECT_EQ(after.Due(kStart + kHour + Seconds(600), Revision{12}), Revision{9});
}

TEST(RetentionTest, AClockThatStepsBackDoesNotHastenTrimming) {
  Retention retention(kHour, 1000);
  retention.Note(kStart, Revision{1});
  retention.Note(kStart + Seconds(-7200), Revision{40});
  EXPECT_EQ(retention.Due(kStart + Seconds(-7200), Revision{40}), std::nullopt);
  EXPECT_EQ(retention.Due(kStart + kHour, Revision{40}), Revision{40});
}

TEST(RetentionTest, MalformedMarksAreRefused) {
  Retention retention(kHour, 1000);
  EXPECT_FALSE(retention.Load("12:"));
  EXPECT_FALSE(retention.Load("x"));
  EXPECT_FALSE(retention.Load("1:2"));
  EXPECT_TRUE(retention.Load(""));
}

}  // namespace
}  // namespace fairway::store
