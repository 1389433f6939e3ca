#include "gateway/simulated/job_controller.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "clusters/kube/kinds/index_ranges.h"
#include "clusters/kube/time.h"
#include "clusters/log.h"

namespace fairway::gateway {

using kube::Array;
using kube::Object;
using kube::Value;

namespace {

constexpr std::string_view kComplete = "Complete";
constexpr std::string_view kFailed = "Failed";
constexpr std::string_view kSuspended = "Suspended";

bool HasCondition(const Object& job, std::string_view type) {
  const Array* conditions = kube::GetArray(job, {"status", "conditions"});
  if (conditions == nullptr) return false;
  return std::any_of(conditions->begin(), conditions->end(), [&](const Value& condition) {
    return kube::GetString(condition, {"type"}) == type &&
           kube::GetString(condition, {"status"}) == "True";
  });
}

int64_t NumberOr(const Object& job, kube::Path path, int64_t otherwise) {
  return kube::Get<int64_t>(job, path).value_or(otherwise);
}

// What a real Job controller says with each reason.
std::string_view MessageOf(std::string_view reason) {
  if (reason == "CompletionsReached") return "Reached expected number of succeeded pods";
  if (reason == "BackoffLimitExceeded") return "Job has reached the specified backoff limit";
  if (reason == "DeadlineExceeded") return "Job was active longer than specified deadline";
  return reason == "JobResumed" ? "Job resumed" : "Job suspended";
}

// Zero is left out, as by a real server.
void SetCount(Object& status, std::string_view name, int64_t count) {
  if (count == 0) {
    kube::Erase(status, name);
  } else {
    status[name] = count;
  }
}

void SetJobCondition(Array& conditions, std::string_view type, bool holds, std::string_view reason,
                     const std::string& time) {
  Object fresh{{"type", type},          {"status", holds ? "True" : "False"},
               {"lastProbeTime", time}, {"lastTransitionTime", time},
               {"reason", reason},      {"message", MessageOf(reason)}};
  for (Value& condition : conditions) {
    if (kube::GetString(condition, {"type"}) != type) continue;
    if (kube::GetString(condition, {"status"}) != fresh["status"].as_string()) {
      condition = std::move(fresh);
    }
    return;
  }
  conditions.push_back(std::move(fresh));
}

std::string TextOf(const std::set<int64_t>& indexes) {
  kube::IndexRanges ranges;
  for (int64_t index : indexes) ranges.emplace_back(index, index);
  return kube::FormatIndexes(kube::UnionOf(ranges, {}));
}

bool IsStuck(const Object& pod) {
  const Array* containers = kube::GetArray(pod, {"status", "containerStatuses"});
  return containers != nullptr && !containers->empty() &&
         kube::FindPath(containers->front(), {"state", "waiting"}) != nullptr;
}

bool IsIndexed(const Object& job) {
  return kube::GetString(job, {"spec", "completionMode"}) == "Indexed";
}

}  // namespace

SimulatedJobController::SimulatedJobController(Loop& loop, api::ObjectWriter& writer)
    : loop_(loop), writer_(writer) {}

void SimulatedJobController::Start() {
  writer_.Observe("jobs.batch", [this](const api::Written& change) { OnJob(change); });
  writer_.Observe("pods", [this](const api::Written& change) { OnPod(change); });
}

void SimulatedJobController::Freeze(bool frozen) {
  frozen_ = frozen;
  if (frozen_) return;
  std::set<std::string> due;
  due.swap(awake_);
  for (const std::string& uid : due) Wake(uid);
}

void SimulatedJobController::DenyPods(bool denied) {
  if (std::exchange(pods_denied_, denied) == denied || denied) return;
  std::vector<std::string> uids;
  for (const auto& [uid, state] : jobs_) uids.push_back(uid);
  for (const std::string& uid : uids) Wake(uid);
}

void SimulatedJobController::OnJob(const api::Written& change) {
  const Object& doc = change.after != nullptr ? *change.after : *change.before;
  std::string uid(kube::GetString(doc, {"metadata", "uid"}));
  if (change.after == nullptr) {
    jobs_.erase(uid);  // its pods go by their owner reference
    return;
  }
  jobs_[uid].key = change.key;
  Wake(uid);
}

void SimulatedJobController::OnPod(const api::Written& change) {
  const Object& pod = change.after != nullptr ? *change.after : *change.before;
  const Array* owners = kube::GetArray(pod, {"metadata", "ownerReferences"});
  if (owners == nullptr || owners->empty()) return;
  std::string uid(kube::GetString(owners->front(), {"uid"}));
  auto found = jobs_.find(uid);
  if (found == jobs_.end()) return;
  JobState& state = found->second;
  auto active = state.active.find(change.key.name);
  if (active == state.active.end()) return;
  std::string_view phase = kube::GetString(pod, {"status", "phase"});
  if (change.after != nullptr && phase != "Succeeded" && phase != "Failed") {
    if (IsStuck(pod)) {
      state.stuck.insert(change.key.name);
    } else {
      state.stuck.erase(change.key.name);
    }
    Wake(uid);
    return;
  }
  state.stuck.erase(change.key.name);
  if (change.after != nullptr && phase == "Succeeded") {
    ++state.succeeded;
    if (active->second >= 0) state.done_indexes.insert(active->second);
  } else if (change.after != nullptr) {
    ++state.failed;
  }
  state.active.erase(active);
  Wake(uid);
}

void SimulatedJobController::Wake(const std::string& uid) {
  if (!awake_.insert(uid).second || frozen_) return;
  loop_.Post([this, uid] {
    if (frozen_ || awake_.erase(uid) == 0) return;
    Sync(uid);
  });
}

void SimulatedJobController::Sync(const std::string& uid) {
  auto found = jobs_.find(uid);
  if (found == jobs_.end()) return;
  JobState& state = found->second;
  auto read = writer_.Read(state.key);
  if (!read || !read->has_value()) return;
  const Object& job = (*read)->get_object();
  if (HasCondition(job, kComplete) || HasCondition(job, kFailed)) {
    state.deadline = Call();
    return;
  }
  if (!kube::GetString(job, {"metadata", "deletionTimestamp"}).empty()) return;

  TakeIndexes(state, job);
  if (kube::Get<bool>(job, {"spec", "suspend"}).value_or(false)) {
    state.deadline = Call();
    DropPods(state);
    WriteStatus(state, kSuspended, "JobSuspended");
    return;
  }
  int64_t completions = NumberOr(job, {"spec", "completions"}, -1);
  int64_t parallelism = NumberOr(job, {"spec", "parallelism"}, 1);
  bool done = completions >= 0 ? state.succeeded >= completions
                               : state.succeeded > 0 && state.active.empty();
  if (done) {
    state.deadline = Call();
    return WriteStatus(state, kComplete, "CompletionsReached");
  }
  if (state.failed > NumberOr(job, {"spec", "backoffLimit"}, 6)) {
    DropPods(state);
    return WriteStatus(state, kFailed, "BackoffLimitExceeded");
  }
  int64_t left =
      completions >= 0 ? completions - state.succeeded : (state.succeeded > 0 ? 0 : parallelism);
  MakePods(state, job, std::min(parallelism, left) - static_cast<int64_t>(state.active.size()));
  // Making pods may have changed the map of jobs only through this Job's deletion.
  found = jobs_.find(uid);
  if (found == jobs_.end()) return;
  WriteStatus(found->second, "", "");
  ArmDeadline(uid, found->second, job);
}

// Indexes that somebody has written into the status are done, as for a real Job controller.
void SimulatedJobController::TakeIndexes(JobState& state, const Object& job) {
  if (!IsIndexed(job)) return;
  const int64_t completions = NumberOr(job, {"spec", "completions"}, 0);
  auto told = kube::ParseIndexes(kube::GetString(job, {"status", "completedIndexes"}));
  if (!told) return;
  for (const auto& [first, last] : *told) {
    for (int64_t index = first; index <= std::min(last, completions - 1); ++index) {
      if (state.done_indexes.insert(index).second) ++state.succeeded;
    }
  }
}

void SimulatedJobController::ArmDeadline(const std::string& uid, JobState& state,
                                         const Object& job) {
  int64_t seconds = NumberOr(job, {"spec", "activeDeadlineSeconds"}, -1);
  if (seconds < 0) {
    state.deadline = Call();
    return;
  }
  auto started = kube::ParseTime(kube::GetString(job, {"status", "startTime"}));
  Instant start = started.value_or(loop_.Now());
  int64_t wait = (start + Seconds(seconds) - loop_.Now()).ms;
  state.deadline = loop_.StartTimer(wait < 0 ? 0 : wait, [this, uid] {
    auto found = jobs_.find(uid);
    if (found == jobs_.end()) return;
    if (frozen_) {
      awake_.insert(uid);  // a late controller ends it as soon as it can
      return;
    }
    DropPods(found->second);
    WriteStatus(found->second, kFailed, "DeadlineExceeded");
  });
}

void SimulatedJobController::MakePods(JobState& state, const Object& job, int64_t wanted) {
  if (!IsIndexed(job)) {
    for (int64_t i = 0; i < wanted; ++i) {
      if (!MakePod(state, job, -1)) return;
    }
    return;
  }
  std::set<int64_t> taken = state.done_indexes;
  for (const auto& [name, index] : state.active) taken.insert(index);
  int64_t completions = NumberOr(job, {"spec", "completions"}, 0);
  for (int64_t index = 0; index < completions && wanted > 0; ++index) {
    if (taken.contains(index)) continue;
    if (!MakePod(state, job, index)) return;
    --wanted;
  }
}

bool SimulatedJobController::MakePod(JobState& state, const Object& job, int64_t index) {
  if (pods_denied_) return false;
  std::string base(kube::GetString(job, {"metadata", "name"}));
  std::string name = base + (index >= 0 ? "-" + std::to_string(index) : std::string()) + "-" +
                     std::to_string(state.pods_made++);
  Object pod;
  Object metadata{{"name", name}, {"namespace", state.key.ns}};
  for (std::string_view part : {"labels", "annotations"}) {
    if (const Object* from = kube::GetObject(job, {"spec", "template", "metadata", part})) {
      metadata[part] = *from;
    }
  }
  if (index >= 0) {
    kube::EnsureObject(metadata, {"annotations"})["batch.kubernetes.io/job-completion-index"] =
        std::to_string(index);
  }
  metadata["ownerReferences"] = Array{Object{{"apiVersion", "batch/v1"},
                                             {"kind", "Job"},
                                             {"name", base},
                                             {"uid", kube::GetString(job, {"metadata", "uid"})},
                                             {"controller", true},
                                             {"blockOwnerDeletion", true}}};
  pod["metadata"] = std::move(metadata);
  if (const Value* spec = kube::FindPath(job, {"spec", "template", "spec"})) pod["spec"] = *spec;
  state.active[name] = index;
  auto made = writer_.Create({"pods", state.key.ns, name}, std::move(pod));
  if (made) return true;
  state.active.erase(name);
  Log(LogLevel::kWarning, "simulated pod {} not made: {}", name, made.error().message);
  return false;
}

void SimulatedJobController::DropPods(JobState& state) {
  std::map<std::string, int64_t> pods;
  pods.swap(state.active);  // first: their deletion is not a failure
  state.stuck.clear();
  for (const auto& [name, index] : pods) {
    auto gone =
        writer_.Delete({"pods", state.key.ns, name},
                       {.propagation = api::Propagation::kBackground, .grace_period_seconds = 0});
    if (!gone && gone.error().code != 404) {
      Log(LogLevel::kWarning, "simulated pod {} not deleted: {}", name, gone.error().message);
    }
  }
}

void SimulatedJobController::WriteStatus(JobState& state, std::string_view outcome,
                                         std::string_view reason) {
  std::string time = kube::FormatTime(loop_.Now());
  bool ended = outcome == kComplete || outcome == kFailed;
  auto written = writer_.Mutate(state.key, "status", [&](Object& job) -> Status {
    Object& status = kube::EnsureObject(job, {"status"});
    Array conditions;
    if (const Array* old = kube::GetArray(status, {"conditions"})) conditions = *old;
    if (outcome == kSuspended) {
      SetJobCondition(conditions, kSuspended, true, reason, time);
      kube::Erase(status, "startTime");
    } else {
      if (HasCondition(job, kSuspended))
        SetJobCondition(conditions, kSuspended, false, "JobResumed", time);
      if (kube::Find(status, "startTime") == nullptr) status["startTime"] = time;
    }
    auto active = static_cast<int64_t>(state.active.size());
    SetCount(status, "active", active);
    status["ready"] = active - static_cast<int64_t>(state.stuck.size());
    status["terminating"] = 0;
    SetCount(status, "succeeded", state.succeeded);
    SetCount(status, "failed", state.failed);
    if (IsIndexed(job)) status["completedIndexes"] = TextOf(state.done_indexes);
    if (outcome == kComplete) {
      SetJobCondition(conditions, "SuccessCriteriaMet", true, reason, time);
      status["completionTime"] = time;
    }
    if (outcome == kFailed) SetJobCondition(conditions, "FailureTarget", true, reason, time);
    if (ended) SetJobCondition(conditions, outcome, true, reason, time);
    if (!conditions.empty()) status["conditions"] = std::move(conditions);
    return {};
  });
  if (!written && written.error().code != 404) {
    Log(LogLevel::kWarning, "simulated Job {} status: {}", state.key.name, written.error().message);
  }
}

}  // namespace fairway::gateway
