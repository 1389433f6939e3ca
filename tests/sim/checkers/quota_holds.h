// Promise: whatever is admitted, no queue is above what it may borrow and no cohort above what its
// queues have together. Counted from the records alone, by arithmetic of the checker's own; the
// queues of a simulation form one flat cohort.
#pragma once

#include <map>
#include <string>

#include "scheduler/world.h"
#include "tests/sim/sim_context.h"

namespace fairway::sim {

// After a step that admitted this job. Other queues may be above their limits of today: those were
// edited since.
inline void CheckQuotaHolds(SimContext& sim, const scheduler::World& world,
                            scheduler::ClusterQueueId admitted_by) {
  std::map<std::string, int64_t> used;
  int64_t all_used = 0;
  for (const auto& [id, box] : world.jobs()) {
    const scheduler::JobRecord& record = *box;
    if (!record.quota || !record.quota->IsAdmitted()) continue;
    const scheduler::JobSpec& spec = *world.FindSpec(record.spec);
    const int64_t cpu = spec.request.cpu_milli * spec.parallelism;
    used[spec.queueing.local_queue] += cpu;
    all_used += cpu;
  }
  int64_t all_nominal = 0;
  for (const auto& [id, queue] : world.quota().cluster_queues.objects()) {
    const scheduler::ResourceQuota& cpu = queue.groups[0].flavors[0].resources[0];
    all_nominal += cpu.nominal;
    if (cpu.borrowing_limit == scheduler::kNoLimit || id != admitted_by) continue;
    if (used["ns/" + queue.name] > cpu.nominal + cpu.borrowing_limit) {
      sim.Fail(kExitCorrectness, "quota_holds", "queue " + queue.name + " is above its limit");
    }
  }
  if (all_used > all_nominal) {
    sim.Fail(kExitCorrectness, "quota_holds",
             "the cohort has " + std::to_string(all_nominal) + "m cpu and uses " +
                 std::to_string(all_used) + "m");
  }
}

}  // namespace fairway::sim
