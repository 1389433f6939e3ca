// Queues of a simulation, and who edits them while jobs come and go.
#include <iterator>

#include "tests/sim/simulation.h"

namespace fairway::sim {

namespace sched = scheduler;

namespace {

constexpr int64_t kPlenty = 1LL << 40;
// Maximum execution times, beyond what any job takes with all that may befall it: nobody is ended
// by them, but they say who is over when (backfill.h).
constexpr int32_t kLimits[] = {0, 600, 600, 6'000};
// What the largest job of any template asks for, and more.
constexpr int64_t kEnoughMilli = 30'000;

}  // namespace

void Simulation::MakeQueues() {
  Rng& rng = sim_.rng;
  if (sim_.plan.queues == 0) return;
  sim_.quota_settings.fair_sharing = rng.Chance({1, 2});
  sim_.quota_settings.reserve_after = sim_.plan.reserve_after;
  for (int i = 0; i < sim_.plan.queues; ++i) {
    sched::ClusterQueueSpec& queue = sim_.queues.emplace_back();
    queue.name = "q" + std::to_string(i);
    queue.cohort = "all";
    sched::ResourceGroup& group = queue.groups.emplace_back();
    group.covered = {"cpu", "memory"};
    group.flavors = {{"default", {{"cpu", 1000 * rng.Between(2, 20)}, {"memory", kPlenty}}}};
    if (rng.Chance({1, 3})) {
      group.flavors[0].resources[0].borrowing_limit = 1000 * rng.Between(0, 8);
    }
    queue.preemption.within_cluster_queue = static_cast<sched::PreemptionPolicy>(rng.Below(3));
    queue.preemption.reclaim_within_cohort = static_cast<sched::PreemptionPolicy>(rng.Below(4));
    if (sim_.canary == Canary::kHastyPreemptor) {
      queue.preemption = {sched::PreemptionPolicy::kLowerOrNewerEqualPriority,
                          sched::PreemptionPolicy::kAny};
    }
  }
  // The last template, which fits nowhere, stays outside.
  for (size_t i = 0; i + 1 < sim_.templates.size(); ++i) {
    sched::JobSpec& spec = sim_.templates[i];
    if (rng.Chance({1, 3})) continue;
    spec.queueing.local_queue = "ns/" + sim_.queues[rng.Below(sim_.queues.size())].name;
    sched::PodSet& main = spec.queueing.pod_sets.emplace_back();
    main.name = "main";
    main.count = spec.parallelism;
    main.request = spec.request;
    spec.queueing.max_execution_seconds = kLimits[rng.Below(std::size(kLimits))];
  }
}

void Simulation::EditQueue() {
  if (!gateway_.up() || sim_.queues.empty()) return;
  Rng& rng = sim_.rng;
  const size_t index = rng.Below(sim_.queues.size());
  sched::ClusterQueueSpec& queue = sim_.queues[index];
  queue.groups[0].flavors[0].resources[0].nominal = 1000 * rng.Between(0, 20);
  queue.stop_policy =
      rng.Chance({1, 4}) ? static_cast<sched::StopPolicy>(rng.Below(3)) : sched::StopPolicy::kNone;
  gateway_.PutQueue(index);
}

void Simulation::HealQueues() {
  for (size_t i = 0; i < sim_.queues.size(); ++i) {
    int64_t& nominal = sim_.queues[i].groups[0].flavors[0].resources[0].nominal;
    nominal = std::max(nominal, kEnoughMilli);
    sim_.queues[i].stop_policy = sched::StopPolicy::kNone;
    gateway_.PutQueue(i);
  }
}

}  // namespace fairway::sim
