#include "gateway/driver/split_document.h"

#include <algorithm>
#include <array>
#include <utility>

#include "clusters/kube/kinds/fields.h"
#include "clusters/kube/kinds/index_ranges.h"
#include "clusters/kube/time.h"
#include "gateway/driver/placement_document.h"
#include "scheduler/names.h"
#include "scheduler/split/family.h"

namespace fairway::gateway {

using kube::Array;
using kube::Object;
using kube::Value;
using scheduler::JobRecord;
using scheduler::JobState;

namespace {

constexpr std::array<std::string_view, 3> kLiveCounts = {"active", "ready", "terminating"};

const Object* FindShard(const Array* shards, uint64_t number) {
  for (size_t i = 0; shards != nullptr && i < shards->size(); ++i) {
    const Object* shard = (*shards)[i].if_object();
    if (shard != nullptr && kube::IntOrZero(*shard, "shard") == static_cast<int64_t>(number))
      return shard;
  }
  return nullptr;
}

Object* FindShard(Array& shards, uint64_t number) {
  return const_cast<Object*>(FindShard(&std::as_const(shards), number));
}

bool HasPods(const JobRecord& part) {
  return part.cluster && !scheduler::IsFinished(part) && part.state != JobState::kRequeued;
}

std::string_view StateOf(const JobRecord& part) {
  if (part.part->given_up) return "Withdrawn";
  return part.suspended && part.state == JobState::kQueued ? "Suspended" : StateName(part.state);
}

Object ShardDocument(const JobRecord& part, const scheduler::World& world, const Object* old,
                     const kube::StoragePtr& sp) {
  Object out(sp);
  out.emplace("shard", static_cast<int64_t>(ShardNumber(part.job)));
  kube::IndexRanges own;
  own.emplace_back(part.part->indexes.first, part.part->indexes.last);
  out.emplace("indexes", kube::FormatIndexes(own));
  const auto keep = [&](std::string_view key) {
    const Value* value = old == nullptr ? nullptr : kube::Find(*old, key);
    if (value != nullptr) out.insert_or_assign(key, *value);
  };
  keep("pods");
  if (const scheduler::JobSpec* spec = world.FindSpec(part.spec)) out["pods"] = spec->parallelism;
  if (scheduler::IsFinished(part)) keep("cluster");
  if (const scheduler::ClusterState* cluster = world.FindCluster(part.cluster)) {
    out["cluster"] = cluster->record.spec.name;
  }
  out["epoch"] = static_cast<int64_t>(part.epoch.value);
  out["state"] = StateOf(part);
  if (part.since) out["since"] = kube::FormatTime(part.since);
  if (HasPods(part)) {
    for (std::string_view count : kLiveCounts) keep(count);
  }
  if (part.state == JobState::kQueued) keep("message");
  for (std::string_view key : {"failed", "succeeded", "startTime"}) keep(key);
  Array former = FormerEpochs(part, world, sp);
  if (!former.empty()) out["formerEpochs"] = std::move(former);
  return out;
}

bool IsVerdict(const Value& condition) {
  static constexpr std::array<std::string_view, 4> kVerdicts = {"SuccessCriteriaMet", "Complete",
                                                                "FailureTarget", "Failed"};
  const std::string_view type = kube::GetString(condition, {"type"});
  return std::find(kVerdicts.begin(), kVerdicts.end(), type) != kVerdicts.end();
}

Object VerdictCondition(std::string_view type, const std::string& time, std::string_view reason,
                        std::string_view message, const kube::StoragePtr& sp) {
  return Object({{"type", type},
                 {"status", "True"},
                 {"lastProbeTime", time},
                 {"lastTransitionTime", time},
                 {"reason", reason},
                 {"message", message}},
                sp);
}

void AddVerdict(const JobRecord& whole, const Object& report, Object& status) {
  const kube::StoragePtr& sp = status.storage();
  Array& conditions = status["conditions"].get_array();
  const std::string time = kube::FormatTime(whole.finished);
  if (whole.state == JobState::kFailed) {
    const Array* theirs = kube::GetArray(report, {"conditions"});
    bool told = false;
    for (size_t i = 0; theirs != nullptr && i < theirs->size(); ++i) {
      const std::string_view type = kube::GetString((*theirs)[i], {"type"});
      if (type != "FailureTarget" && type != "Failed") continue;
      told = told || type == "Failed";
      conditions.push_back((*theirs)[i]);
    }
    if (told) return;
    conditions.erase(std::remove_if(conditions.begin(), conditions.end(), IsVerdict),
                     conditions.end());
    for (std::string_view type : {"FailureTarget", "Failed"}) {
      conditions.push_back(VerdictCondition(type, time, "BackoffLimitExceeded",
                                            "Job has reached the specified backoff limit", sp));
    }
    return;
  }
  for (std::string_view type : {"SuccessCriteriaMet", "Complete"}) {
    conditions.push_back(VerdictCondition(type, time, "CompletionsReached",
                                          "Reached expected number of succeeded pods", sp));
  }
  status["completionTime"] = time;
}

// Members' times have whole seconds.
void KeepOrder(Object& status) {
  const std::string_view ended = kube::GetString(status, {"completionTime"});
  const std::string_view began = kube::GetString(status, {"startTime"});
  const auto end = kube::ParseTime(ended);
  const auto start = kube::ParseTime(began);
  if (end && start && *end < *start) status["completionTime"] = std::string(began);
}

}  // namespace

Array ShardsDocument(const JobRecord& whole, const scheduler::World& world, const Object* previous,
                     const scheduler::Decision* waits, const kube::StoragePtr& storage) {
  const Array* old =
      previous == nullptr ? nullptr : kube::GetArray(*previous, {"status", "shards"});
  Array shards(storage);
  for (const JobRecord* part : scheduler::PartsOf(world, whole.job)) {
    shards.emplace_back(
        ShardDocument(*part, world, FindShard(old, ShardNumber(part->job)), storage));
    if (waits != nullptr && waits->job == part->job && part->state == JobState::kQueued) {
      shards.back().get_object()["message"] = waits->message;
    }
  }
  return shards;
}

std::string_view StateOfParts(const JobRecord& whole, const scheduler::World& world) {
  if (whole.state != JobState::kSplit) return StateName(whole.state);
  static constexpr std::array<JobState, 6> kTelling = {JobState::kUncertain, JobState::kFenced,
                                                       JobState::kRunning,   JobState::kDispatched,
                                                       JobState::kPlacing,   JobState::kRequeued};
  const auto parts = scheduler::PartsOf(world, whole.job);
  for (const JobState state : kTelling) {
    if (std::any_of(parts.begin(), parts.end(),
                    [&](const JobRecord* part) { return part->state == state; })) {
      return StateName(state);
    }
  }
  return whole.suspended ? "Suspended" : StateName(JobState::kQueued);
}

Status NoteShardStatus(const JobRecord& part, std::string_view member_status, Array& shards) {
  auto parsed = kube::ParseJson(member_status, shards.storage());
  if (!parsed) return Fail(parsed.error());
  Object* shard = FindShard(shards, ShardNumber(part.job));
  if (shard == nullptr || !parsed->is_object()) return {};
  const Object& report = parsed->get_object();
  for (std::string_view count : kLiveCounts) {
    const int64_t now = HasPods(part) ? kube::IntOrZero(report, count) : 0;
    if (now > 0) {
      (*shard)[count] = now;
    } else {
      kube::Erase(*shard, count);
    }
  }
  const int64_t failed =
      std::max(kube::IntOrZero(*shard, "failed"), kube::IntOrZero(report, "failed"));
  if (failed > 0) (*shard)["failed"] = failed;
  const auto done = kube::ParseIndexes(kube::GetString(report, {"completedIndexes"}));
  const int64_t succeeded = kube::CountIndexes(kube::Within(
      done.value_or(kube::IndexRanges{}), part.part->indexes.first, part.part->indexes.last));
  if (succeeded > kube::IntOrZero(*shard, "succeeded")) (*shard)["succeeded"] = succeeded;
  const Value* start = kube::Find(report, "startTime");
  if (start != nullptr && kube::Find(*shard, "startTime") == nullptr)
    (*shard)["startTime"] = *start;
  return {};
}

Status MergeSplitStatus(const JobRecord& whole, const JobRecord& part,
                        std::string_view member_status, const Array& shards, Object& job) {
  auto parsed = kube::ParseJson(member_status, job.storage());
  if (!parsed) return Fail(parsed.error());
  if (!parsed->is_object()) {
    return Fail(Error{.code = 500, .message = "the member's Job status is not an object"});
  }
  const Object& report = parsed->get_object();
  static const Object kNone;
  const Object* known = kube::GetObject(job, {"status"});
  const Object& old = known == nullptr ? kNone : *known;
  Object status(job.storage());
  const bool final = static_cast<bool>(whole.finished);

  const auto before = kube::ParseIndexes(kube::GetString(old, {"completedIndexes"}));
  const auto now = kube::ParseIndexes(kube::GetString(report, {"completedIndexes"}));
  const kube::IndexRanges completed =
      kube::UnionOf(before.value_or(kube::IndexRanges{}),
                    kube::Within(now.value_or(kube::IndexRanges{}), part.part->indexes.first,
                                 part.part->indexes.last));
  if (!completed.empty()) {
    status["completedIndexes"] = kube::FormatIndexes(completed);
    status["succeeded"] = kube::CountIndexes(completed);
  }
  int64_t failed = 0;
  std::string start(kube::GetString(old, {"startTime"}));
  for (const Value& each : shards) {
    const Object& shard = each.get_object();
    failed += kube::IntOrZero(shard, "failed");
    const std::string_view began = kube::GetString(shard, {"startTime"});
    if (start.empty() || (!began.empty() && began < start)) start = began;
    for (std::string_view count : kLiveCounts) {
      if (!final && kube::IntOrZero(shard, count) > 0) {
        status[count] = kube::IntOrZero(status, count) + kube::IntOrZero(shard, count);
      }
    }
  }
  failed = std::max(failed, kube::IntOrZero(old, "failed"));
  if (failed > 0) status["failed"] = failed;
  const bool suspended = kube::Get<bool>(job, {"spec", "suspend"}).value_or(false);
  if (!start.empty() && (!suspended || final)) status["startTime"] = start;

  Array conditions(job.storage());
  if (const Array* theirs = kube::GetArray(report, {"conditions"})) {
    for (const Value& condition : *theirs) {
      if (!IsVerdict(condition)) conditions.push_back(condition);
    }
  }
  if (const Array* ours = kube::GetArray(old, {"conditions"})) {
    for (const Value& condition : *ours) {
      if (kube::GetString(condition, {"type"}) == names::kConditionStale) {
        conditions.push_back(condition);
      }
    }
  }
  status["conditions"] = std::move(conditions);
  if (final) {
    AddVerdict(whole, report, status);
    KeepOrder(status);
  }
  if (status["conditions"].get_array().empty()) kube::Erase(status, "conditions");
  job.insert_or_assign("status", std::move(status));
  return {};
}

JobRecord AsOneEntry(const JobRecord& whole, const scheduler::World& world) {
  JobRecord entry = whole;
  if (whole.state != JobState::kSplit || !whole.quota) return entry;
  entry.state = JobState::kRunning;
  for (const JobRecord* part : scheduler::PartsOf(world, whole.job)) {
    if (scheduler::IsFinished(*part) || !part->quota || !part->quota->IsAdmitted()) continue;
    if (!entry.quota->IsAdmitted()) {
      *entry.quota = *part->quota;
      entry.quota->next_spec = {};
      entry.cluster = part->cluster;
      continue;
    }
    for (size_t i = 0; i < entry.quota->pod_sets.size() && i < part->quota->pod_sets.size(); ++i) {
      entry.quota->pod_sets[i].count += part->quota->pod_sets[i].count;
    }
    entry.quota->admitted_at = std::min(entry.quota->admitted_at, part->quota->admitted_at);
  }
  // None of its parts has quota now: they wait.
  if (!entry.quota->IsAdmitted()) entry.state = JobState::kQueued;
  return entry;
}

bool ShareParallelism(const JobRecord& record, const scheduler::World& world, Object& job) {
  const scheduler::JobSpec* spec = world.FindSpec(record.spec);
  if (!record.part || spec == nullptr) return false;
  kube::EnsureObject(job, {"spec"})["parallelism"] = spec->parallelism;
  return true;
}

}  // namespace fairway::gateway
