#include "gateway/driver/placement_document.h"

#include "clusters/kube/time.h"
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
  }
  return "Unknown";
}

namespace {

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
  }
  return "Ended";
}

// A cluster that was removed is shown by its id: its name may belong to another one by now.
std::string ClusterName(const scheduler::World& world, ClusterId id) {
  const scheduler::ClusterState* cluster = world.FindCluster(id);
  return cluster != nullptr ? cluster->record.spec.name : "removed-" + std::to_string(id.value);
}

void WriteDecision(const scheduler::World& world, const scheduler::Decision& decision,
                   Object& status) {
  status["outcome"] = decision.outcome;
  status["message"] = decision.message;
  if (decision.cluster) status["score"] = decision.score;
  if (decision.runner_up) {
    status["runnerUp"] = Object{{"cluster", ClusterName(world, decision.runner_up)},
                                {"score", decision.runner_up_score}};
  }
  Array verdicts;
  for (const scheduler::VerdictGroup& group : decision.verdicts) {
    Array names;
    for (const std::string& name : group.clusters) names.emplace_back(name);
    Object verdict{{"reason", group.reason}, {"message", group.message}, {"count", group.count}};
    verdict["clusters"] = std::move(names);
    verdicts.push_back(std::move(verdict));
  }
  if (!verdicts.empty()) status["verdicts"] = std::move(verdicts);
}

void KeepExplanation(const Object* previous, Object& status) {
  const Object* old = previous == nullptr ? nullptr : kube::GetObject(*previous, {"status"});
  if (old == nullptr) return;
  for (std::string_view key : {"outcome", "message", "score", "runnerUp", "verdicts"}) {
    if (const Value* value = kube::Find(*old, key)) status[key] = *value;
  }
}

Array FormerEpochs(const scheduler::JobRecord& record, const scheduler::World& world) {
  Array list;
  for (const scheduler::FormerEpoch& former : record.former) {
    list.push_back(Object{{"epoch", static_cast<int64_t>(former.epoch.value)},
                          {"cluster", ClusterName(world, former.cluster)},
                          {"since", kube::FormatTime(former.since)},
                          {"until", kube::FormatTime(former.until)},
                          {"reason", EndReasonName(former.reason)}});
  }
  return list;
}

}  // namespace

Value PlacementDocument(const scheduler::JobRecord& record, const scheduler::World& world,
                        const scheduler::Decision* decision, std::string_view job_uid,
                        const Object* previous) {
  size_t slash = record.name.find('/');
  std::string ns = record.name.substr(0, slash);
  std::string name = record.name.substr(slash + 1);
  Object metadata{{"name", name}, {"namespace", ns}};
  metadata["ownerReferences"] = Array{Object{{"apiVersion", "batch/v1"},
                                             {"kind", "Job"},
                                             {"name", name},
                                             {"uid", job_uid},
                                             {"controller", true}}};
  Object status;
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
  // A finished record has shed its history; what the object already shows stays.
  Array former = FormerEpochs(record, world);
  const Value* old_former =
      previous == nullptr ? nullptr : kube::FindPath(*previous, {"status", "formerEpochs"});
  if (!former.empty()) {
    status["formerEpochs"] = std::move(former);
  } else if (old_former != nullptr) {
    status["formerEpochs"] = *old_former;
  }
  Object doc{{"apiVersion", names::kGroupVersion}, {"kind", "Placement"}};
  doc["metadata"] = std::move(metadata);
  doc["spec"] = Object{
      {"workloadRef",
       Object{{"apiVersion", "batch/v1"}, {"kind", "Job"}, {"name", name}, {"uid", job_uid}}}};
  doc["status"] = std::move(status);
  return doc;
}

}  // namespace fairway::gateway
