// A world is loaded the same whoever reads: all of it, in order, or the first thing that is wrong.
#include "gateway/driver/recovery.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "scheduler/edit.h"

namespace fairway::gateway {
namespace {

using Stored = std::pair<std::string, std::string>;

scheduler::JobRecord Finished(uint64_t id) {
  scheduler::JobRecord record;
  record.job = JobId{id};
  record.name = "default/job-" + std::to_string(id);
  record.state = scheduler::JobState::kDone;
  record.epoch = Epoch{1};
  record.finished = Instant{1'000};
  return record;
}

std::vector<Stored> Jobs(uint64_t count) {
  std::vector<Stored> records;
  for (uint64_t id = 1; id <= count; ++id) {
    const scheduler::Edit edit = scheduler::PutJob{Finished(id)};
    records.emplace_back(scheduler::EditKey(edit), scheduler::EditValue(edit).value());
  }
  return records;
}

Result<scheduler::World> Load(const std::vector<Stored>& records) {
  return LoadWorld([&](const RecordVisit& visit) -> Status {
    for (const auto& [key, value] : records) {
      if (Status ok = visit(key, value); !ok) return ok;
    }
    return {};
  });
}

TEST(RecoveryTest, EveryRecordArrives) {
  // More than all batches on their way together, and no whole number of them.
  for (const uint64_t count : {0u, 1u, 1'024u, 20'001u}) {
    auto world = Load(Jobs(count));
    ASSERT_TRUE(world);
    ASSERT_EQ(world->jobs().size(), count);
    if (count > 0) {
      EXPECT_EQ(*world->jobs().rbegin()->second, Finished(count));
    }
    world->CheckInvariants();
  }
}

TEST(RecoveryTest, ADamagedRecordEndsItAndIsNamed) {
  std::vector<Stored> records = Jobs(10'000);
  records[5'000].second = "no record";
  auto world = Load(records);
  ASSERT_FALSE(world);
  EXPECT_NE(world.error().message.find("6a0000000000001389"), std::string::npos)
      << world.error().message;
}

TEST(RecoveryTest, ReadingEndsWhenNothingMoreIsWanted) {
  const std::vector<Stored> jobs = Jobs(1);
  uint64_t read = 0;
  auto world = LoadWorld([&](const RecordVisit& visit) -> Status {
    // The first record is damaged, and there is no end to the others.
    Status ok = visit(jobs[0].first, "no record");
    while (ok) {
      ++read;
      ok = visit(jobs[0].first, jobs[0].second);
    }
    return ok;
  });
  ASSERT_FALSE(world);
  EXPECT_NE(world.error().message, "stopped");
  EXPECT_GT(read, 0u);
}

TEST(RecoveryTest, TheReadersOwnErrorIsHandedOn) {
  auto world = LoadWorld([](const RecordVisit&) -> Status {
    return Fail(Error{500, "InternalError", "torn"});
  });
  ASSERT_FALSE(world);
  EXPECT_EQ(world.error().message, "torn");
}

TEST(RecoveryTest, RecordsThatDoNotFitTogetherAreRefused) {
  scheduler::JobRecord record = Finished(7);
  record.state = scheduler::JobState::kRunning;
  record.spec = SpecId{3};
  record.cluster = ClusterId{2};
  const scheduler::Edit edit = scheduler::PutJob{record};
  auto world = Load({{scheduler::EditKey(edit), scheduler::EditValue(edit).value()}});
  ASSERT_FALSE(world);
  EXPECT_EQ(world.error().message, "stored job 7 (default/job-7): its spec is missing");
}

}  // namespace
}  // namespace fairway::gateway
