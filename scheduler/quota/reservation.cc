#include "scheduler/quota/reservation.h"

#include <algorithm>

#include "scheduler/policy/judge.h"
#include "scheduler/quota/admit.h"
#include "scheduler/quota/backfill.h"

namespace fairway::scheduler {
namespace {

// The claims of `queue`'s jobs and all reservations, by job.
Claims ClaimsNear(const QuotaLedger& ledger, ClusterQueueId queue) {
  Claims near;
  const QueueState* state = ledger.FindQueue(queue);
  if (state != nullptr) {
    for (const JobId job : state->claimants) near.emplace_back(job, ledger.claims().at(job));
  }
  for (const auto& [tree, jobs] : ledger.reservations()) {
    for (const JobId job : jobs) {
      const QuotaClaim& claim = ledger.claims().at(job);
      if (claim.queue != queue) near.emplace_back(job, claim);
    }
  }
  std::sort(near.begin(), near.end(),
            [](const auto& a, const auto& b) { return a.first < b.first; });
  return near;
}

int64_t MinusPriority(const World& world, JobId job) {
  return -int64_t{world.specs().Get(world.FindJob(job)->spec).spec.priority};
}

// The cluster that is closest to having the room, of those that would do when empty.
ClusterId ClosestCluster(const World& world, const JobRecord& record, const SpecEntry& spec,
                         const PlaceScope& scope) {
  const Judge judge(world, record);
  const Claims reservations = ClaimsNear(world.ledger(), ClusterQueueId{});
  ClusterId best;
  int64_t best_missing = 0;
  for (const auto& [id, state] : world.clusters()) {
    if (!state.IsOpen() || !WouldTakeEmpty(judge, scope, state)) continue;
    const bool taken = std::any_of(reservations.begin(), reservations.end(),
                                   [&](const auto& entry) { return entry.second.cluster == id; });
    if (taken) continue;
    const Resources free = state.Free();
    const int64_t missing =
        std::max<int64_t>(0, spec.total.cpu_milli - free.cpu_milli) +
        std::max<int64_t>(0, (spec.total.memory_bytes - free.memory_bytes) >> 20);
    if (best && missing >= best_missing) continue;
    best = id;
    best_missing = missing;
  }
  return best;
}

// The cluster would take the job if it were empty. One that is only silent may be back in a moment.
bool LeadsTo(const World& world, JobId job, const QuotaClaim& claim, const ClusterState* state) {
  if (state == nullptr || state->record.spec.IsClosed() || IsLost(state->record.link.state)) {
    return false;
  }
  const PlaceScope scope = ScopeOf(world.quota(), FlavorsOf(claim.charges));
  return WouldTakeEmpty(Judge(world, *world.FindJob(job)), scope, *state);
}

}  // namespace

bool CouldClaim(const World& world, const QuotaClaim& claim, const Resources& more_room) {
  const QuotaTree& tree = world.ledger().tree;
  const int32_t node = tree.FindNode(claim.queue);
  if (node == QuotaTree::kNone) return false;
  for (const QuotaCharge& charge : claim.charges) {
    const int32_t slot = tree.FindSlot(node, charge.flavor, charge.resource);
    if (slot == QuotaTree::kNone || charge.amount > tree.Available(node, slot, Usage::kPlanned)) {
      return false;
    }
  }
  const ClusterState* state = world.FindCluster(claim.cluster);
  if (state == nullptr) return !claim.cluster;
  Resources free = state->Free();
  free.Add(state->leaving);
  free.Add(more_room);
  return claim.room.FitsIn(free);
}

bool Reserve(World& world, const JobRecord& record, Instant now, ReserveFor why) {
  const bool waited = now - record.submitted >= world.quota_settings().reserve_after;
  if (why == ReserveFor::kLongWait && !waited) return false;
  const SpecEntry& spec = world.specs().Get(record.spec);
  const QuotaLedger& ledger = world.ledger();
  const ClusterQueueId home = ledger.HomeOf(spec.spec.queueing.local_queue);
  const int32_t node = ledger.tree.FindNode(home);
  if (node == QuotaTree::kNone) return false;
  const QueueHead* head = ledger.FindQueue(home)->pending.Next(PendingQueue::kBeforeAll);
  if (head == nullptr || head->job != record.job) return false;
  if (ledger.claims().contains(record.job)) return false;
  if (ledger.reservations().contains(ledger.tree.node(node).tree)) return false;
  const FlavorAssignment assignment = AssignWhenIdle(world, record);
  if (assignment.mode != FlavorMode::kFit) return false;
  QuotaClaim claim;
  claim.queue = home;
  claim.reserved = true;
  claim.since = now;
  JobQuota quota;
  quota.pod_sets = assignment.pod_sets;
  claim.charges = ChargesOf(quota, spec.spec);
  if (!spec.spec.queueing.workload_only) {
    claim.cluster =
        ClosestCluster(world, record, spec, ScopeOf(world.quota(), FlavorsOf(assignment)));
    if (!claim.cluster) return false;
    claim.room = spec.total;
  }
  if (why == ReserveFor::kLongWait) claim.start = ReservationStart(world, claim, now);
  world.SetClaim(record.job, std::move(claim), /*quiet=*/true);
  return true;
}

void ReviewReservations(World& world, ClusterId cluster) {
  if (world.ledger().reservations().empty()) return;
  const ClusterState* state = world.FindCluster(cluster);
  std::vector<JobId> gone;
  for (const auto& [tree, jobs] : world.ledger().reservations()) {
    for (const JobId job : jobs) {
      const QuotaClaim& claim = world.ledger().claims().at(job);
      if (claim.cluster == cluster && !LeadsTo(world, job, claim, state)) gone.push_back(job);
    }
  }
  for (const JobId job : gone) world.DropClaim(job);
}

Claims SetAside(World& world, ClusterQueueId queue, const QueueHead& head) {
  Claims aside;
  for (auto& [job, claim] : ClaimsNear(world.ledger(), queue)) {
    if (job == head.job) continue;
    const int64_t minus_priority = MinusPriority(world, job);
    const bool lower = head.minus_priority < minus_priority;
    const bool newer = head.minus_priority == minus_priority && head.job < job;
    const bool own = claim.queue == queue;
    if (claim.reserved ? lower || (own && newer) : lower && own) {
      aside.emplace_back(job, std::move(claim));
    }
  }
  TakeAway(world, aside);
  return aside;
}

Claims SetReservationsAside(World& world) {
  Claims aside = ClaimsNear(world.ledger(), ClusterQueueId{});
  TakeAway(world, aside);
  return aside;
}

void TakeAway(World& world, const Claims& claims) {
  for (const auto& [job, claim] : claims) world.DropClaim(job, /*quiet=*/true);
}

void PutBack(World& world, Claims claims) {
  for (auto& [job, claim] : claims) world.SetClaim(job, std::move(claim), /*quiet=*/true);
}

void PutBackWhatFits(World& world, Claims claims) {
  if (claims.empty()) return;
  Claims reservations = SetReservationsAside(world);
  std::sort(claims.begin(), claims.end(), [&](const auto& a, const auto& b) {
    return std::pair(MinusPriority(world, a.first), a.first) <
           std::pair(MinusPriority(world, b.first), b.first);
  });
  for (auto& entry : claims) {
    if (entry.second.reserved) {
      reservations.push_back(std::move(entry));
      continue;
    }
    const bool stays = CouldClaim(world, entry.second);
    world.SetClaim(entry.first, std::move(entry.second), /*quiet=*/true);
    if (!stays) world.DropClaim(entry.first);  // not quietly: the rest of it is free for others
  }
  PutBack(world, std::move(reservations));
}

void DropIdleClaims(World& world) {
  std::vector<JobId> idle;
  for (const auto& [job, claim] : world.ledger().claims()) {
    const JobSpec& spec = *world.FindSpec(world.FindJob(job)->spec);
    std::string reason;
    if (world.ledger().HomeOf(spec.queueing.local_queue) != claim.queue ||
        !QueueInactive(world, claim.queue, &reason).empty()) {
      idle.push_back(job);
    }
  }
  for (const JobId job : idle) world.DropClaim(job);
}

}  // namespace fairway::scheduler
