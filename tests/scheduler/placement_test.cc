// The fast path and the readable path are one policy.
#include "scheduler/placement.h"

#include <gtest/gtest.h>

#include "scheduler/names.h"
#include "scheduler/score.h"
#include "tests/scheduler/sample_world.h"

namespace fairway::scheduler {
namespace {

using Op = LabelRequirement::Op;

LabelRequirement RandomRequirement(Rng& rng) {
  LabelRequirement requirement;
  requirement.key = rng.Chance({1, 2}) ? "region" : "tier";
  requirement.op = static_cast<Op>(rng.Below(6));
  if (requirement.op != Op::kExists && requirement.op != Op::kDoesNotExist) {
    requirement.values = {requirement.key == "region" ? "r" + std::to_string(rng.Below(4))
                                                      : std::to_string(rng.Below(3))};
  }
  return requirement;
}

JobSpec RandomSpec(Rng& rng) {
  JobSpec spec;
  spec.request = MakeResources(rng.Between(0, 20'000), rng.Between(0, 80'000));
  if (rng.Chance({1, 4})) spec.request.ephemeral_storage_bytes = rng.Between(0, 4000);
  if (rng.Chance({1, 4})) spec.request.Set("nvidia.com/gpu", rng.Between(1, 4));
  spec.parallelism = static_cast<int32_t>(rng.Between(0, 40));
  for (uint64_t i = rng.Below(3); i > 0; --i) {
    spec.required.push_back({{RandomRequirement(rng)}});
    if (rng.Chance({1, 2})) spec.required.back().requirements.push_back(RandomRequirement(rng));
  }
  for (uint64_t i = rng.Below(3); i > 0; --i) {
    spec.preferred.push_back(
        {static_cast<int32_t>(rng.Between(1, 100)), {{RandomRequirement(rng)}}});
  }
  if (rng.Chance({1, 2})) spec.tolerations = {{"dedicated", true, "", true, {}}};
  return spec;
}

Capacity RandomCapacity(Rng& rng) {
  Capacity capacity = SampleCapacity(rng);
  capacity.requested = MakeResources(rng.Between(-1000, 1'200'000), rng.Between(0, 2'000'000));
  capacity.allocatable.ephemeral_storage_bytes = rng.Between(0, 100'000);
  capacity.largest_node_free = MakeResources(rng.Between(0, 16'000), rng.Between(0, 65'536));
  capacity.largest_node_free.ephemeral_storage_bytes = rng.Between(0, 4000);
  if (rng.Chance({1, 3})) {
    capacity.allocatable.Set("nvidia.com/gpu", rng.Between(1, 64));
    capacity.largest_node_free.Set("nvidia.com/gpu", rng.Between(0, 8));
  }
  if (rng.Chance({1, 10})) capacity.nodes = 0;
  return capacity;
}

void Disturb(World& world, Rng& rng, uint64_t clusters) {
  const ClusterId id{rng.Between(1, static_cast<int64_t>(clusters)) > 0 ? 1 + rng.Below(clusters)
                                                                        : 1};
  if (world.FindCluster(id) == nullptr) {
    world.Apply(PutCluster{{id, SampleClusterSpec(id.value)}});
    world.ObserveLink(id, true);
    return;
  }
  switch (rng.Below(5)) {
    case 0:
      world.ObserveCapacity(id, RandomCapacity(rng));
      break;
    case 1:
      world.ObserveLink(id, rng.Chance({4, 5}));
      break;
    case 2: {
      ClusterSpec spec = SampleClusterSpec(rng.Below(100));
      spec.cordoned = rng.Chance({1, 4});
      if (rng.Chance({1, 3})) spec.taints.push_back({"soft", "", TaintEffect::kPreferNoSchedule});
      world.Apply(PutCluster{{id, spec}});
      break;
    }
    case 3:
      if (world.FindCluster(id)->jobs == 0) world.Apply(EraseCluster{id});
      break;
    default:
      break;
  }
}

TEST(PlacementTest, FastAndReadablePathGiveTheSameAnswers) {
  constexpr uint64_t kClusters = 40;
  Rng rng(11);
  World world = SampleWorld(kClusters);
  int placed = 0;
  for (uint64_t i = 0; i < 6'000; ++i) {
    Disturb(world, rng, kClusters);
    JobRecord record = SampleJob(world, JobId{1000 + i}, RandomSpec(rng));
    for (uint64_t f = rng.Chance({1, 8}) ? 3 : 0; f > 0; --f) {
      const EndReason reason = rng.Chance({2, 3}) ? EndReason::kRejected : EndReason::kWithdrawn;
      record.former.push_back({Epoch{f}, ClusterId{1 + rng.Below(kClusters)}, {}, {}, reason});
    }
    record.epoch = Epoch{3};
    const PlacementPick fast = PlaceJob(world, record);
    ASSERT_EQ(fast, PlaceJobReadably(world, record)) << "job " << i;
    if (fast.cluster && rng.Chance({1, 4})) {
      ++placed;
      record.state = JobState::kPlacing;
      record.cluster = fast.cluster;
      record.dispatch_pending = true;
      world.Apply(PutJob{record});
    } else {
      world.Apply(EraseSpec{record.spec});
    }
    if (i % 500 == 0) world.CheckInvariants();
  }
  EXPECT_GT(placed, 100);
}

TEST(PlacementTest, AScopeLeavesOnlyItsClusters) {
  World world = SampleWorld(12);
  JobSpec spec;
  spec.request = MakeResources(1000, 1024);
  const JobRecord record = SampleJob(world, JobId{1}, spec);
  for (int region = 0; region < 4; ++region) {
    const std::string name = "r" + std::to_string(region);
    const PlaceScope scope = FlavorScope({{"region", name}});
    const PlacementPick pick = PlaceJob(world, record, scope);
    EXPECT_EQ(pick, PlaceJobReadably(world, record, scope));
    ASSERT_TRUE(pick.cluster);
    EXPECT_EQ(world.FindCluster(pick.cluster)->record.spec.labels.at("region"), name);
  }
  EXPECT_FALSE(PlaceJob(world, record, FlavorScope({{"region", "elsewhere"}})).cluster);
  EXPECT_EQ(PlaceJob(world, record, FlavorScope({})), PlaceJob(world, record));
}

TEST(PlacementTest, TiesGoToTheLowestClusterId) {
  World world;
  for (uint64_t id : {7, 3, 5}) {
    ClusterSpec spec;
    spec.name = "c" + std::to_string(id);
    world.Apply(PutCluster{{ClusterId{id}, spec}});
    world.ObserveCapacity(ClusterId{id},
                          MakeCapacity(MakeResources(4000, 4096, 10), MakeResources(4000, 4096)));
    world.ObserveLink(ClusterId{id}, true);
  }
  JobSpec spec;
  spec.request = MakeResources(1000, 1024);
  EXPECT_EQ(PlaceJob(world, SampleJob(world, JobId{1}, spec)).cluster, ClusterId{3});
}

TEST(PlacementTest, EveryClusterGetsAVerdictAndEveryOutcomeItsName) {
  World world = SampleWorld(12);
  world.ObserveLink(ClusterId{2}, false);
  ClusterSpec cordoned = SampleClusterSpec(3);
  cordoned.cordoned = true;
  world.Apply(PutCluster{{ClusterId{3}, cordoned}});
  JobSpec spec;
  spec.request = MakeResources(1000, 1024);
  const Decision placed = ExplainJob(world, SampleJob(world, JobId{1}, spec));
  EXPECT_EQ(placed.outcome, names::kOutcomePlaced);
  EXPECT_TRUE(placed.runner_up);
  EXPECT_GE(placed.score, placed.runner_up_score);
  int clusters = 0;
  for (const VerdictGroup& group : placed.verdicts) clusters += group.count;
  EXPECT_EQ(clusters, 12);

  spec.request = MakeResources(1'000'000'000, 1);
  const Decision never = ExplainJob(world, SampleJob(world, JobId{2}, spec));
  EXPECT_EQ(never.outcome, names::kOutcomeInfeasible);

  for (uint64_t id = 1; id <= 12; ++id) world.ObserveLink(ClusterId{id}, false);
  spec.request = MakeResources(1000, 1024);
  const Decision waits = ExplainJob(world, SampleJob(world, JobId{3}, spec));
  EXPECT_EQ(waits.outcome, names::kOutcomeWaiting);
}

TEST(PlacementTest, PreferencesOutweighRoomAndSoftTaintsOutweighPreferences) {
  World world;
  for (uint64_t id = 1; id <= 3; ++id) {
    ClusterSpec spec;
    spec.name = "c" + std::to_string(id);
    if (id >= 2) spec.labels["disk"] = "ssd";
    if (id == 3) spec.taints = {{"soft", "", TaintEffect::kPreferNoSchedule}};
    world.Apply(PutCluster{{ClusterId{id}, spec}});
    Capacity capacity = MakeCapacity(MakeResources(10'000, 10'000, 100), MakeResources(4000, 4096));
    capacity.requested = MakeResources(id == 2 ? 8000 : 0, id == 2 ? 8000 : 0);
    world.ObserveCapacity(ClusterId{id}, capacity);
    world.ObserveLink(ClusterId{id}, true);
  }
  JobSpec spec;
  spec.request = MakeResources(100, 100);
  EXPECT_EQ(PlaceJob(world, SampleJob(world, JobId{1}, spec)).cluster, ClusterId{1});
  spec.preferred = {{10, {{{"disk", Op::kIn, {"ssd"}}}}}};
  EXPECT_EQ(PlaceJob(world, SampleJob(world, JobId{2}, spec)).cluster, ClusterId{2});
}

TEST(ScoreTest, ShareIsThousandthsWithinTwo) {
  Rng rng(3);
  for (int i = 0; i < 50'000; ++i) {
    const int64_t whole = rng.Between(1, int64_t{1} << rng.Between(1, 60));
    const int64_t amount = rng.Between(0, whole);
    const int32_t share = Share(amount, MakeShareScale(whole));
    const auto exact = static_cast<int32_t>(static_cast<__int128>(amount) * 1000 / whole);
    ASSERT_NEAR(share, exact, 2) << amount << " of " << whole;
  }
  EXPECT_EQ(Share(5, MakeShareScale(0)), 0);
  EXPECT_EQ(Share(-5, MakeShareScale(10)), 0);
}

}  // namespace
}  // namespace fairway::scheduler
