// A World with N clusters and jobs to place on them, for tests and benches. Header only.
#pragma once

#include <string>
#include <utility>

#include "scheduler/core.h"
#include "scheduler/rng.h"

namespace fairway::scheduler {

inline Resources MakeResources(int64_t cpu_milli, int64_t memory_mib, int64_t pods = 0) {
  Resources amounts;
  amounts.cpu_milli = cpu_milli;
  amounts.memory_bytes = memory_mib << 20;
  amounts.pods = pods;
  return amounts;
}

inline Capacity MakeCapacity(Resources allocatable, Resources largest_node) {
  Capacity capacity;
  capacity.allocatable = std::move(allocatable);
  capacity.largest_node_free = largest_node;
  capacity.largest_node_allocatable = std::move(largest_node);
  capacity.nodes = 1;
  return capacity;
}

// Cluster i (from 1) carries region=r<i % 4>, tier=<i % 3>, and every tenth one a taint.
inline ClusterSpec SampleClusterSpec(uint64_t i) {
  ClusterSpec spec;
  spec.name = "c" + std::to_string(i);
  spec.labels = {{"region", "r" + std::to_string(i % 4)}, {"tier", std::to_string(i % 3)}};
  if (i % 10 == 0) spec.taints.push_back({"dedicated", "batch", TaintEffect::kNoSchedule});
  return spec;
}

inline Capacity SampleCapacity(Rng& rng) {
  const int64_t nodes = rng.Between(4, 64);
  return MakeCapacity(MakeResources(nodes * 16'000, nodes * 65'536, nodes * 110),
                      MakeResources(16'000, 65'536, 110));
}

// A job that prefers one region, tolerates the taint and may run in all regions but one.
inline JobSpec SampleJobSpec(uint64_t kind) {
  JobSpec spec;
  spec.request = MakeResources(100 + 50 * static_cast<int64_t>(kind % 8), 128);
  using Op = LabelRequirement::Op;
  spec.required = {{{{"region", Op::kNotIn, {"r" + std::to_string(kind % 4)}}}}};
  spec.preferred = {{5, {{{"tier", Op::kIn, {std::to_string(kind % 3)}}}}}};
  spec.tolerations = {{"dedicated", true, "", true, TaintEffect::kNoSchedule}};
  return spec;
}

// `clusters` ready, measured clusters with ids from 1.
inline World SampleWorld(uint64_t clusters, uint64_t seed = 1) {
  World world;
  Rng rng(seed);
  for (uint64_t i = 1; i <= clusters; ++i) {
    world.Apply(PutCluster{{ClusterId{i}, SampleClusterSpec(i)}});
    world.ObserveCapacity(ClusterId{i}, SampleCapacity(rng));
    world.ObserveLink(ClusterId{i}, true);
  }
  return world;
}

// A queued job that is not in the world yet; its spec is, so that PlaceJob(world, record) works.
inline JobRecord SampleJob(World& world, JobId job, const JobSpec& spec) {
  SpecId id = world.specs().FindEqual(spec);
  if (!id) {
    id = world.specs().NextId();
    world.Apply(PutSpec{id, spec});
  }
  JobRecord record;
  record.job = job;
  record.name = "default/job-" + std::to_string(job.value);
  record.spec = id;
  record.submitted = Instant{1};
  record.since = Instant{1};
  return record;
}

}  // namespace fairway::scheduler
