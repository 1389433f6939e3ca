// Stored edits read back as they were written, and no bytes do harm.
#include "scheduler/edit.h"

#include <gtest/gtest.h>

#include "scheduler/rng.h"
#include "tests/scheduler/sample_world.h"

namespace fairway::scheduler {
namespace {

JobRecord RandomRecord(Rng& rng) {
  JobRecord record;
  record.job = WholeOf(JobId{rng.Next() | 1});
  record.name = "ns/" + std::string(rng.Below(60), 'x');
  record.spec = SpecId{rng.Below(1000)};
  record.state = static_cast<JobState>(rng.Below(12));
  record.ending = static_cast<EndReason>(rng.Below(6));
  record.suspended = rng.Chance({1, 2});
  record.delete_requested = rng.Chance({1, 2});
  record.dispatch_pending = rng.Chance({1, 2});
  record.ttl_seconds = static_cast<int32_t>(rng.Between(-1, INT32_MAX));
  record.cluster = ClusterId{rng.Below(1000)};
  record.epoch = Epoch{rng.Below(1000)};
  record.submitted = Instant{static_cast<int64_t>(rng.Next())};
  record.finished = Instant{rng.Between(0, 1 << 30)};
  for (uint64_t i = rng.Below(4); i > 0; --i) {
    record.former.push_back({Epoch{i}, ClusterId{rng.Below(9)}, Instant{5}, Instant{6},
                             static_cast<EndReason>(rng.Below(6))});
  }
  if (rng.Chance({1, 3})) {
    record.job = ShardOf(record.job, 1 + rng.Below(kShardsMax));
    const auto first = static_cast<int32_t>(rng.Below(1000));
    const auto last = static_cast<int32_t>(first + rng.Below(1000));
    record.part.Make() = {{first, last}, static_cast<int32_t>(rng.Below(9)), rng.Chance({1, 2})};
  } else {
    record.split = rng.Chance({1, 3});
  }
  return record;
}

template <typename T>
const T& DecodeAs(const Edit& edit, Result<Edit>& out) {
  out = DecodeEdit(EditKey(edit), EditValue(edit).value());
  EXPECT_TRUE(out) << out.error().message;
  return std::get<T>(*out);
}

TEST(EditTest, EveryRecordReadsBackAsItWasWritten) {
  Rng rng(5);
  Result<Edit> out = Edit{};
  for (uint64_t i = 1; i < 2'000; ++i) {
    const JobRecord record = RandomRecord(rng);
    EXPECT_EQ(DecodeAs<PutJob>(PutJob{record}, out).record, record);
    JobSpec spec = SampleJobSpec(i);
    spec.request.Set("nvidia.com/gpu", static_cast<int64_t>(i));
    spec.priority = static_cast<int32_t>(i) - 1000;
    EXPECT_EQ(DecodeAs<PutSpec>(PutSpec{SpecId{i}, spec}, out).spec, spec);
    spec.failback = rng.Chance({1, 2});
    spec.rebalance = rng.Chance({1, 2});
    EXPECT_EQ(DecodeAs<PutSpec>(PutSpec{SpecId{i}, spec}, out).spec, spec);
    ClusterRecord cluster{ClusterId{i}, SampleClusterSpec(i)};
    if (rng.Chance({1, 2})) {
      cluster.spec.drain = {DrainMode::kGraceful, Milliseconds(rng.Between(0, 1 << 30)),
                            static_cast<int32_t>(rng.Below(100)), Instant{rng.Between(1, 99)}};
    }
    const FreezeRecord freeze{true, rng.Chance({1, 2}), Instant{rng.Between(0, 1 << 30)}, "why"};
    EXPECT_EQ(DecodeAs<PutFreeze>(PutFreeze{freeze}, out).record, freeze);
    const RebalanceRecord run{i,
                              Instant{rng.Between(0, 1 << 30)},
                              Instant{rng.Between(0, 1 << 30)},
                              rng.Between(0, 1 << 20),
                              rng.Between(0, 1 << 20),
                              static_cast<RebalanceEnd>(rng.Below(4))};
    EXPECT_EQ(DecodeAs<PutRebalance>(PutRebalance{run}, out).record, run);
    EXPECT_EQ(DecodeAs<PutCluster>(PutCluster{cluster}, out).record, cluster);
  }
}

TEST(EditTest, KeysSortSpecsThenClustersThenJobsEachById) {
  const std::string spec = EditKey(PutSpec{SpecId{~0ull}, {}});
  const std::string cluster = EditKey(EraseCluster{ClusterId{1}});
  JobRecord record;
  record.job = JobId{255};
  EXPECT_LT(spec, cluster);
  EXPECT_LT(cluster, EditKey(PutJob{record}));
  EXPECT_LT(EditKey(PutJob{record}), EditKey(EraseJob{JobId{256}}));
  EXPECT_FALSE(EditValue(EraseJob{JobId{1}}));
}

TEST(EditTest, DamagedBytesYieldAnErrorOrAnotherRecordAndNeverHarm) {
  Rng rng(6);
  int refused = 0;
  for (int i = 0; i < 20'000; ++i) {
    const Edit edit = rng.Chance({1, 2}) ? Edit(PutJob{RandomRecord(rng)})
                                         : Edit(PutSpec{SpecId{1}, SampleJobSpec(rng.Below(8))});
    std::string key = EditKey(edit);
    std::string value = *EditValue(edit);
    switch (rng.Below(4)) {
      case 0:
        value.resize(rng.Below(value.size() + 1));
        break;
      case 1:
        value[rng.Below(value.size())] = static_cast<char>(rng.Next());
        break;
      case 2:
        value.append(rng.Below(9) + 1, static_cast<char>(rng.Next()));
        break;
      default:
        key[rng.Below(key.size())] = static_cast<char>(rng.Next());
        break;
    }
    const auto decoded = DecodeEdit(key, value);
    if (!decoded) {
      ++refused;
      EXPECT_FALSE(decoded.error().message.empty());
    }
  }
  EXPECT_GT(refused, 5'000);
}

TEST(EditTest, ANewerFormatIsRefusedByName) {
  JobRecord record;
  record.job = JobId{1};
  std::string value = *EditValue(PutJob{record});
  value[0] = 9;
  const auto decoded = DecodeEdit(EditKey(PutJob{record}), value);
  ASSERT_FALSE(decoded);
  EXPECT_NE(decoded.error().message.find("format version 9"), std::string::npos);
}

}  // namespace
}  // namespace fairway::scheduler
