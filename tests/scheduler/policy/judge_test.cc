// The fast path of placement rules and the readable one are one policy, whatever the world.
#include "scheduler/policy/judge.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "scheduler/names.h"
#include "scheduler/placement.h"
#include "scheduler/policy/reasons.h"
#include "tests/scheduler/policy_world.h"

namespace fairway::scheduler {
namespace {

void Place(World& world, JobRecord record, ClusterId cluster, JobState state) {
  record.state = state;
  record.cluster = cluster;
  record.epoch = Epoch{record.epoch.value + 1};
  record.dispatch_pending = state == JobState::kPlacing;
  world.Apply(PutJob{record});
}

TEST(JudgeTest, FastAndReadablePathAgreeOnEveryRule) {
  constexpr uint64_t kClusters = 12;
  int placed = 0;
  int grouped = 0;
  std::array<int, kVerdicts> seen{};
  for (uint64_t seed = 1; seed <= 40; ++seed) {
    Rng rng(seed);
    World world;
    if (rng.Chance({1, 3})) world.SetWeights(RandomWeights(rng));
    uint64_t jobs = 0;
    for (int i = 0; i < 150; ++i) {
      const ClusterId id{1 + rng.Below(kClusters)};
      const ClusterState* known = world.FindCluster(id);
      if (known == nullptr || rng.Chance({1, 10})) {
        world.Apply(PutCluster{{id, RandomPolicyCluster(id.value, rng)}});
        world.ObserveLink(id, rng.Chance({9, 10}));
      }
      if (rng.Chance({2, 3})) world.ObserveCapacity(id, RandomNodes(rng));
      JobRecord record = SampleJob(world, JobId{++jobs}, RandomPolicyJob(rng));
      if (rng.Chance({1, 5})) {
        constexpr std::array kReasons = {EndReason::kRejected, EndReason::kWithdrawn,
                                         EndReason::kTainted, EndReason::kCopyLost,
                                         EndReason::kImagePull};
        const EndReason reason = kReasons[rng.Below(kReasons.size())];
        record.epoch = Epoch{1};
        record.former.push_back(
            {Epoch{1}, ClusterId{1 + rng.Below(kClusters)}, {}, {}, reason, WasInTrouble(reason)});
      }
      if (rng.Chance({1, 10})) {  // a part of a split job, another part of which was left behind
        const JobId other = ShardOf(record.job, 1);
        world.Apply(PutResidue{{other, record.name, {{ClusterId{1 + rng.Below(kClusters)}, {}}}}});
        record.job = ShardOf(record.job, 2);
        record.part.Make();
      }
      PlaceScope scope;
      if (rng.Chance({1, 6})) scope = FlavorScope({{"region", "r" + std::to_string(rng.Below(4))}});
      const PlacementPick fast = PlaceJob(world, record, scope);
      ASSERT_EQ(fast, PlaceJobReadably(world, record, scope)) << "seed " << seed << " job " << i;
      const Judge judge(world, record);
      for (const auto& [cluster, state] : world.clusters()) {
        ++seen[static_cast<size_t>(judge.Ask(state).verdict)];
      }
      if (fast.group > 0) ++grouped;
      if (fast.cluster) {
        ++placed;
        Place(world, record, fast.cluster,
              rng.Chance({1, 2}) ? JobState::kPlacing : JobState::kRunning);
      } else {
        world.Apply(PutJob{record});
      }
      if (rng.Chance({1, 3})) {  // an older job leaves or starts to run
        const JobId old{1 + rng.Below(jobs)};
        if (const JobRecord* leaving = world.FindJob(old)) {
          JobRecord changed = *leaving;
          if (changed.state == JobState::kPlacing && rng.Chance({1, 2})) {
            changed.state = JobState::kRunning;
            changed.dispatch_pending = false;
            world.Apply(PutJob{changed});
          } else {
            world.Apply(EraseJob{old});
            if (world.specs().Get(changed.spec).jobs == 0) world.Apply(EraseSpec{changed.spec});
          }
        }
      }
      if (i % 25 == 0) world.CheckInvariants();
    }
    world.CheckInvariants();
  }
  EXPECT_GT(placed, 500);
  EXPECT_GT(grouped, 20);
  for (size_t verdict = 0; verdict < kVerdicts; ++verdict) {
    EXPECT_GT(seen[verdict], 0) << ReasonOf(static_cast<Verdict>(verdict));
  }
}

// Small worlds with two clusters, where every way to put pods on nodes is tried.
bool SomeWayFits(const JobSpec& spec, const Capacity& capacity, const NodeWish& wish) {
  std::vector<Resources> nodes;
  for (const NodeClass& each : capacity.node_classes) {
    const bool taints = std::all_of(each.taints.begin(), each.taints.end(), [&](const Taint& t) {
      return std::any_of(wish.tolerations.begin(), wish.tolerations.end(),
                         [&](const Toleration& toleration) { return Tolerates(toleration, t); });
    });
    bool labels = wish.required.empty();
    for (const SelectorTerm& term : wish.required) {
      bool all = true;
      for (const LabelRequirement& r : term.requirements) {
        const bool blurred =
            std::find(capacity.blurred_labels.begin(), capacity.blurred_labels.end(), r.key) !=
            capacity.blurred_labels.end();
        all = all && (blurred || MatchesRequirement(r, each.labels));
      }
      labels = labels || all;
    }
    if (!taints || !labels) continue;
    for (const NodeRoom& room : each.whole) {
      for (int32_t n = 0; n < room.nodes; ++n) nodes.push_back(room.amounts);
    }
  }
  Resources pod = spec.request;
  pod.pods = 1;
  const auto exhaustive = [&](const auto& self, int64_t pods) -> bool {
    if (pods <= 0) return true;
    for (Resources& node : nodes) {
      if (!pod.FitsIn(node)) continue;
      node.Subtract(pod);
      const bool fits = self(self, pods - 1);
      node.Add(pod);
      if (fits) return true;
    }
    return false;
  };
  return exhaustive(exhaustive, spec.gang ? spec.parallelism : std::min(spec.parallelism, 1));
}

bool OraclePlacesOnEmptyWorld(const World& world, const JobSpec& spec) {
  const PlacementRules none;
  const PlacementRules& rules = spec.rules.empty() ? none : spec.rules.front();
  for (const auto& [id, state] : world.clusters()) {
    const ClusterSpec& cluster = state.record.spec;
    const auto has = [&](const TopologyKey& key) {
      return key.empty() || cluster.labels.contains(key);
    };
    bool open = MatchesRequiredAffinity(spec.required, cluster.labels) &&
                FirstUntoleratedTaint(cluster.taints, spec.tolerations) == nullptr;
    bool grouped = rules.groups.empty();
    for (const ClusterGroup& group : rules.groups) {
      grouped = grouped || MatchesRequiredAffinity(group.terms, cluster.labels);
    }
    for (const DatasetWish& wish : rules.datasets) {
      open = open && (wish.weight > 0 || std::find(cluster.datasets.begin(), cluster.datasets.end(),
                                                   wish.name) != cluster.datasets.end());
    }
    for (const JobAffinityTerm& term : rules.job_affinity) {
      open = open && (term.anti || term.weight > 0 || has(term.topology));
    }
    for (const SpreadConstraint& spread : rules.spread) {
      open = open && (!spread.required || has(spread.topology));
    }
    for (const std::string& claim : rules.claims) {
      const auto holds = [&](const Capacity& capacity) {
        return std::find(capacity.claims.begin(), capacity.claims.end(), claim) !=
               capacity.claims.end();
      };
      const bool somewhere =
          std::any_of(world.clusters().begin(), world.clusters().end(),
                      [&](const auto& entry) { return holds(entry.second.capacity); });
      open = open && (!somewhere || holds(state.capacity));
    }
    Resources total = spec.request;
    total.pods = 1;
    total = total.Times(spec.gang ? spec.parallelism : std::min(spec.parallelism, 1));
    if (open && grouped && total.FitsIn(state.capacity.allocatable) &&
        SomeWayFits(spec, state.capacity, rules.nodes)) {
      return true;
    }
  }
  return false;
}

TEST(JudgeTest, InfeasibleIsWhatNoSearchPlacesOnTheEmptyWorld) {
  int infeasible = 0;
  int feasible = 0;
  for (uint64_t seed = 1; seed <= 300; ++seed) {
    Rng rng(seed * 77);
    World world;
    for (uint64_t id = 1; id <= 2; ++id) {
      world.Apply(PutCluster{{ClusterId{id}, RandomPolicyCluster(id, rng)}});
      world.ObserveCapacity(ClusterId{id}, RandomNodes(rng));
      world.ObserveLink(ClusterId{id}, rng.Chance({4, 5}));
    }
    for (uint64_t i = 1; i <= 8; ++i) {
      JobSpec spec = RandomPolicyJob(rng);
      spec.parallelism = std::min(spec.parallelism, 3);
      const JobRecord record = SampleJob(world, JobId{i}, spec);
      const bool possible = OraclePlacesOnEmptyWorld(world, spec);
      ASSERT_EQ(IsFeasible(world, record), possible) << "seed " << seed << " job " << i;
      ++(possible ? feasible : infeasible);
    }
  }
  EXPECT_GT(feasible, 200);
  EXPECT_GT(infeasible, 200);
}

}  // namespace
}  // namespace fairway::scheduler
