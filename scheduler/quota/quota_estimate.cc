#include "scheduler/quota/quota_estimate.h"

#include <algorithm>
#include <vector>

#include "scheduler/quota/reservation.h"

namespace fairway::scheduler {
namespace {

struct ExpectedEnd {
  Instant at;
  Duration error;
  int32_t node = 0;
  int32_t slot = 0;
  int64_t amount = 0;
};

// By its maximum execution time (then any time before it), or by what its LocalQueue's jobs took.
ExpectedEnd EndOf(const World& world, const JobRecord& record, const JobSpec& spec, Instant now) {
  ExpectedEnd end;
  const Instant since = record.quota->admitted_at;
  const Instant deadline = ExecutionDeadline(record, spec);
  if (const RunTimes* runs = PastRuns(world, spec, 1)) {
    end.at = std::max(since + Duration{runs->mean_ms}, now + Duration{1});
    end.error = Duration{2 * runs->deviation_ms};
  }
  if (deadline && (!end.at || deadline < end.at)) {
    end.at = std::max(deadline, now + Duration{1});
    end.error = end.at - now;
  }
  return end;
}

}  // namespace

const RunTimes* PastRuns(const World& world, const JobSpec& spec, int64_t least) {
  const auto& history = world.ledger().run_times();
  const auto past = history.find(spec.queueing.local_queue);
  return past == history.end() || past->second.count < least ? nullptr : &past->second;
}

bool AreAboutToEnd(const World& world, const std::vector<Victim>& victims, Instant now) {
  const Duration awaited = world.quota_settings().ends_awaited;
  const auto is_about_to_end = [&](const Victim& victim) {
    const JobRecord& record = *world.FindJob(victim.job);
    const RunTimes* runs = PastRuns(world, *world.FindSpec(record.spec), kRunsMin);
    if (runs == nullptr) return false;
    const Instant since = record.quota->admitted_at;
    // Who is long overdue is not like the others.
    return since + Duration{runs->mean_ms} <= now + awaited &&
           now <= since + Duration{runs->mean_ms + 4 * runs->deviation_ms} + awaited;
  };
  return !victims.empty() && std::all_of(victims.begin(), victims.end(), is_about_to_end);
}

StartEstimate EstimateStart(World& world, int32_t node, int32_t slot, int64_t amount, Instant now) {
  QuotaTree& tree = world.mutable_ledger().tree;
  const QuotaTree::Slot wanted = tree.slots(node)[static_cast<size_t>(slot)];
  const std::string& resource = tree.ResourceName(wanted.resource);
  std::vector<ExpectedEnd> ends;
  for (const auto& [id, queue] : world.ledger().queues()) {
    const int32_t other = tree.FindNode(id);
    if (other == QuotaTree::kNone || tree.node(other).tree != tree.node(node).tree) continue;
    for (const JobId job : queue.admitted) {
      if (ends.size() >= kEstimateJobsMax) break;
      const JobRecord& record = *world.FindJob(job);
      if (IsLeaving(record)) continue;
      const JobSpec& spec = *world.FindSpec(record.spec);
      ExpectedEnd end = EndOf(world, record, spec, now);
      if (!end.at) continue;
      end.node = other;
      end.slot = slot;
      for (const QuotaCharge& charge : ChargesOf(*record.quota, spec)) {
        if (charge.flavor == wanted.flavor && charge.resource == resource) {
          end.amount += charge.amount;
        }
      }
      if (end.amount > 0) ends.push_back(end);
    }
  }
  std::stable_sort(ends.begin(), ends.end(),
                   [](const ExpectedEnd& a, const ExpectedEnd& b) { return a.at < b.at; });
  StartEstimate estimate;
  size_t taken = 0;
  while (taken < ends.size()) {
    const ExpectedEnd& end = ends[taken++];
    tree.Move(end.node, end.slot, -end.amount, Usage::kPlanned);
    estimate.error = std::max(estimate.error, end.error);
    if (amount > tree.Available(node, slot, Usage::kPlanned)) continue;
    estimate.start = end.at;
    break;
  }
  while (taken-- > 0) {
    tree.Move(ends[taken].node, ends[taken].slot, ends[taken].amount, Usage::kPlanned);
  }
  return estimate.start ? estimate : StartEstimate{};
}

}  // namespace fairway::scheduler
