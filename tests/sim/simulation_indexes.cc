// Indexed jobs of a simulation: their templates, and how their copies run index by index.
#include <algorithm>

#include "tests/sim/checkers/split_is_exact.h"
#include "tests/sim/simulation.h"

namespace fairway::sim {

namespace sched = scheduler;

// Some templates become Indexed, with more pods than most clusters can take at once.
void Simulation::MakeSplits() {
  if (!sim_.plan.splits) return;
  Rng rng = sim_.rng.Fork();
  for (size_t i = 0; i + 1 < sim_.templates.size(); ++i) {
    sched::JobSpec& spec = sim_.templates[i];
    if (rng.Chance({1, 3})) continue;
    spec.parallelism = static_cast<int32_t>(rng.Between(2, 8));
    sched::SplitWish wish;
    wish.mode = rng.Chance({1, 2}) ? sched::SplitMode::kAlways : sched::SplitMode::kWhenNeeded;
    wish.completions = spec.parallelism + static_cast<int32_t>(rng.Between(0, 12));
    wish.min_indexes = static_cast<int32_t>(rng.Between(1, 2));
    wish.max_clusters = static_cast<int32_t>(rng.Chance({1, 2}) ? rng.Between(2, 4) : 0);
    wish.backoff_limit = static_cast<int32_t>(rng.Between(0, 4));
    spec.split = {wish};
  }
}

void Simulation::StartIndexes(const SimCluster& cluster, CopyKey key, const SimCopy& copy) {
  const auto job = sim_.jobs.find(WholeOf(key.first));
  if (job == sim_.jobs.end()) return;
  for (int32_t index = 0; index < job->second.completions; ++index) {
    if ((copy.todo & ~copy.done & uint64_t{1} << index) == 0) continue;
    SimEvent ends{Happening::kIndexEnds};
    ends.cluster = cluster.id();
    ends.job = key.first;
    ends.epoch = key.second;
    ends.value = static_cast<int64_t>(copy.run);
    ends.pods = index;
    ends.flag = IsFlaky(job->second, key.first, index) ? 1 : 0;
    sim_.After(IndexTime(job->second, key.first, index), ends);
  }
  CheckAtMostOneCopy(sim_, key.first);
  CheckIndexRunsOnce(sim_, key.first);
  if (cluster.up()) Watch(cluster, key, static_cast<uint8_t>(copy.phase), {});
}

void Simulation::OnIndexEnds(const SimEvent& event) {
  SimCluster& cluster = sim_.Cluster(event.cluster);
  const CopyKey key{event.job, event.epoch};
  const auto job = sim_.jobs.find(WholeOf(event.job));
  const auto found = cluster.copies().find(key);
  if (job == sim_.jobs.end() || found == cluster.copies().end()) return;
  // A job that fails does so with its first pod, as often as it is tried.
  const bool fails = found->second.fails;
  const int32_t limit = fails ? -1 : job->second.backoff_limit;
  const bool well = !fails && event.flag == 0;
  if (!cluster.EndIndex(sim_.now, key, static_cast<uint64_t>(event.value), event.pods, well,
                        limit)) {
    return;
  }
  if (well) job->second.truth |= uint64_t{1} << event.pods;
  const SimCopy& copy = cluster.copies().at(key);
  if (!well && copy.phase == sched::RunPhase::kRunning) {  // its pod is made anew
    SimEvent again = event;
    again.flag = 0;
    sim_.After(IndexTime(job->second, key.first, event.pods), again);
  }
  if (cluster.up()) Watch(cluster, key, static_cast<uint8_t>(copy.phase), copy.finished);
  PublishStarted(cluster);
}

}  // namespace fairway::sim
