#include "scheduler/quota/backfill.h"

#include <algorithm>

#include "scheduler/quota/quota_estimate.h"

namespace fairway::scheduler {
namespace {

// An admitted job, and what comes free when it ends.
struct End {
  Instant at;
  int32_t node = 0;
  std::vector<QuotaCharge> charges;
  Resources room;  // on the claim's cluster
};

// The earliest that this admitted job is likely to end; 0 = not known.
Instant EarlyEnd(const World& world, const JobRecord& record, const JobSpec& spec, Instant now) {
  Instant end = ExecutionDeadline(record, spec);
  if (const RunTimes* runs = PastRuns(world, spec, kRunsMin)) {
    const int64_t least = std::max<int64_t>(0, runs->mean_ms - 2 * runs->deviation_ms);
    const Instant early = record.quota->admitted_at + Duration{least};
    if (!end || early < end) end = early;
  }
  return end ? std::max(end, now + Duration{1}) : end;
}

// Of the jobs in the claim's tree or on its cluster, those whose end is known, in that order.
// Nothing when there are too many to look at.
std::vector<End> EndsFor(const World& world, const QuotaClaim& claim, Instant now) {
  std::vector<End> ends;
  const QuotaTree& tree = world.ledger().tree;
  const int32_t home = tree.node(tree.FindNode(claim.queue)).tree;
  for (const auto& [id, queue] : world.ledger().queues()) {
    const int32_t node = tree.FindNode(id);
    if (node == QuotaTree::kNone) continue;
    for (const JobId job : queue.admitted) {
      const JobRecord& record = *world.FindJob(job);
      const bool there = claim.cluster && record.cluster == claim.cluster;
      if (IsLeaving(record) || (tree.node(node).tree != home && !there)) continue;
      const SpecEntry& spec = world.specs().Get(record.spec);
      const Instant at = EarlyEnd(world, record, spec.spec, now);
      if (!at) continue;
      if (ends.size() >= kEstimateJobsMax) return {};
      End& end = ends.emplace_back(End{at, node, ChargesOf(*record.quota, spec.spec), {}});
      if (there) end.room = TotalOf(spec, record.quota->pod_sets.front().count);
    }
  }
  std::stable_sort(ends.begin(), ends.end(),
                   [](const End& a, const End& b) { return a.at < b.at; });
  return ends;
}

void MoveCharges(QuotaTree& tree, const End& end, int64_t sign) {
  for (const QuotaCharge& charge : end.charges) {
    const int32_t slot = tree.FindSlot(end.node, charge.flavor, charge.resource);
    if (slot != QuotaTree::kNone) {
      tree.Move(end.node, slot, sign * charge.amount, Usage::kPlanned);
    }
  }
}

// The reservations that come true only when this job would be over for certain.
Claims LaterReservations(const World& world, const JobRecord& record, Instant now) {
  Claims later;
  const QuotaLedger& ledger = world.ledger();
  if (ledger.reservations().empty()) return later;
  const Instant over = SureEnd(world, record, now);
  if (!over) return later;
  for (const auto& [tree, jobs] : ledger.reservations()) {
    for (const JobId job : jobs) {
      const QuotaClaim& claim = ledger.claims().at(job);
      if (over <= claim.start) later.emplace_back(job, claim);
    }
  }
  return later;
}

}  // namespace

Instant ReservationStart(World& world, const QuotaClaim& claim, Instant now) {
  QuotaTree& tree = world.mutable_ledger().tree;
  const std::vector<End> ends = EndsFor(world, claim, now);
  Instant start = CouldClaim(world, claim) ? now : Instant{};
  Resources freed;
  size_t passed = 0;
  while (passed < ends.size() && !start) {
    const End& end = ends[passed++];
    MoveCharges(tree, end, -1);
    freed.Add(end.room);
    if (CouldClaim(world, claim, freed)) start = end.at;
  }
  while (passed-- > 0) MoveCharges(tree, ends[passed], +1);
  return start;
}

Instant SureEnd(const World& world, const JobRecord& record, Instant now) {
  const int64_t most = int64_t{world.FindSpec(record.spec)->queueing.max_execution_seconds} * 1000;
  if (most <= 0) return {};
  const int64_t past = record.quota ? record.quota->past_execution_ms : 0;
  return now + Duration{std::max<int64_t>(0, most - past)} + kBackfillGrace;
}

bool MayBackfill(const World& world, const JobRecord& record, Instant now) {
  return !LaterReservations(world, record, now).empty();
}

Claims SetLaterReservationsAside(World& world, const JobRecord& record, Instant now) {
  Claims later = LaterReservations(world, record, now);
  TakeAway(world, later);
  return later;
}

}  // namespace fairway::scheduler
