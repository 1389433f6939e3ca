#include "gateway/driver/workload_status.h"

#include "gateway/driver/conditions.h"
#include "gateway/driver/quantity_text.h"
#include "scheduler/quota/quota_names.h"

namespace fairway::gateway {

using kube::Array;
using kube::Object;
using kube::Value;
using scheduler::EndReason;
using scheduler::PreemptionCause;

namespace {

std::string_view CauseText(PreemptionCause cause) {
  switch (cause) {
    case PreemptionCause::kNone:
      break;
    case PreemptionCause::kInClusterQueue:
      return "prioritization in the ClusterQueue";
    case PreemptionCause::kInCohortReclamation:
      return "reclamation within the cohort";
    case PreemptionCause::kInCohortFairSharing:
      return "Fair Sharing within the cohort";
    case PreemptionCause::kInCohortReclaimWhileBorrowing:
      return "reclamation within the cohort while borrowing";
  }
  return "UNKNOWN";
}

std::string_view EvictionText(EndReason reason) {
  switch (reason) {
    case EndReason::kDeactivated:
      return "The workload is deactivated";
    case EndReason::kMaxExecutionTime:
      return "The workload is deactivated due to exceeding the maximum execution time";
    case EndReason::kClusterQueueStopped:
      return "The ClusterQueue is stopped";
    case EndReason::kLocalQueueStopped:
      return "The LocalQueue is stopped";
    case EndReason::kQuotaChanged:
      return "The workload asks for other resources than it was admitted with";
    default:
      return "";
  }
}

std::string PreemptionText(const WorkloadFacts& facts) {
  const auto known = [](const std::string& uid) { return uid.empty() ? "UNKNOWN" : uid; };
  return "Preempted to accommodate a workload (UID: " + known(facts.preemptor_uid) +
         ", JobUID: " + known(facts.preemptor_job_uid) + ") due to " +
         std::string(CauseText(facts.record.quota ? facts.record.quota->preempted
                                                  : PreemptionCause::kNone));
}

// "/org/team/cq", as Kueue's preemption messages show where a queue stands.
std::string PathOf(const scheduler::World& world, const std::string& cluster_queue) {
  const auto& book = world.quota();
  const auto* queue = book.cluster_queues.Find(book.cluster_queues.FindByName(cluster_queue));
  if (queue == nullptr) return "UNKNOWN";
  std::string path = "/" + queue->name;
  std::string cohort = queue->cohort;
  constexpr int kDepthMax = 64;  // a cycle of cohorts is possible
  for (int depth = 0; !cohort.empty() && depth < kDepthMax; ++depth) {
    path = "/" + cohort + path;
    const auto* parent = book.cohorts.Find(book.cohorts.FindByName(cohort));
    cohort = parent == nullptr ? "" : parent->parent;
  }
  return path;
}

std::string QueueOf(const scheduler::World& world, const scheduler::JobRecord* record) {
  const auto* spec = record == nullptr ? nullptr : world.FindSpec(record->spec);
  if (spec == nullptr) return {};
  const auto& queues = world.quota().local_queues;
  const auto* queue = queues.Find(queues.FindByName(spec->queueing.local_queue));
  return queue == nullptr ? std::string() : queue->cluster_queue;
}

std::string FullPreemptionText(const WorkloadFacts& facts) {
  const JobId preemptor = facts.record.quota ? facts.record.quota->preemptor : JobId{};
  return PreemptionText(facts) + "; preemptor path: " +
         PathOf(facts.world, QueueOf(facts.world, facts.world.FindJob(preemptor))) +
         "; preemptee path: " + PathOf(facts.world, QueueOf(facts.world, &facts.record));
}

Value AssignmentOf(const WorkloadFacts& facts, const scheduler::PodSet& set,
                   const scheduler::PodSetAdmission& admitted, const kube::StoragePtr& sp) {
  Object flavors(sp), usage(sp);
  const auto charged = scheduler::ChargedResources(set);
  for (size_t i = 0; i < charged.size() && i < admitted.flavors.size(); ++i) {
    const auto* flavor = facts.world.quota().flavors.Find(admitted.flavors[i]);
    if (flavor == nullptr) continue;
    flavors[charged[i].first] = flavor->name;
    usage[charged[i].first] = QuantityText(charged[i].first, charged[i].second * admitted.count);
  }
  Object out(sp);
  out.emplace("name", set.name);
  if (!flavors.empty()) out.emplace("flavors", std::move(flavors));
  if (!usage.empty()) out.emplace("resourceUsage", std::move(usage));
  out.emplace("count", admitted.count);
  return out;
}

void FillAdmission(const WorkloadFacts& facts, Object& workload) {
  const scheduler::JobQuota& quota = *facts.record.quota;
  const auto* queue = facts.world.quota().cluster_queues.Find(quota.cluster_queue);
  const auto* spec = facts.world.FindSpec(facts.record.spec);
  if (queue == nullptr || spec == nullptr) return;
  const kube::StoragePtr& sp = workload.storage();
  Array assignments(sp);
  const auto& sets = spec->queueing.pod_sets;
  for (size_t i = 0; i < sets.size() && i < quota.pod_sets.size(); ++i) {
    assignments.push_back(AssignmentOf(facts, sets[i], quota.pod_sets[i], sp));
  }
  Object admission(sp);
  admission.emplace("clusterQueue", queue->name);
  admission.emplace("podSetAssignments", std::move(assignments));
  kube::EnsureObject(workload, {"status"})["admission"] = std::move(admission);
}

// A condition that was True is taken back, and says what it said.
void Reset(std::string_view type, const WorkloadFacts& facts, Object& workload) {
  const Object* condition = FindCondition(workload, type);
  if (condition == nullptr || kube::GetString(*condition, {"status"}) != "True") return;
  std::string message = "Previously: " + std::string(kube::GetString(*condition, {"message"}));
  SetCondition({type, "False", "QuotaReserved", std::move(message)}, facts.now, workload);
}

void ShowAdmitted(const WorkloadFacts& facts, Object& workload) {
  const bool before = IsConditionTrue(workload, "QuotaReserved");
  if (!before) FillAdmission(facts, workload);
  const std::string queue(kube::GetString(workload, {"status", "admission", "clusterQueue"}));
  SetCondition(
      {"QuotaReserved", "True", "QuotaReserved", "Quota reserved in ClusterQueue " + queue},
      facts.now, workload);
  if (facts.record.state != scheduler::JobState::kRequeued) {
    Reset("Evicted", facts, workload);
    Reset("Preempted", facts, workload);
  }
  SetCondition({"Admitted", "True", "Admitted", "The workload is admitted"}, facts.now, workload);
  if (const auto* cluster = facts.world.FindCluster(facts.record.cluster)) {
    kube::EnsureObject(workload, {"status"})["clusterName"] = cluster->record.spec.name;
  }
}

void ShowEvicted(const WorkloadFacts& facts, EndReason ending, Object& workload) {
  if (IsConditionTrue(workload, "Evicted")) return;  // said once: the other job may be gone later
  std::string message(EvictionText(ending));
  if (ending == EndReason::kPreempted) {
    message = FullPreemptionText(facts);
    const auto cause = facts.record.quota ? facts.record.quota->preempted : PreemptionCause::kNone;
    SetCondition({"Preempted", "True", PreemptionReason(cause), message}, facts.now, workload);
  }
  SetCondition({"Evicted", "True", EvictionReason(ending), message}, facts.now, workload);
  kube::ErasePath(workload, {"status", "clusterName"});
}

// The reservation is gone; `ending` is kNone where there was no eviction.
void ShowReleased(const WorkloadFacts& facts, EndReason ending, Object& workload) {
  const Object* evicted = FindCondition(workload, "Evicted");
  const std::string message(evicted == nullptr ? "" : kube::GetString(*evicted, {"message"}));
  kube::ErasePath(workload, {"status", "admission"});
  kube::ErasePath(workload, {"status", "clusterName"});
  SetCondition({"QuotaReserved", "False", "Pending", message}, facts.now, workload);
  SetCondition({"Admitted", "False", "NoReservation", "The workload has no reservation"}, facts.now,
               workload);
  if (ending == EndReason::kNone) return;
  const bool again = ending == EndReason::kPreempted || ending == EndReason::kQuotaChanged;
  SetCondition({"Requeued", again ? "True" : "False", EvictionReason(ending), message}, facts.now,
               workload);
  if (!facts.record.quota) return;
  const int64_t past = facts.record.quota->past_execution_ms / 1000;
  if (past > 0) {
    kube::EnsureObject(workload, {"status"})["accumulatedPastExecutionTimeSeconds"] = past;
  }
}

EndReason LastEnding(const scheduler::JobRecord& record) {
  if (record.state == scheduler::JobState::kRequeued) return record.ending;
  return record.former.empty() ? EndReason::kNone : record.former.back().reason;
}

// Queues that were stopped and run again say so, once.
void ShowRestart(const WorkloadFacts& facts, Object& workload) {
  const Object* requeued = FindCondition(workload, "Requeued");
  if (requeued == nullptr || kube::GetString(*requeued, {"status"}) != "False") return;
  const std::string_view reason = kube::GetString(*requeued, {"reason"});
  const auto& book = facts.world.quota();
  const auto* spec = facts.world.FindSpec(facts.record.spec);
  if (spec == nullptr || facts.record.suspended) return;
  const auto* local =
      book.local_queues.Find(book.local_queues.FindByName(spec->queueing.local_queue));
  const auto* queue =
      local == nullptr
          ? nullptr
          : book.cluster_queues.Find(book.cluster_queues.FindByName(local->cluster_queue));
  if (reason == "ClusterQueueStopped" && queue != nullptr &&
      queue->stop_policy == scheduler::StopPolicy::kNone) {
    SetCondition({"Requeued", "True", "ClusterQueueRestarted",
                  "The ClusterQueue was restarted after being stopped"},
                 facts.now, workload);
  } else if (reason == "LocalQueueStopped" && local != nullptr &&
             local->stop_policy == scheduler::StopPolicy::kNone) {
    SetCondition({"Requeued", "True", "LocalQueueRestarted",
                  "The LocalQueue was restarted after being stopped"},
                 facts.now, workload);
  } else if (reason.starts_with("Deactivated")) {
    SetCondition(
        {"Requeued", "True", "Reactivated", "The workload was reactivated after deactivation"},
        facts.now, workload);
  }
}

void ShowWaiting(const WorkloadFacts& facts, Object& workload) {
  const EndReason ending = LastEnding(facts.record);
  const bool evicted = !EvictionReason(ending).empty();
  if (IsConditionTrue(workload, "QuotaReserved")) {
    if (evicted) ShowEvicted(facts, ending, workload);
    ShowReleased(facts, evicted ? ending : EndReason::kNone, workload);
    return;
  }
  ShowRestart(facts, workload);
  if (facts.decision == nullptr) return;
  const auto& quota = facts.decision->quota;
  const std::string_view reason = quota && !quota->reason.empty() ? std::string_view(quota->reason)
                                                                  : std::string_view("Pending");
  SetCondition({"QuotaReserved", "False", reason,
                quota && !quota->message.empty() ? quota->message : facts.decision->message},
               facts.now, workload);
}

void ShowFinished(const WorkloadFacts& facts, Object& workload) {
  if (IsConditionTrue(workload, "Finished")) return;
  const bool done = facts.record.state == scheduler::JobState::kDone;
  std::string message = done ? "Job finished successfully" : facts.failure;
  if (message.empty()) message = "Job failed";
  SetCondition({"Finished", "True", done ? "Succeeded" : "Failed", std::move(message)}, facts.now,
               workload);
}

}  // namespace

std::string_view EvictionReason(EndReason reason) {
  switch (reason) {
    case EndReason::kPreempted:
      return "Preempted";
    case EndReason::kDeactivated:
      return "Deactivated";
    case EndReason::kMaxExecutionTime:
      return "DeactivatedDueToMaximumExecutionTimeExceeded";
    case EndReason::kClusterQueueStopped:
      return "ClusterQueueStopped";
    case EndReason::kLocalQueueStopped:
      return "LocalQueueStopped";
    case EndReason::kQuotaChanged:
      return "QuotaChanged";
    default:
      return "";
  }
}

std::string_view PreemptionReason(PreemptionCause cause) {
  switch (cause) {
    case PreemptionCause::kNone:
      break;
    case PreemptionCause::kInClusterQueue:
      return "InClusterQueue";
    case PreemptionCause::kInCohortReclamation:
      return "InCohortReclamation";
    case PreemptionCause::kInCohortFairSharing:
      return "InCohortFairSharing";
    case PreemptionCause::kInCohortReclaimWhileBorrowing:
      return "InCohortReclaimWhileBorrowing";
  }
  return "Unknown";
}

void FillWorkloadStatus(const WorkloadFacts& facts, Object& workload) {
  const scheduler::JobRecord& record = facts.record;
  if (scheduler::IsFinished(record)) return ShowFinished(facts, workload);
  if (record.quota && record.quota->IsAdmitted()) {
    ShowAdmitted(facts, workload);
    if (record.state == scheduler::JobState::kRequeued && !EvictionReason(record.ending).empty()) {
      ShowEvicted(facts, record.ending, workload);
    }
    return;
  }
  ShowWaiting(facts, workload);
}

}  // namespace fairway::gateway
