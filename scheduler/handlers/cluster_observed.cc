// What members measure: CapacityObserved and LinkObserved. Nothing of it is saved.
#include <vector>

#include "scheduler/handlers/step.h"

namespace fairway::scheduler {

void On(StepContext& step, const CapacityObserved& event) {
  if (step.world().FindCluster(event.cluster) == nullptr) {
    ++step.stats().unknown_reports;
    return;
  }
  step.world().ObserveCapacity(event.cluster, *event.capacity);
}

void On(StepContext& step, const LinkObserved& event) {
  const ClusterState* known = step.world().FindCluster(event.cluster);
  if (known == nullptr) {
    ++step.stats().unknown_reports;
    return;
  }
  const bool comes_back = event.ready && !known->ready;
  step.world().ObserveLink(event.cluster, event.ready);
  if (!comes_back) return;
  // What failed while the link was down need not sit out its delay.
  std::vector<JobId> waiting;
  for (const auto& [job, entry] : step.state().retries.entries()) {
    const JobRecord* record = step.world().FindJob(job);
    if (record != nullptr && record->cluster == event.cluster) waiting.push_back(job);
  }
  for (const JobId job : waiting) step.state().retries.Hurry(job, step.now());
}

}  // namespace fairway::scheduler
