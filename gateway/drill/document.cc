#include "gateway/drill/document.h"

#include <algorithm>

#include "clusters/kube/time.h"
#include "gateway/driver/job_name.h"
#include "gateway/driver/placement_document.h"

namespace fairway::gateway {

using kube::Array;
using kube::Object;
using scheduler::DrillEnd;
using scheduler::DrillFate;
using scheduler::FailoverPolicy;

namespace {

std::string_view PolicyName(FailoverPolicy policy) {
  switch (policy) {
    case FailoverPolicy::kFenced:
      return "fenced";
    case FailoverPolicy::kNever:
      return "never";
    case FailoverPolicy::kFast:
      return "fast";
    case FailoverPolicy::kManual:
      return "manual";
  }
  return "fenced";
}

Object Spans(const scheduler::Percentiles& spans) {
  return Object{{"count", spans.count},
                {"p50Milliseconds", spans.p50.ms},
                {"p90Milliseconds", spans.p90.ms},
                {"p99Milliseconds", spans.p99.ms},
                {"maxMilliseconds", spans.max.ms}};
}

void PutSpan(Object& out, std::string_view key, Duration since_cut) {
  if (since_cut.ms >= 0) out[key] = since_cut.ms;
}
void PutSince(Object& out, std::string_view key, Instant cut, Instant at) {
  if (at) out[key] = (at - cut).ms;
}

std::string NameIn(const ClusterNames& names, ClusterId cluster) {
  const auto at = names.find(cluster);
  return at == names.end() ? std::string() : at->second;
}

Object Row(const scheduler::DrillRow& row, const ClusterNames& names) {
  const scheduler::RehearsedJob& job = *row.job;
  auto [ns, name] = SplitJobName(job.name);
  Object out{{"namespace", ns},
             {"name", name},
             {"policy", PolicyName(job.policy)},
             {"outcome", scheduler::DrillFateName(row.fate)},
             {"inScope", job.in_scope},
             {"from", NameIn(names, job.from)}};
  if (job.to) out["to"] = NameIn(names, job.to);
  if (job.reason != scheduler::EndReason::kNone) out["reason"] = EndReasonName(job.reason);
  PutSpan(out, "detectedMilliseconds", row.detected);
  PutSpan(out, "fencedMilliseconds", row.fenced);
  PutSpan(out, "leftMilliseconds", row.left);
  PutSpan(out, "restartedMilliseconds", row.restarted);
  if (row.lost_work.ms > 0) out["lostWorkMilliseconds"] = row.lost_work.ms;
  if (job.overlap.ms > 0) out["overlapMilliseconds"] = job.overlap.ms;
  if (!row.why.empty()) out["message"] = row.why;
  return out;
}

Array Clusters(const scheduler::Rehearsal& rehearsal) {
  Array out;
  const Instant cut = rehearsal.cut_at();
  for (const scheduler::RehearsedCluster& cluster : rehearsal.clusters()) {
    Object entry{{"name", cluster.name}, {"jobs", cluster.jobs}};
    PutSince(entry, "suspectMilliseconds", cut, cluster.suspect);
    PutSince(entry, "lostMilliseconds", cut, cluster.lost);
    PutSince(entry, "fencedMilliseconds", cut, cluster.fenced);
    PutSince(entry, "rejoiningMilliseconds", cut, cluster.rejoining);
    PutSince(entry, "returnedMilliseconds", cut, cluster.returned);
    out.push_back(std::move(entry));
  }
  return out;
}

constexpr std::pair<DrillFate, std::string_view> kCounts[] = {
    {DrillFate::kMoved, "moved"},         {DrillFate::kPlaced, "placed"},
    {DrillFate::kUnplaced, "unplaced"},   {DrillFate::kWaits, "waiting"},
    {DrillFate::kResumed, "resumed"},     {DrillFate::kFinished, "finished"},
    {DrillFate::kUntouched, "untouched"}, {DrillFate::kDeleted, "deleted"}};

}  // namespace

Object ReportDocument(const scheduler::Rehearsal& rehearsal, const scheduler::DrillReport& report,
                      const ClusterNames& names, bool complete) {
  Object out{{"complete", complete},
             {"jobs", report.jobs},
             {"inScope", report.in_scope},
             {"outOfScope", report.spared},
             {"outOfScopeMoved", report.spared_moved},
             {"lostRuns", report.lost_runs},
             {"duplicatedRuns", report.duplicated},
             {"duplicatedUnderFenced", report.duplicated_under_fenced},
             {"lostWorkMilliseconds", report.lost_work.ms},
             {"lostWorkMaxMilliseconds", report.lost_work_max.ms}};
  if (report.not_followed > 0) out["notFollowed"] = report.not_followed;
  for (const auto& [fate, key] : kCounts) {
    const auto at = report.fates.find(fate);
    out[key] = at == report.fates.end() ? int64_t{0} : at->second;
  }
  if (report.detection.count > 0) out["detection"] = Spans(report.detection);
  if (report.fence.count > 0) out["fence"] = Spans(report.fence);
  if (report.placement.count > 0) out["placement"] = Spans(report.placement);
  if (report.rto.count > 0) out["recovery"] = Spans(report.rto);
  Array policies;
  for (const auto& [policy, spans] : report.rto_by_policy) {
    policies.push_back(Object{{"policy", PolicyName(policy)}, {"spans", Spans(spans)}});
  }
  if (!policies.empty()) out["recoveryByPolicy"] = std::move(policies);
  Array reasons;
  for (const auto& [message, count] : report.not_restarted) {
    reasons.push_back(Object{{"message", message}, {"count", count}});
    if (reasons.size() == kDrillRowsMax) break;
  }
  if (!reasons.empty()) out["notRestarted"] = std::move(reasons);
  out["clusters"] = Clusters(rehearsal);
  Array rows;
  for (const scheduler::DrillRow& row : report.rows) {
    if (rows.size() == kDrillRowsMax) break;
    rows.push_back(Row(row, names));
  }
  out["unlisted"] = static_cast<int64_t>(report.rows.size() - rows.size());
  out["workloads"] = std::move(rows);
  return out;
}

bool IsDrillOver(std::string_view phase) {
  return phase == "Completed" || phase == "Aborted" || phase == "Interrupted" || phase == "Failed";
}

void SetDrillState(Object& drill, const DrillState& state, Instant now) {
  Object& status = kube::EnsureObject(drill, {"status"});
  status["phase"] = state.phase;
  const auto put = [&](std::string_view key, const std::string& text) {
    if (text.empty()) {
      status.erase(key);
    } else {
      status[key] = text;
    }
  };
  put("reason", state.reason);
  put("message", state.message);
  if (kube::GetString(status, {"startTime"}).empty()) status["startTime"] = kube::FormatTime(now);
  if (state.cut) status["cutTime"] = kube::FormatMicroTime(state.cut);
  if (state.restored) status["restoredTime"] = kube::FormatMicroTime(state.restored);
  const bool over = IsDrillOver(state.phase);
  if (over && kube::GetString(status, {"completionTime"}).empty()) {
    status["completionTime"] = kube::FormatTime(now);
  }
}

DrillState EndOfDrill(const scheduler::DrillRecord& record) {
  DrillState out;
  out.reason = std::string(scheduler::DrillEndName(record.end));
  out.cut = record.cut_at;
  out.restored = record.restored_at;
  switch (record.end) {
    case DrillEnd::kNone:
    case DrillEnd::kCompleted:
      out.phase = "Completed";
      break;
    case DrillEnd::kAborted:
      out.phase = "Aborted";
      out.message = "an operator ended it";
      break;
    case DrillEnd::kUnhealthy:
      out.phase = "Aborted";
      out.message = record.cut_at ? "another cluster was not well"
                                  : "a cluster was not well: nothing was cut";
      break;
    case DrillEnd::kBacklog:
      out.phase = "Aborted";
      out.message = "more than " + std::to_string(record.wish.pending_max) + " workloads waited";
      break;
    case DrillEnd::kUnprotected:
      out.phase = "Aborted";
      out.message =
          "workloads outside the scope could not be freed of their leases in time: nothing was cut";
      break;
    case DrillEnd::kClusterRemoved:
      out.phase = "Aborted";
      out.message = "one of its clusters was removed";
      break;
    case DrillEnd::kInterrupted:
      out.phase = "Interrupted";
      out.message = record.cut_at ? "the gateway was restarted: the links were not cut again"
                                  : "the gateway was restarted before anything was cut";
      break;
  }
  if (record.overdue) {
    out.message += out.message.empty() ? "" : "; ";
    out.message += "not all clusters were back in time";
  }
  return out;
}

DrillState StateOfSimulation(const scheduler::SimulatedDrill& drill) {
  using scheduler::ForecastEnd;
  if (drill.forecast.why == ForecastEnd::kCancelled) {
    return {"Aborted", "AbortedByOperator", "an operator ended it", {}, {}};
  }
  if (drill.forecast.why == ForecastEnd::kGaveUp) {
    return {"Failed",
            "TooLarge",
            "gave up after " + std::to_string(drill.forecast.steps) + " steps",
            {},
            {}};
  }
  if (drill.rehearsal == nullptr) {
    const bool unprotected = drill.end == DrillEnd::kUnprotected;
    return {"Failed",
            unprotected ? "JobsNotProtected" : "NotPossible",
            unprotected ? "workloads outside the scope would not be free of their leases in time"
                        : "such a drill would not begin",
            {},
            {}};
  }
  return {"Completed", std::string(scheduler::DrillEndName(DrillEnd::kCompleted)), "", {}, {}};
}

}  // namespace fairway::gateway
