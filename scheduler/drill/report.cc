#include "scheduler/drill/report.h"

#include <algorithm>
#include <tuple>

#include "scheduler/failover/rules.h"

namespace fairway::scheduler {
namespace {

constexpr int kExplainedMax = 256;

DrillFate FateOf(const RehearsedJob& job, const JobRecord* record, const DrillFacts& facts) {
  if (record == nullptr && !job.finished && facts.wanted && facts.wanted(job)) {
    return DrillFate::kVanished;
  }
  if (job.running) return DrillFate::kMoved;
  if (job.finished) return job.left && job.placed ? DrillFate::kMoved : DrillFate::kFinished;
  if (record == nullptr || record->state == JobState::kDeleting) return DrillFate::kDeleted;
  if (job.left) {
    return record->state == JobState::kQueued ? DrillFate::kUnplaced : DrillFate::kPlaced;
  }
  if (job.resumed) return DrillFate::kResumed;
  return job.uncertain ? DrillFate::kWaits : DrillFate::kUntouched;
}

std::string WhyItWaits(const World& world, const FailoverConfig& config, const RehearsedJob& job,
                       const JobRecord& record) {
  if (!job.in_scope) return "outside the scope: it waits for its cluster";
  if (world.freeze().frozen) return "the gateway is frozen";
  if (record.suspended) return "suspended";
  const ClusterState* cluster = world.FindCluster(record.cluster);
  const bool braked =
      cluster != nullptr && !cluster->record.spec.confirmed_lost && IsIsolated(world, config);
  switch (job.policy) {
    case FailoverPolicy::kNever:
      return "policy never: it waits for its cluster";
    case FailoverPolicy::kManual:
      return "policy manual: it waits for an operator";
    case FailoverPolicy::kFast:
      break;
    case FailoverPolicy::kFenced:
      if (cluster != nullptr && !IsFenceable(*cluster, record)) {
        return "policy fenced: its copy was not seen to run under a lease, so it waits for its "
               "cluster";
      }
      if (record.state == JobState::kUncertain) return "policy fenced: its lease runs on";
      break;
  }
  return braked ? "several clusters are silent: the gateway may be cut off itself"
                : "its turn to move has not come";
}

// What the old copy had done by its end that has to be done again.
Duration LostWork(const RehearsedJob& job) {
  if (!job.left || job.reason == EndReason::kSuperseded) return {};
  if (!job.ran && !job.old_started) return {};
  const Instant from = job.old_started ? job.old_started : job.since;
  const Instant to = job.old_ended ? job.old_ended : job.left;
  return std::max(to - from, Duration{});
}

Duration Since(Instant cut, Instant at) { return at ? at - cut : Duration{-1}; }

bool IsForLoss(EndReason reason) {
  return reason == EndReason::kClusterLost || reason == EndReason::kFenced;
}

}  // namespace

Percentiles PercentilesOf(std::vector<Duration> values) {
  Percentiles out;
  out.count = static_cast<int64_t>(values.size());
  if (values.empty()) return out;
  std::sort(values.begin(), values.end());
  const auto rank = [&](size_t percent) {
    const size_t at = (values.size() * percent + 99) / 100;  // rounded up
    return values[std::max<size_t>(at, 1) - 1];
  };
  out.p50 = rank(50);
  out.p90 = rank(90);
  out.p99 = rank(99);
  out.max = values.back();
  return out;
}

std::string_view DrillFateName(DrillFate fate) {
  switch (fate) {
    case DrillFate::kMoved:
      return "Moved";
    case DrillFate::kPlaced:
      return "Placed";
    case DrillFate::kUnplaced:
      return "Unplaced";
    case DrillFate::kWaits:
      return "Waits";
    case DrillFate::kResumed:
      return "Resumed";
    case DrillFate::kFinished:
      return "Finished";
    case DrillFate::kUntouched:
      return "Untouched";
    case DrillFate::kDeleted:
      return "Deleted";
    case DrillFate::kVanished:
      return "Vanished";
  }
  return "Untouched";
}

DrillReport MakeReport(const Rehearsal& rehearsal, const World& world, const FailoverConfig& config,
                       const DrillFacts& facts) {
  DrillReport out;
  std::vector<Duration> detection, fence, placement, rto;
  absl::btree_map<FailoverPolicy, std::vector<Duration>> by_policy;
  for (const RehearsedCluster& cluster : rehearsal.clusters()) {
    if (cluster.lost) detection.push_back(cluster.lost - rehearsal.cut_at());
  }
  const Instant cut = rehearsal.cut_at();
  int explained = 0;
  for (const auto& [id, job] : rehearsal.jobs()) {
    const JobRecord* record = world.FindJob(id);
    DrillRow row;
    row.job = &job;
    row.fate = FateOf(job, record, facts);
    row.detected = Since(cut, job.uncertain);
    row.fenced = Since(cut, job.fenced);
    row.left = Since(cut, job.left);
    row.restarted = Since(cut, job.running);
    row.lost_work = LostWork(job);
    row.duplicated = job.overlap.ms > 0;
    if (row.fate == DrillFate::kUnplaced && facts.explain && explained < kExplainedMax) {
      ++explained;
      row.why = facts.explain(*record);
    } else if (row.fate == DrillFate::kUnplaced) {
      row.why = "it waits in the queue";
    } else if (row.fate == DrillFate::kWaits) {
      row.why = WhyItWaits(world, config, job, *record);
    }
    ++out.jobs;
    if (!job.in_scope) {
      ++out.spared;
      out.spared_moved += job.left && IsForLoss(job.reason) ? 1 : 0;
    } else {
      ++out.in_scope;
      ++out.fates[row.fate];
      if (!row.why.empty()) ++out.not_restarted[row.why];
    }
    out.lost_runs += row.fate == DrillFate::kVanished ? 1 : 0;
    if (row.duplicated) {
      ++out.duplicated;
      out.duplicated_under_fenced += job.reason == EndReason::kFenced ? 1 : 0;
    }
    out.lost_work = out.lost_work + row.lost_work;
    out.lost_work_max = std::max(out.lost_work_max, row.lost_work);
    if (job.fenced) fence.push_back(row.fenced);
    if (job.placed && job.left) placement.push_back(job.placed - job.left);
    if (job.running) {
      rto.push_back(row.restarted);
      by_policy[job.policy].push_back(row.restarted);
    }
    out.rows.push_back(std::move(row));
  }
  out.not_followed = rehearsal.not_followed();
  out.detection = PercentilesOf(std::move(detection));
  out.fence = PercentilesOf(std::move(fence));
  out.placement = PercentilesOf(std::move(placement));
  out.rto = PercentilesOf(std::move(rto));
  for (auto& [policy, values] : by_policy) {
    out.rto_by_policy[policy] = PercentilesOf(std::move(values));
  }
  const auto order = [](const DrillRow& row) {
    const bool remarkable = row.fate == DrillFate::kVanished || row.duplicated;
    const bool stuck = !row.why.empty() && row.job->in_scope;
    return std::tuple(!remarkable, !stuck, -row.restarted.ms, row.job->job);
  };
  std::sort(out.rows.begin(), out.rows.end(),
            [&](const DrillRow& a, const DrillRow& b) { return order(a) < order(b); });
  return out;
}

}  // namespace fairway::scheduler
