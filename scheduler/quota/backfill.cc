#include "scheduler/quota/backfill.h"

#include <algorithm>

#include "scheduler/quota/quota_estimate.h"

namespace fairway::scheduler {
namespace {

struct End {
  Instant at;
  int32_t node = 0;
  const JobRecord* record = nullptr;
  std::vector<QuotaCharge> charges;
};

// The earliest that this admitted job is likely to end; 0 = not known.
Instant EarlyEnd(const World& world, const JobRecord& record, const JobSpec& spec, Instant now) {
  const auto& history = world.ledger().run_times();
  const auto past = history.find(spec.queueing.local_queue);
  Instant end = ExecutionDeadline(record, spec);
  if (past != history.end() && past->second.count >= kRunsMin) {
    const RunTimes& runs = past->second;
    const int64_t least = std::max<int64_t>(0, runs.mean_ms - 2 * runs.deviation_ms);
    const Instant early = record.quota->admitted_at + Duration{least};
    if (!end || early < end) end = early;
  }
  return end ? std::max(end, now + Duration{1}) : end;
}

// The quota of one tree and the room of one cluster as they will be while jobs end.
class Outlook {
 public:
  Outlook(World& world, const QuotaClaim& claim)
      : world_(world), tree_(world.mutable_ledger().tree), claim_(claim) {
    node_ = tree_.FindNode(claim.queue);
    if (const ClusterState* state = world.FindCluster(claim.cluster)) {
      free_ = state->Free();
      free_.Add(state->leaving);
    }
  }
  Outlook(const Outlook&) = delete;
  Outlook& operator=(const Outlook&) = delete;
  ~Outlook() {
    for (const End* end : ended_) Move(*end, +1);
  }

  // False when too many would have to be looked at.
  bool Collect(Instant now, std::vector<End>& ends) const {
    for (const auto& [id, queue] : world_.ledger().queues()) {
      const int32_t node = tree_.FindNode(id);
      if (node == QuotaTree::kNone) continue;
      const bool same_tree = tree_.node(node).tree == tree_.node(node_).tree;
      for (const JobId job : queue.admitted) {
        const JobRecord& record = *world_.FindJob(job);
        const bool there = claim_.cluster && record.cluster == claim_.cluster;
        if (IsLeaving(record) || (!same_tree && !there)) continue;
        const JobSpec& spec = *world_.FindSpec(record.spec);
        const Instant at = EarlyEnd(world_, record, spec, now);
        if (!at) continue;
        if (ends.size() >= kEstimateJobsMax) return false;
        ends.push_back({at, node, &record, ChargesOf(*record.quota, spec)});
      }
    }
    return true;
  }

  void Pass(const End& end) {
    Move(end, -1);
    ended_.push_back(&end);
    if (!claim_.cluster || end.record->cluster != claim_.cluster) return;
    const int32_t pods = end.record->quota->pod_sets.front().count;
    free_.Add(TotalOf(world_.specs().Get(end.record->spec), pods));
  }

  bool Suffices() const {
    const bool all =
        std::all_of(claim_.charges.begin(), claim_.charges.end(), [&](const QuotaCharge& charge) {
          const int32_t slot = tree_.FindSlot(node_, charge.flavor, charge.resource);
          return slot != QuotaTree::kNone &&
                 charge.amount <= tree_.Available(node_, slot, Usage::kPlanned);
        });
    return all && (!claim_.cluster || claim_.room.FitsIn(free_));
  }

 private:
  void Move(const End& end, int64_t sign) {
    for (const QuotaCharge& charge : end.charges) {
      const int32_t slot = tree_.FindSlot(end.node, charge.flavor, charge.resource);
      if (slot != QuotaTree::kNone) {
        tree_.Move(end.node, slot, sign * charge.amount, Usage::kPlanned);
      }
    }
  }

  World& world_;
  QuotaTree& tree_;
  const QuotaClaim& claim_;
  int32_t node_ = QuotaTree::kNone;
  Resources free_;
  std::vector<const End*> ended_;
};

}  // namespace

Instant ReservationStart(World& world, const QuotaClaim& claim, Instant now) {
  std::vector<End> ends;  // outlives the outlook, which puts back what it took from there
  Outlook outlook(world, claim);
  if (!outlook.Collect(now, ends)) return {};
  std::stable_sort(ends.begin(), ends.end(),
                   [](const End& a, const End& b) { return a.at < b.at; });
  if (outlook.Suffices()) return now;
  for (const End& end : ends) {
    outlook.Pass(end);
    if (outlook.Suffices()) return end.at;
  }
  return {};
}

Instant SureEnd(const World& world, const JobRecord& record, Instant now) {
  const int64_t most = int64_t{world.FindSpec(record.spec)->queueing.max_execution_seconds} * 1000;
  if (most <= 0) return {};
  const int64_t past = record.quota ? record.quota->past_execution_ms : 0;
  return now + Duration{std::max<int64_t>(0, most - past)} + kBackfillGrace;
}

bool MayBackfill(const World& world, const JobRecord& record, Instant now) {
  const QuotaLedger& ledger = world.ledger();
  if (ledger.reservations().empty()) return false;
  const Instant end = SureEnd(world, record, now);
  if (!end) return false;
  for (const auto& [tree, jobs] : ledger.reservations()) {
    for (const JobId job : jobs) {
      if (end <= ledger.claims().at(job).start) return true;
    }
  }
  return false;
}

Claims SetLaterReservationsAside(World& world, const JobRecord& record, Instant now) {
  if (!MayBackfill(world, record, now)) return {};
  const Instant end = SureEnd(world, record, now);
  Claims all = SetReservationsAside(world);
  const auto later = [&](const auto& entry) { return end <= entry.second.start; };
  const auto rest = std::stable_partition(all.begin(), all.end(), later);
  PutBack(world, Claims(rest, all.end()));
  all.erase(rest, all.end());
  return all;
}

}  // namespace fairway::scheduler
