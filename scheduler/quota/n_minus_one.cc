#include "scheduler/quota/n_minus_one.h"

#include <algorithm>

#include "scheduler/placement.h"
#include "scheduler/policy/judge.h"

namespace fairway::scheduler {
namespace {

struct Guarded {
  const JobRecord* record = nullptr;
  ClusterId cluster;
  Resources room;
};

std::vector<Guarded> GuardedJobs(const World& world) {
  std::vector<Guarded> guarded;
  for (const auto& [id, queue] : world.ledger().queues()) {
    const ClusterQueueSpec* spec = world.quota().cluster_queues.Find(id);
    if (spec == nullptr || !spec->survive_cluster_loss) continue;
    for (const JobId job : queue.admitted) {
      const JobRecord& record = *world.FindJob(job);
      if (!record.cluster || IsLeaving(record)) continue;
      guarded.push_back({&record, record.cluster, RoomOf(record, world.specs().Get(record.spec))});
    }
  }
  return guarded;
}

// The jobs find room elsewhere, largest first, each where the most is left.
bool FitElsewhere(const World& world, ClusterId lost, const std::vector<Guarded>& guarded,
                  absl::btree_map<ClusterId, Resources> free) {
  std::vector<const Guarded*> homeless;
  for (const Guarded& job : guarded) {
    if (job.cluster == lost) homeless.push_back(&job);
  }
  std::stable_sort(homeless.begin(), homeless.end(), [](const Guarded* a, const Guarded* b) {
    return a->room.cpu_milli > b->room.cpu_milli;
  });
  for (const Guarded* job : homeless) {
    const Judge judge(world, *job->record);
    Resources* best = nullptr;
    for (auto& [id, left] : free) {
      if (id == lost || !job->room.FitsIn(left)) continue;
      const ClusterState& state = *world.FindCluster(id);
      if (judge.AskEmpty(state) != Verdict::kFits) continue;
      if (best == nullptr || left.cpu_milli > best->cpu_milli) best = &left;
    }
    if (best == nullptr) return false;
    best->Subtract(job->room);
  }
  return true;
}

}  // namespace

bool SurvivesAnyLoss(const World& world, const JobRecord& record, ClusterId cluster,
                     const Resources& room) {
  std::vector<Guarded> guarded = GuardedJobs(world);
  guarded.push_back({&record, cluster, room});
  absl::btree_map<ClusterId, Resources> free;
  for (const auto& [id, state] : world.clusters()) {
    if (!state.IsOpen()) continue;
    Resources left = state.Free();
    if (id == cluster) left.Subtract(room);
    free.emplace(id, std::move(left));
  }
  return std::all_of(world.clusters().begin(), world.clusters().end(), [&](const auto& entry) {
    return FitElsewhere(world, entry.first, guarded, free);
  });
}

Headroom ViewHeadroom(const World& world) {
  Headroom headroom;
  absl::btree_map<ClusterId, Resources> load;
  for (const Guarded& job : GuardedJobs(world)) load[job.cluster].Add(job.room);
  for (const auto& [id, needed] : load) {
    if (headroom.worst && needed.cpu_milli <= headroom.needed.cpu_milli) continue;
    headroom.worst = id;
    headroom.needed = needed;
  }
  for (const auto& [id, state] : world.clusters()) {
    if (id != headroom.worst && state.IsOpen()) headroom.free.Add(state.Free());
  }
  return headroom;
}

}  // namespace fairway::scheduler
