// Random worlds with everything that placement rules ask about, for property tests: nodes in
// classes, datasets, prices, volumes, labels of places; and random jobs that ask. Header only.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "tests/scheduler/sample_world.h"

namespace fairway::scheduler {

inline std::string Pick(Rng& rng, const std::vector<std::string>& names) {
  return names[rng.Below(names.size())];
}

inline NodeRoom RandomRoom(Rng& rng, bool gpu) {
  NodeRoom room;
  room.amounts = MakeResources(rng.Between(0, 8) * 500, rng.Between(0, 8) * 512, rng.Between(0, 6));
  if (gpu && rng.Chance({1, 2})) room.amounts.Set("nvidia.com/gpu", rng.Between(1, 4));
  room.nodes = static_cast<int32_t>(rng.Between(1, 3));
  return room;
}

// A picture that is true to itself: sums and roomiest nodes are those of the rooms.
inline Capacity RandomNodes(Rng& rng) {
  Capacity capacity;
  for (uint64_t c = 1 + rng.Below(3); c > 0; --c) {
    NodeClass& nodes = capacity.node_classes.emplace_back();
    nodes.labels = {{"arch", Pick(rng, {"amd64", "arm64"})}, {"class", std::to_string(c)}};
    if (rng.Chance({1, 4})) nodes.taints.push_back({"gpu", "", TaintEffect::kNoSchedule, {}});
    for (uint64_t r = 1 + rng.Below(3); r > 0; --r) {
      NodeRoom whole = RandomRoom(rng, c == 1);
      NodeRoom free = whole;
      free.amounts.cpu_milli -= rng.Between(0, whole.amounts.cpu_milli);
      free.amounts.pods -= rng.Between(0, whole.amounts.pods);
      nodes.whole.push_back(whole);
      nodes.free.push_back(free);
      for (int32_t n = 0; n < whole.nodes; ++n) {
        ++capacity.nodes;
        capacity.allocatable.Add(whole.amounts);
        const auto larger = [](Resources& most, const Resources& each) {
          most.cpu_milli = std::max(most.cpu_milli, each.cpu_milli);
          most.memory_bytes = std::max(most.memory_bytes, each.memory_bytes);
          for (const auto& [name, amount] : each.extended) {
            most.Set(name, std::max(most.GetExtended(name), amount));
          }
        };
        larger(capacity.largest_node_free, free.amounts);
        larger(capacity.largest_node_allocatable, whole.amounts);
      }
    }
    std::sort(nodes.free.begin(), nodes.free.end(), [](const NodeRoom& a, const NodeRoom& b) {
      return a.amounts.cpu_milli > b.amounts.cpu_milli;
    });
  }
  for (const char* claim : {"default/data", "default/model"}) {
    if (rng.Chance({1, 6})) capacity.claims.emplace_back(claim);
  }
  if (rng.Chance({1, 8})) capacity.blurred_labels = {"arch"};
  return capacity;
}

inline ClusterSpec RandomPolicyCluster(uint64_t id, Rng& rng) {
  ClusterSpec spec = SampleClusterSpec(rng.Below(100));
  spec.name = "c" + std::to_string(id);
  if (rng.Chance({4, 5})) spec.labels["zone"] = Pick(rng, {"z1", "z2", "z3"});
  for (const char* dataset : {"books", "films"}) {
    if (rng.Chance({1, 2})) spec.datasets.emplace_back(dataset);
  }
  if (rng.Chance({3, 4})) spec.cost_core_micro = rng.Between(0, 90'000);
  if (rng.Chance({1, 2})) spec.cost_gib_micro = rng.Between(0, 9'000);
  if (rng.Chance({1, 10})) spec.overrides = {{"cpu", rng.Between(0, 20'000)}};
  spec.cordoned = rng.Chance({1, 12});
  return spec;
}

inline JobSelector RandomJobs(Rng& rng) {
  JobSelector jobs;
  jobs.scope = "default";
  using Op = LabelRequirement::Op;
  if (rng.Chance({4, 5})) {
    jobs.requirements.push_back(
        {"app", rng.Chance({3, 4}) ? Op::kIn : Op::kNotIn, {Pick(rng, {"a", "b"})}});
  }
  return jobs;
}

inline ScoreWeights RandomWeights(Rng& rng) {
  ScoreWeights weights;
  for (int32_t* weight : {&weights.preferred_affinity, &weights.spread, &weights.pack,
                          &weights.balance, &weights.cost, &weights.locality, &weights.stability}) {
    *weight = static_cast<int32_t>(rng.Between(0, 3)) * 75;
  }
  return weights;
}

inline PlacementRules RandomRules(Rng& rng) {
  using Op = LabelRequirement::Op;
  PlacementRules rules;
  if (rng.Chance({3, 4})) {
    rules.scope = "default";
    if (rng.Chance({3, 4})) rules.labels["app"] = Pick(rng, {"a", "b"});
  }
  for (uint64_t g = rng.Chance({1, 3}) ? 1 + rng.Below(3) : 0; g > 0; --g) {
    rules.groups.push_back(
        {"g" + std::to_string(g), {{{{"region", Op::kIn, {"r" + std::to_string(rng.Below(4))}}}}}});
  }
  const auto topology = [&] { return rng.Chance({1, 3}) ? "" : Pick(rng, {"zone", "region"}); };
  if (!rules.scope.empty()) {
    for (uint64_t t = rng.Below(3); t > 0; --t) {
      rules.job_affinity.push_back({rng.Chance({2, 3}),
                                    rng.Chance({1, 2}) ? 0 : static_cast<int32_t>(t),
                                    RandomJobs(rng), topology()});
    }
    for (uint64_t s = rng.Below(3); s > 0; --s) {
      rules.spread.push_back({static_cast<int32_t>(rng.Between(1, 3)), rng.Chance({1, 2}),
                              RandomJobs(rng), topology()});
    }
  }
  if (rng.Chance({1, 4})) {
    rules.datasets.push_back({Pick(rng, {"books", "films"}),
                              rng.Chance({1, 2}) ? 0 : static_cast<int32_t>(rng.Below(50) + 1)});
  }
  if (rng.Chance({1, 6})) rules.claims.emplace_back("default/data");
  if (rng.Chance({1, 4})) rules.nodes.required = {{{{"arch", Op::kIn, {"arm64"}}}}};
  if (rng.Chance({1, 3})) rules.nodes.tolerations = {{"gpu", true, "", true, {}, -1}};
  if (rng.Chance({1, 4})) rules.weights = {RandomWeights(rng)};
  return rules;
}

inline JobSpec RandomPolicyJob(Rng& rng) {
  JobSpec spec;
  spec.request = MakeResources(rng.Between(0, 5) * 300, rng.Between(0, 4) * 256);
  if (rng.Chance({1, 6})) spec.request.Set("nvidia.com/gpu", rng.Between(1, 2));
  spec.parallelism = static_cast<int32_t>(rng.Between(0, 6));
  spec.gang = rng.Chance({4, 5});
  if (rng.Chance({1, 3})) spec.tolerations = {{"dedicated", true, "", true, {}, -1}};
  if (rng.Chance({7, 8})) spec.rules = {RandomRules(rng)};
  if (!spec.rules.empty() && spec.rules.front() == PlacementRules()) spec.rules.clear();
  return spec;
}

}  // namespace fairway::scheduler
