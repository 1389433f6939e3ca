#include "scheduler/reconcile.h"

#include <algorithm>
#include <iterator>

namespace fairway::scheduler {

std::vector<CopyRef> AcknowledgedCopies(const World& world, ClusterId cluster) {
  std::vector<CopyRef> copies;
  const World::JobsByCluster& by_cluster = world.jobs_by_cluster();
  for (auto at = by_cluster.lower_bound({cluster, JobId{}});
       at != by_cluster.end() && at->first == cluster; ++at) {
    const JobRecord& record = *world.FindJob(at->second);
    const bool acknowledged =
        record.state == JobState::kDispatched || record.state == JobState::kRunning ||
        IsFinished(record) ||
        ((record.state == JobState::kUncertain || record.state == JobState::kFenced) &&
         !record.dispatch_pending);
    if (acknowledged) copies.push_back({record.job, record.epoch});
  }
  return copies;
}

std::vector<CopyRef> FindMissing(const std::vector<CopyRef>& expected,
                                 const std::vector<CopyRef>& listed) {
  std::vector<CopyRef> missing;
  std::set_difference(expected.begin(), expected.end(), listed.begin(), listed.end(),
                      std::back_inserter(missing));
  return missing;
}

}  // namespace fairway::scheduler
