#include "gateway/driver/placement_document.h"

#include "clusters/kube/time.h"
#include "gateway/driver/job_name.h"
#include "gateway/driver/split_document.h"
#include "scheduler/names.h"

namespace fairway::gateway {

using kube::Array;
using kube::Object;
using kube::Value;

std::string_view StateName(scheduler::JobState state) {
  using scheduler::JobState;
  switch (state) {
    case JobState::kQueued:
      return "Queued";
    case JobState::kPlacing:
      return "Placing";
    case JobState::kDispatched:
      return "Dispatched";
    case JobState::kRunning:
      return "Running";
    case JobState::kUncertain:
      return "Uncertain";
    case JobState::kFenced:
      return "Fenced";
    case JobState::kRequeued:
      return "Requeued";
    case JobState::kCommitting:
      return "Committing";
    case JobState::kDone:
      return "Done";
    case JobState::kFailed:
      return "Failed";
    case JobState::kDeleting:
      return "Deleting";
    case JobState::kAdmitted:
      return "Admitted";
    case JobState::kSplit:
      return "Split";
  }
  return "Unknown";
}

namespace {

// A cluster that was removed is shown by its id: its name may belong to another one by now.
std::string ClusterName(const scheduler::World& world, ClusterId id) {
  const scheduler::ClusterState* cluster = world.FindCluster(id);
  return cluster != nullptr ? cluster->record.spec.name : "removed-" + std::to_string(id.value);
}

Object QuotaPart(const scheduler::QuotaDecision& quota, const kube::StoragePtr& sp) {
  Object out(sp);
  const auto add = [&out](std::string_view key, const std::string& text) {
    if (!text.empty()) out.emplace(key, text);
  };
  add("clusterQueue", quota.cluster_queue);
  add("reason", quota.reason);
  add("message", quota.message);
  add("nearestChange", quota.nearest_change);
  if (quota.place > 0) out.emplace("place", quota.place);
  if (quota.waiting > 0) out.emplace("waiting", quota.waiting);
  if (quota.start) {
    out.emplace("estimatedStart", kube::FormatTime(quota.start));
    out.emplace("estimatedStartErrorSeconds", quota.start_error.ms / 1000);
  }
  return out;
}

void WriteDecision(const scheduler::World& world, const scheduler::Decision& decision,
                   Object& status) {
  const kube::StoragePtr& sp = status.storage();
  status["outcome"] = decision.outcome;
  status["message"] = decision.message;
  if (!decision.nearest_change.empty()) status["nearestChange"] = decision.nearest_change;
  if (decision.cluster) status["score"] = decision.score;
  if (decision.runner_up) {
    status["runnerUp"] = Object(
        {{"cluster", ClusterName(world, decision.runner_up)}, {"score", decision.runner_up_score}},
        sp);
  }
  if (decision.quota) status["quota"] = QuotaPart(*decision.quota, sp);
  if (decision.verdicts.empty()) return;
  Array verdicts(sp);
  for (const scheduler::VerdictGroup& group : decision.verdicts) {
    Array names(sp);
    for (const std::string& name : group.clusters) names.emplace_back(name);
    Object verdict(sp);
    verdict.reserve(4);
    verdict.emplace("reason", group.reason);
    verdict.emplace("message", group.message);
    verdict.emplace("count", group.count);
    verdict.emplace("clusters", std::move(names));
    verdicts.push_back(std::move(verdict));
  }
  status["verdicts"] = std::move(verdicts);
}

void KeepExplanation(const Object* previous, Object& status) {
  const Object* old = previous == nullptr ? nullptr : kube::GetObject(*previous, {"status"});
  if (old == nullptr) return;
  for (std::string_view key :
       {"outcome", "message", "nearestChange", "quota", "score", "runnerUp", "verdicts"}) {
    if (const Value* value = kube::Find(*old, key)) status[key] = *value;
  }
}

// A finished record has shed its history; what the object already shows stays.
void WriteFormerEpochs(const scheduler::JobRecord& record, const scheduler::World& world,
                       const Object* previous, Object& status) {
  const kube::StoragePtr& sp = status.storage();
  if (record.former.empty()) {
    const Value* old =
        previous == nullptr ? nullptr : kube::FindPath(*previous, {"status", "formerEpochs"});
    if (old != nullptr) status["formerEpochs"] = *old;
    return;
  }
  status["formerEpochs"] = FormerEpochs(record, world, sp);
}

Object JobReference(std::string_view name, std::string_view uid, const kube::StoragePtr& sp) {
  return Object({{"apiVersion", "batch/v1"}, {"kind", "Job"}, {"name", name}, {"uid", uid}}, sp);
}

}  // namespace

Array FormerEpochs(const scheduler::JobRecord& record, const scheduler::World& world,
                   const kube::StoragePtr& sp) {
  Array list(sp);
  for (const scheduler::FormerEpoch& former : record.former) {
    list.push_back(Object({{"epoch", static_cast<int64_t>(former.epoch.value)},
                           {"cluster", ClusterName(world, former.cluster)},
                           {"since", kube::FormatTime(former.since)},
                           {"until", kube::FormatTime(former.until)},
                           {"reason", EndReasonName(former.reason)}},
                          sp));
  }
  return list;
}

std::string_view EndReasonName(scheduler::EndReason reason) {
  using scheduler::EndReason;
  switch (reason) {
    case EndReason::kNone:
      return "Ended";
    case EndReason::kRejected:
      return "RejectedByMember";
    case EndReason::kCopyLost:
      return "CopyLost";
    case EndReason::kClusterRemoved:
      return "ClusterRemoved";
    case EndReason::kSuspended:
      return "Suspended";
    case EndReason::kWithdrawn:
      return "Withdrawn";
    case EndReason::kPreempted:
      return "Preempted";
    case EndReason::kDeactivated:
      return "Deactivated";
    case EndReason::kClusterQueueStopped:
      return "ClusterQueueStopped";
    case EndReason::kLocalQueueStopped:
      return "LocalQueueStopped";
    case EndReason::kMaxExecutionTime:
      return "MaximumExecutionTimeExceeded";
    case EndReason::kQuotaChanged:
      return "QuotaChanged";
    case EndReason::kClusterLost:
      return "ClusterLost";
    case EndReason::kFenced:
      return "LeaseEnded";
    case EndReason::kApproved:
      return "GivenUpByOperator";
    case EndReason::kSuperseded:
      return "EarlierEpochSucceeded";
    case EndReason::kTainted:
      return "Tainted";
    case EndReason::kDrained:
      return "Drained";
    case EndReason::kFailback:
      return "Failback";
    case EndReason::kRebalanced:
      return "Rebalanced";
    case EndReason::kNodeFailure:
      return "NodeFailure";
    case EndReason::kImagePull:
      return "ImagePullFailed";
    case EndReason::kPodsRefused:
      return "PodsRefused";
  }
  return "Ended";
}

Value PlacementDocument(const scheduler::JobRecord& record, const scheduler::World& world,
                        const scheduler::Decision* decision, std::string_view job_uid,
                        const Object* previous, const kube::StoragePtr& sp) {
  auto [ns, name] = SplitJobName(record.name);
  Object owner = JobReference(name, job_uid, sp);
  owner.emplace("controller", true);
  Object metadata({{"name", name}, {"namespace", ns}}, sp);
  metadata.emplace("ownerReferences", Array({std::move(owner)}, sp));

  Object status(sp);
  status.reserve(12);
  if (record.cluster) status["cluster"] = ClusterName(world, record.cluster);
  status["epoch"] = static_cast<int64_t>(record.epoch.value);
  status["state"] = record.suspended && record.state == scheduler::JobState::kQueued
                        ? std::string_view("Suspended")
                        : StateName(record.state);
  if (record.since) status["since"] = kube::FormatTime(record.since);
  if (decision != nullptr) {
    WriteDecision(world, *decision, status);
  } else {
    KeepExplanation(previous, status);
  }
  WriteFormerEpochs(record, world, previous, status);
  if (record.split) {
    status["state"] = StateOfParts(record, world);
    status["shards"] = ShardsDocument(record, world, previous, nullptr, sp);
  }

  Object spec(sp);
  spec.emplace("workloadRef", JobReference(name, job_uid, sp));
  Object doc({{"apiVersion", names::kGroupVersion}, {"kind", "Placement"}}, sp);
  doc.emplace("metadata", std::move(metadata));
  doc.emplace("spec", std::move(spec));
  doc.emplace("status", std::move(status));
  return doc;
}

}  // namespace fairway::gateway
