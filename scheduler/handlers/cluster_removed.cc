#include <vector>

#include "scheduler/failover/failover.h"
#include "scheduler/handlers/step.h"

namespace fairway::scheduler {

// The operator vouches for the cluster: what ran there counts as lost. Withdrawals are asked for as
// long as the member can still be reached, but nothing waits for them; what they miss is left
// behind.
void On(StepContext& step, const ClusterRemoved& event) {
  if (step.world().FindCluster(event.cluster) == nullptr) {
    ++step.stats().unknown_reports;
    return;
  }
  std::vector<JobId> jobs;
  const World::JobsByCluster& by_cluster = step.world().jobs_by_cluster();
  for (auto at = by_cluster.lower_bound({event.cluster, JobId{}});
       at != by_cluster.end() && at->first == event.cluster; ++at) {
    jobs.push_back(at->second);
  }
  for (const JobId job : jobs) {
    JobRecord record = *step.world().FindJob(job);
    ++step.stats().left_behind;
    if (record.state == JobState::kDeleting) {
      step.Release(record);
    } else if (IsFinished(record)) {
      if (record.state == JobState::kCommitting) record.state = JobState::kDone;
      record.cluster = ClusterId{};
      step.PutRecord(std::move(record));
    } else {
      step.Emit(Withdraw{record.job, record.cluster, record.epoch});
      step.Requeue(std::move(record), EndReason::kClusterRemoved);
    }
  }
  RemoveResidueOn(step, event.cluster);
  step.failover().links.erase(event.cluster);
  step.failover().dirty = true;
  step.state().evictions.erase(event.cluster);
  step.state().drains.clusters.erase(event.cluster);
  step.Persist(EraseCluster{event.cluster});
}

}  // namespace fairway::scheduler
