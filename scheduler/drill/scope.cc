#include "scheduler/drill/scope.h"

#include <algorithm>
#include <string_view>

namespace fairway::scheduler {

bool IsDrilled(const DrillWish& wish, ClusterId cluster) {
  return std::binary_search(wish.clusters.begin(), wish.clusters.end(), cluster);
}

bool InScope(const DrillWish& wish, const JobRecord& record) {
  const auto listed = [&](JobId job) {
    return std::binary_search(wish.jobs.begin(), wish.jobs.end(), job);
  };
  // The parts of a split job go with it.
  if (wish.listed && !listed(record.job) && !listed(WholeOf(record.job))) return false;
  if (wish.namespaces.empty()) return true;
  const std::string_view name(record.name);
  const std::string_view ns = name.substr(0, name.find('/'));
  return std::binary_search(wish.namespaces.begin(), wish.namespaces.end(), ns);
}

bool IsSpared(const World& world, const JobRecord& record) {
  const DrillRecord& drill = world.drill();
  return drill.phase != DrillPhase::kNone && record.cluster &&
         IsDrilled(drill.wish, record.cluster) && !InScope(drill.wish, record);
}

FailoverPolicy PolicyNow(const World& world, const JobRecord& record) {
  if (IsSpared(world, record)) return FailoverPolicy::kNever;
  return world.FindSpec(record.spec)->failover;
}

bool IsWell(const ClusterState& cluster) {
  switch (cluster.record.link.state) {
    case LinkState::kJoining:
      return true;
    case LinkState::kReady:
    case LinkState::kProbation:
      return cluster.ready;
    default:
      return false;
  }
}

std::string WhyNoDrill(const World& world, const DrillWish& wish) {
  if (world.drill().phase != DrillPhase::kNone) {
    return "drill " + world.drill().wish.name + " is under way";
  }
  if (world.freeze().frozen) return "the gateway is frozen: nothing would move";
  if (wish.clusters.empty()) return "no cluster is named";
  for (const ClusterId id : wish.clusters) {
    const ClusterState* cluster = world.FindCluster(id);
    if (cluster == nullptr) return "a cluster of it is not known";
    const std::string& name = cluster->record.spec.name;
    if (cluster->record.link.state != LinkState::kReady || !cluster->ready) {
      return "cluster " + name + " is not Ready (" +
             std::string(LinkStateName(cluster->record.link.state)) + ")";
    }
  }
  int64_t others = 0;
  for (const auto& [id, cluster] : world.clusters()) {
    if (IsDrilled(wish, id)) continue;
    others += cluster.ready ? 1 : 0;
    if (wish.abort_unhealthy && !IsWell(cluster)) {
      return "cluster " + cluster.record.spec.name + " is not well (" +
             std::string(LinkStateName(cluster.record.link.state)) + ")";
    }
  }
  if (others == 0) return "no other cluster would be left";
  if (wish.pending_max >= 0 && world.CountJobs(JobState::kQueued) > wish.pending_max) {
    return std::to_string(world.CountJobs(JobState::kQueued)) + " jobs wait already";
  }
  return {};
}

}  // namespace fairway::scheduler
