#include "scheduler/drill/drill_codec.h"

#include <gtest/gtest.h>

#include "scheduler/edit.h"
#include "scheduler/rng.h"

namespace fairway::scheduler {
namespace {

DrillRecord Sample() {
  DrillRecord record;
  record.phase = DrillPhase::kCut;
  record.began = Instant{1000};
  record.cut_at = Instant{2000};
  record.until = Instant{62'000};
  record.wish.id = 77;
  record.wish.name = "tuesday";
  record.wish.clusters = {ClusterId{3}, ClusterId{9}};
  record.wish.namespaces = {"batch", "ml"};
  record.wish.listed = true;
  record.wish.jobs = {JobId{4}, JobId{400'000}};
  record.wish.cut_for = Seconds(60);
  record.wish.pending_max = 5;
  return record;
}

TEST(DrillCodecTest, ReadsBackWhatWasWritten) {
  DrillRecord record = Sample();
  for (const DrillPhase phase :
       {DrillPhase::kPreparing, DrillPhase::kCut, DrillPhase::kReturning}) {
    record.phase = phase;
    record.overdue = phase == DrillPhase::kReturning;
    record.end = record.overdue ? DrillEnd::kInterrupted : DrillEnd::kNone;
    auto edit = DecodeEdit(EditKey(PutDrill{record}), *EditValue(PutDrill{record}));
    ASSERT_TRUE(edit) << edit.error().message;
    EXPECT_EQ(std::get<PutDrill>(*edit).record, record);
  }
  EXPECT_FALSE(EditValue(EraseDrill{}));
  EXPECT_EQ(EditKey(EraseDrill{}), EditKey(PutDrill{record}));
}

TEST(DrillCodecTest, DamagedBytesDoNoHarm) {
  Rng rng(3);
  const std::string key = EditKey(PutDrill{Sample()});
  const std::string whole = *EditValue(PutDrill{Sample()});
  int refused = 0;
  for (int i = 0; i < 5'000; ++i) {
    std::string value = whole;
    if (rng.Chance({1, 2})) {
      value.resize(rng.Below(value.size()));
    } else {
      value[rng.Below(value.size())] = static_cast<char>(rng.Next());
    }
    refused += DecodeEdit(key, value) ? 0 : 1;
  }
  EXPECT_GT(refused, 2'500);
}

TEST(DrillCodecTest, UnsortedListsAreRefused) {
  DrillRecord record = Sample();
  std::swap(record.wish.clusters[0], record.wish.clusters[1]);
  EXPECT_FALSE(DecodeEdit(EditKey(PutDrill{record}), *EditValue(PutDrill{record})));
}

}  // namespace
}  // namespace fairway::scheduler
