// Promise: whatever jobs and clusters there are, when nothing else happens rebalancing comes to
// rest, nobody is left who would gain enough, and nobody was moved to and fro.
#include <set>

#include "tests/scheduler/failover/rebalance_fixture.h"

namespace fairway::scheduler {
namespace {

class RebalanceRandom : public RebalanceFixture {
 protected:
  void SetUp() override {}
};

TEST_F(RebalanceRandom, ComesToRestWithoutGoingToAndFro) {
  for (uint64_t seed = 1; seed <= 30; ++seed) {
    Forget();
    Rng rng(seed);
    FailoverConfig config = Settings();
    config.rebalance.gain_min = rng.Between(20, 200);
    config.rebalance.run_min = config.rebalance.cooldown = Seconds(1);
    config.rebalance.moves_per_minute = 600;
    config.rebalance.moving_max = rng.Between(1, 4);
    Configure(config);
    const auto clusters = static_cast<uint64_t>(rng.Between(2, 5));
    Step(Recovered{});
    for (uint64_t id = 1; id <= clusters; ++id) {
      ClusterSpec spec;
      spec.name = "c" + std::to_string(id);
      spec.cordoned = id > 1;
      AddCluster(id, 1000 * rng.Between(16, 40), spec);
    }
    for (uint64_t job = 1; job <= 16; ++job) {
      JobSpec spec = Willing();
      spec.request.cpu_milli = 250 * rng.Between(1, 4);
      Submit(job, spec);
      RunNow(job);
    }
    for (uint64_t id = 2; id <= clusters; ++id) Cordon(id, false);
    Live(Seconds(120));
    const uint64_t moves = core().world().stats().requeued;
    EXPECT_GT(moves, 0u) << seed;
    Live(Seconds(120));
    EXPECT_EQ(core().world().stats().requeued, moves) << seed;
    EXPECT_EQ(RebalancePlanned(0).moves, 0) << seed;
    for (const auto& [id, record] : core().world().jobs()) {
      std::set<ClusterId> seen = {record->cluster};
      for (const FormerEpoch& former : record->former) {
        EXPECT_TRUE(seen.insert(former.cluster).second) << seed << ": job " << id.value;
      }
    }
  }
}

}  // namespace
}  // namespace fairway::scheduler
