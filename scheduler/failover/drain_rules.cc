#include "scheduler/failover/drain_rules.h"

#include "scheduler/former_epochs.h"

namespace fairway::scheduler {

DrainStep DrainStepOf(const JobRecord& record, const DrainWish& wish, Instant now) {
  if (wish.mode == DrainMode::kNone) return DrainStep::kNone;
  switch (record.state) {
    case JobState::kRequeued:
      return DrainStep::kMoving;
    case JobState::kPlacing:
    case JobState::kDispatched:
      return DrainStep::kLeaves;
    case JobState::kRunning: {
      const bool over = wish.deadline.ms > 0 && wish.since + wish.deadline <= now;
      return wish.mode == DrainMode::kNow || over ? DrainStep::kLeaves : DrainStep::kStays;
    }
    default:
      return DrainStep::kNone;
  }
}

bool LeavesForRoom(const JobRecord& record, const DrainWish& wish) {
  return wish.mode == DrainMode::kGraceful && !record.suspended;
}

JobRecord AsQueued(const JobRecord& record, Instant now, EndReason reason) {
  JobRecord out = record;
  AddFormer(out.former, {record.epoch, record.cluster, record.since, now, reason});
  out.state = JobState::kQueued;
  out.cluster = ClusterId{};
  return out;
}

ClusterId HomeOf(const JobRecord& record) {
  ClusterId home;
  for (const FormerEpoch& former : record.former) {
    switch (former.reason) {
      case EndReason::kClusterLost:
      case EndReason::kFenced:
      case EndReason::kApproved:
      case EndReason::kDrained:
        if (!home) home = former.cluster;
        break;
      case EndReason::kRebalanced:  // it has left for good: else it would go to and fro
        home = ClusterId{};
        break;
      default:
        break;
    }
  }
  return home == record.cluster ? ClusterId{} : home;
}

bool MayGoHome(const World& world, const FailoverConfig& config, const JobRecord& record,
               Instant now) {
  const bool there = record.state == JobState::kDispatched || record.state == JobState::kRunning;
  const JobSpec* spec = world.FindSpec(record.spec);
  if (!there || record.suspended || spec == nullptr || !spec->failback) return false;
  if (now < record.since + config.failback_after) return false;
  const ClusterState* home = world.FindCluster(HomeOf(record));
  const ClusterState* here = world.FindCluster(record.cluster);
  if (home == nullptr || here == nullptr || !IsWritable(here->record.link.state)) return false;
  const LinkRecord& link = home->record.link;
  return home->IsOpen() && link.state == LinkState::kReady &&
         link.since + config.failback_after <= now;
}

}  // namespace fairway::scheduler
