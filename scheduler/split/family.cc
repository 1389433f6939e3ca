#include "scheduler/split/family.h"

#include <algorithm>

namespace fairway::scheduler {

std::vector<const JobRecord*> PartsOf(const World& world, JobId whole) {
  std::vector<const JobRecord*> parts;
  const JobId last = ShardOf(whole, kShardsMax);
  for (auto at = world.jobs().upper_bound(whole); at != world.jobs().end() && at->first <= last;
       ++at) {
    parts.push_back(&*at->second);
  }
  return parts;
}

std::vector<ClusterId> ClustersOfFamily(const World& world, JobId job) {
  const JobId whole = WholeOf(job);
  const JobId last = ShardOf(whole, kShardsMax);
  std::vector<ClusterId> clusters;
  for (auto at = world.jobs().lower_bound(whole); at != world.jobs().end() && at->first <= last;
       ++at) {
    if (at->first != job && at->second->cluster) clusters.push_back(at->second->cluster);
  }
  for (auto at = world.residues().lower_bound(whole);
       at != world.residues().end() && at->first <= last; ++at) {
    if (at->first == job) continue;
    for (const Residue& copy : at->second.copies) clusters.push_back(copy.cluster);
  }
  return clusters;
}

bool FamilyIsOn(const World& world, JobId job, ClusterId cluster) {
  const std::vector<ClusterId> clusters = ClustersOfFamily(world, job);
  return std::find(clusters.begin(), clusters.end(), cluster) != clusters.end();
}

}  // namespace fairway::scheduler
