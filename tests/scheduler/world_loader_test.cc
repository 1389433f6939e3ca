// A World comes back from its records in any order, and inconsistent ones are refused by name.
#include "scheduler/world_loader.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "tests/scheduler/sample_world.h"

namespace fairway::scheduler {
namespace {

using Stored = std::pair<std::string, std::string>;

Stored Store(const Edit& edit) { return {EditKey(edit), EditValue(edit).value()}; }

TEST(WorldLoaderTest, OrderDoesNotMatter) {
  World world = SampleWorld(3);
  std::vector<Stored> records;
  for (uint64_t i = 10; i < 200; ++i) {
    JobRecord record = SampleJob(world, JobId{i}, SampleJobSpec(i % 8));
    if (i % 3 == 0) {
      record.state = JobState::kPlacing;
      record.dispatch_pending = true;
      record.cluster = ClusterId{1 + i % 3};
      record.epoch = Epoch{1};
    }
    world.Apply(PutJob{record});
    records.push_back(Store(PutJob{record}));
  }
  for (const auto& [id, entry] : world.specs().entries()) {
    records.push_back(Store(PutSpec{id, entry->spec}));
  }
  for (const auto& [id, state] : world.clusters())
    records.push_back(Store(PutCluster{state.record}));
  std::reverse(records.begin(), records.end());
  WorldLoader loader;
  for (const auto& [key, value] : records) ASSERT_TRUE(loader.Add(key, value));
  auto loaded = loader.Finish();
  ASSERT_TRUE(loaded);
  loaded->CheckInvariants();
  EXPECT_EQ(loaded->jobs().size(), world.jobs().size());
  EXPECT_EQ(loaded->queue().jobs(), world.queue().jobs());
  EXPECT_EQ(loaded->FindCluster(ClusterId{1})->reserved, world.FindCluster(ClusterId{1})->reserved);
}

TEST(WorldLoaderTest, AJobWithoutItsSpecIsNamed) {
  World world;
  JobRecord record = SampleJob(world, JobId{7}, {});
  record.name = "default/lonely";
  WorldLoader loader;
  const Stored stored = Store(PutJob{record});
  ASSERT_TRUE(loader.Add(stored.first, stored.second));
  const auto loaded = loader.Finish();
  ASSERT_FALSE(loaded);
  EXPECT_EQ(loaded.error().message, "stored job 7 (default/lonely): its spec is missing");
}

TEST(WorldLoaderTest, AJobWithoutItsClusterIsNamed) {
  World world;
  JobRecord record = SampleJob(world, JobId{7}, {});
  record.state = JobState::kDone;
  record.spec = SpecId{};
  record.cluster = ClusterId{5};
  WorldLoader loader;
  const Stored stored = Store(PutJob{record});
  ASSERT_TRUE(loader.Add(stored.first, stored.second));
  EXPECT_FALSE(loader.Finish());
}

}  // namespace
}  // namespace fairway::scheduler
