#include "gateway/driver/workloads.h"

#include <utility>

#include "clusters/kube/kinds/fields.h"
#include "clusters/kube/kinds/kueue_names.h"
#include "clusters/log.h"
#include "gateway/driver/conditions.h"
#include "gateway/driver/entry_name.h"
#include "gateway/driver/same_at.h"
#include "gateway/driver/workload_document.h"
#include "gateway/driver/workload_status.h"

namespace fairway::gateway {

using kube::Object;
using kube::Value;

namespace {

// Why an entry waits is worked out and written this much later, and so many of them at a time,
// fewer while the loop has much to do: most entries wait for a moment only, and each write is an
// event to every watcher.
constexpr int64_t kWaitingDelayMs = 500;
constexpr int64_t kWaitingSliceMs = 100;
constexpr size_t kWaitingPerSlice = 64;
constexpr size_t kWaitingPerSliceBusy = 8;
constexpr size_t kWaitingMax = 100'000;
// Events about Workloads without a Job, per second; what is beyond shows in their conditions alone.
constexpr int kEventsPerSecond = 32;

// Marks the writes of this process while they are observed.
class Own {
 public:
  explicit Own(bool& flag) : flag_(flag), before_(std::exchange(flag, true)) {}
  ~Own() { flag_ = before_; }
  Own(const Own&) = delete;
  Own& operator=(const Own&) = delete;

 private:
  bool& flag_;
  bool before_;
};

// The Job that a stored Workload was made for; "" for a client's own.
std::string OwnerJob(const Object& workload) {
  if (kube::GetString(workload, {"metadata", "labels", names::kLabelJobUid}).empty()) return {};
  std::string job;
  kube::ForEachObject(kube::ObjectOrEmpty(workload, "metadata"), "ownerReferences",
                      [&](const Object& owner, size_t) {
                        if (kube::GetString(owner, {"kind"}) == "Job" &&
                            kube::GetString(owner, {"apiVersion"}) == "batch/v1" &&
                            kube::Get<bool>(owner, {"controller"}).value_or(false)) {
                          job = kube::GetString(owner, {"name"});
                        }
                      });
  if (job.empty()) return {};
  return std::string(kube::GetString(workload, {"metadata", "namespace"})) + "/" + job;
}

std::string FullName(const store::ObjectKey& key) { return key.ns + "/" + key.name; }

bool IsActive(const Object& workload) {
  return kube::Get<bool>(workload, {"spec", "active"}).value_or(true);
}

void ReadEntry(const Object& workload, Workloads::Entry& entry) {
  entry.active = IsActive(workload);
  entry.priority =
      static_cast<int32_t>(kube::Get<int64_t>(workload, {"spec", "priority"}).value_or(0));
  entry.priority_class = kube::GetString(workload, {"spec", "priorityClassRef", "name"});
}

}  // namespace

Workloads::Workloads(Loop& loop, api::ObjectWriter& writer, CorePump& pump, Hooks hooks)
    : loop_(loop), writer_(writer), pump_(pump), hooks_(std::move(hooks)), load_(loop) {}

Status Workloads::Start() {
  Status read = writer_.store().ScanLatest(
      {std::string(kWorkloads), "", std::nullopt}, [&](const store::Object& object) {
        auto doc = kube::ParseJson(*object.body);
        if (!doc || !doc->is_object()) return true;
        const std::string job = OwnerJob(doc->get_object());
        if (IsConditionTrue(doc->get_object(), "QuotaReserved")) {
          reserved_.insert(job.empty() ? WorkloadEntryName(object.key) : job);
        }
        if (job.empty()) return true;
        Entry& entry = entries_[job];
        entry.workload = object.key.name;
        ReadEntry(doc->get_object(), entry);
        job_of_[FullName(object.key)] = job;
        return true;
      });
  if (!read) return read;
  writer_.Observe(std::string(kWorkloads), [this](const api::Written& c) { OnWorkload(c); });
  const kube::KindInfo& kind = *writer_.registry().FindStorage(kWorkloads)->info;
  writer_.SetAdmission(std::string(kWorkloads),
                       {.admit = [this, &kind](const Object* before, Object& doc,
                                               std::string_view subresource) -> Status {
                          if (own_write_) return {};
                          const store::ObjectKey key{
                              std::string(kWorkloads),
                              std::string(kube::GetString(doc, {"metadata", "namespace"})),
                              std::string(kube::GetString(doc, {"metadata", "name"}))};
                          return AdmitWorkload(kind, before, doc, subresource, !JobOf(key).empty());
                        },
                        .check = {},
                        .admit_delete = {}});
  return {};
}

const Workloads::Entry* Workloads::Find(const std::string& job) const {
  auto found = entries_.find(job);
  return found == entries_.end() ? nullptr : &found->second;
}

std::string Workloads::JobOf(const store::ObjectKey& workload) const {
  auto found = job_of_.find(FullName(workload));
  return found == job_of_.end() ? std::string() : found->second;
}

// --- what clients write -------------------------------------------------------------------------

void Workloads::OnWorkload(const api::Written& change) {
  if (own_write_) return;
  const std::string job = JobOf(change.key);
  if (job.empty()) {
    OnClientsWorkload(change);
  } else {
    OnJobsWorkload(job, change);
  }
}

void Workloads::OnClientsWorkload(const api::Written& change) {
  const JobId id{change.created.value};
  if (change.after == nullptr) {
    reserved_.erase(WorkloadEntryName(change.key));
    waiting_.erase(id);
    pump_.Post(scheduler::JobDeleted{id, /*orphan=*/true});
    return;
  }
  const Object& doc = *change.after;
  if (change.before == nullptr || !SameAt(*change.before, doc, {"metadata", "generation"})) {
    auto spec = kube::WorkloadSpecFrom(doc);
    if (!spec)
      return Log(LogLevel::kError, "Workload {}: {}", change.key.name, spec.error().message);
    const std::string name = WorkloadEntryName(change.key);
    if (change.before == nullptr) {
      pump_.Post(scheduler::JobSubmitted{id, &*spec, &name, !IsActive(doc), -1});
    } else {
      pump_.Post(scheduler::JobChanged{id, &*spec, !IsActive(doc), -1});
    }
    if (change.before == nullptr) return;
  }
  const Object& before = *change.before;
  if (IsConditionTrue(doc, "Finished") && !IsConditionTrue(before, "Finished")) {
    const bool failed = kube::GetString(*FindCondition(doc, "Finished"), {"reason"}) == "Failed";
    pump_.Post(scheduler::WorkloadFinished{id, !failed, writer_.Now()});
  } else if (IsConditionTrue(before, "QuotaReserved") && !IsConditionTrue(doc, "QuotaReserved")) {
    // Its owner has stopped what ran after an eviction: now the quota is free.
    if (const auto* record = pump_.world().FindJob(id)) {
      pump_.Post(scheduler::CopyGone{id, ClusterId{}, record->epoch, /*confirmed=*/true});
    }
  }
}

void Workloads::OnJobsWorkload(const std::string& job, const api::Written& change) {
  if (change.after == nullptr) {
    job_of_.erase(FullName(change.key));
    entries_.erase(job);
    reserved_.erase(job);
    loop_.Post([this, job] { Remake(job); });
    return;
  }
  if (change.before == nullptr || SameAt(*change.before, *change.after, {"spec"})) return;
  ReadEntry(*change.after, entries_[job]);
  hooks_.reconsider(JobKey(job));
}

// Somebody deleted the Workload of a Job that lives on.
void Workloads::Remake(const std::string& job) {
  auto stored = writer_.store().Latest(JobKey(job));
  if (!stored || !stored->has_value() || entries_.contains(job)) return;
  const auto* record = pump_.world().FindJob(JobId{(*stored)->created.value});
  if (record == nullptr || scheduler::IsFinished(*record) || record->delete_requested) return;
  PublishJob(*record, nullptr, nullptr);
}

// --- what the core says -------------------------------------------------------------------------

void Workloads::Publish(const scheduler::JobRecord& record, const scheduler::Decision* decision,
                        const Object* job) {
  if (IsWorkloadName(record.name)) {
    if (!scheduler::IsFinished(record)) PublishEntry(record, decision, EntryKey(record.name));
  } else {
    PublishJob(record, decision, job);
  }
}

void Workloads::PublishJob(const scheduler::JobRecord& record, const scheduler::Decision* decision,
                           const Object* job) {
  const scheduler::JobSpec* spec = pump_.world().FindSpec(record.spec);
  if (spec != nullptr && spec->queueing.local_queue.empty()) return;
  if (spec == nullptr && !entries_.contains(record.name)) return;  // finished, never queued
  const Entry* entry = Ensure(record, job);
  if (entry == nullptr) return;
  auto [ns, name] = SplitJobName(record.name);
  PublishEntry(record, decision, {std::string(kWorkloads), std::string(ns), entry->workload});
}

Workloads::Entry* Workloads::Ensure(const scheduler::JobRecord& record, const Object* job) {
  auto found = entries_.find(record.name);
  const bool finished = scheduler::IsFinished(record);
  const bool reserved = reserved_.contains(record.name);
  if (found != entries_.end() && (finished || reserved || found->second.spec == record.spec)) {
    return &found->second;
  }
  const scheduler::JobSpec* spec = pump_.world().FindSpec(record.spec);
  if (finished || spec == nullptr || spec->queueing.pod_sets.empty()) return nullptr;
  kube::MonotonicResource arena;
  std::optional<Value> stored;
  if (job == nullptr) {
    auto read = writer_.Read(JobKey(record.name), &arena);
    if (!read || !read->has_value()) return nullptr;
    stored = std::move(**read);
    job = &stored->get_object();
  }
  const scheduler::PodSet& pods = spec->queueing.pod_sets.front();
  WorkloadWish wish;
  wish.queue = SplitJobName(spec->queueing.local_queue).second;
  wish.priority_class = kube::GetString(*job, {"metadata", "labels", names::kLabelPriorityClass});
  wish.priority = spec->priority;
  wish.max_execution_seconds = spec->queueing.max_execution_seconds;
  wish.count = pods.count;
  wish.min_count = pods.min_count;

  Own own(own_write_);
  Entry fresh = found == entries_.end() ? Entry{} : found->second;
  fresh.spec = record.spec;
  fresh.priority = wish.priority;
  fresh.priority_class = wish.priority_class;
  auto [ns, name] = SplitJobName(record.name);
  store::ObjectKey key{std::string(kWorkloads), std::string(ns), fresh.workload};
  Result<api::WriteOutcome> written = Fail(Error{.code = 404});
  if (found != entries_.end()) {
    written = writer_.Mutate(key, "", [&](Object& doc) -> Status {
      FollowJob(*job, wish, doc);
      return {};
    });
  } else {
    fresh.workload = WorkloadNameOf(name, kube::GetString(*job, {"metadata", "uid"}));
    key.name = fresh.workload;
    api::WriteOptions options;
    options.storage = &arena;
    written = writer_.Create(key, WorkloadDocument(*job, wish, &arena), options);
  }
  if (!written) {
    Log(LogLevel::kError, "Workload of job {}: {}", record.name, written.error().message);
    return nullptr;
  }
  if (found == entries_.end()) {
    job_of_[FullName(key)] = record.name;
    hooks_.event(JobKey(record.name), "Normal", "CreatedWorkload",
                 "Created Workload: " + FullName(key));
  }
  return &(entries_[record.name] = std::move(fresh));
}

void Workloads::PublishEntry(const scheduler::JobRecord& record,
                             const scheduler::Decision* decision, const store::ObjectKey& key) {
  const bool admitted = record.quota && record.quota->IsAdmitted();
  if (admitted || scheduler::IsFinished(record) || reserved_.contains(record.name)) {
    waiting_.erase(record.job);
    return Write(record, decision, key);
  }
  // A Workload of a client is explained when its turn to be written comes.
  const bool waits = record.state == scheduler::JobState::kQueued && !record.suspended;
  if (decision != nullptr || (waits && IsWorkloadName(record.name))) Later(record.job);
}

void Workloads::Write(const scheduler::JobRecord& record, const scheduler::Decision* decision,
                      const store::ObjectKey& key) {
  Own own(own_write_);
  WorkloadFacts facts{.record = record,
                      .world = pump_.world(),
                      .decision = decision,
                      .now = writer_.Now(),
                      .preemptor_uid = {},
                      .preemptor_job_uid = {},
                      .failure = FailureOf(record)};
  if (record.quota && record.quota->preemptor) {
    std::tie(facts.preemptor_uid, facts.preemptor_job_uid) = UidsOf(record.quota->preemptor);
  }
  bool admitted = false, evicted = false, reserved = false;
  std::string message, reason;
  auto written = writer_.Mutate(key, "status", [&](Object& doc) -> Status {
    const bool was_admitted = IsConditionTrue(doc, "Admitted");
    const bool was_evicted = IsConditionTrue(doc, "Evicted");
    FillWorkloadStatus(facts, doc);
    reserved = IsConditionTrue(doc, "QuotaReserved");
    admitted = !was_admitted && IsConditionTrue(doc, "Admitted");
    evicted = !was_evicted && IsConditionTrue(doc, "Evicted");
    if (admitted) message = kube::GetString(doc, {"status", "admission", "clusterQueue"});
    if (evicted) {
      message = kube::GetString(*FindCondition(doc, "Evicted"), {"message"});
      reason = kube::GetString(*FindCondition(doc, "Evicted"), {"reason"});
    }
    return {};
  });
  if (!written) {
    if (written.error().code != 404) {
      Log(LogLevel::kError, "Workload {}: {}", FullName(key), written.error().message);
    }
    return;
  }
  if (reserved) {
    reserved_.insert(record.name);
  } else {
    reserved_.erase(record.name);
  }
  const bool of_job = !IsWorkloadName(record.name);
  if (admitted) {
    Tell(record, key, of_job ? "Started" : "Admitted", "Admitted by ClusterQueue " + message);
  } else if (evicted) {
    Tell(record, key, of_job ? "Stopped" : "EvictedDueTo" + reason, message);
  }
  WriteActive(record, key);
}

void Workloads::WriteActive(const scheduler::JobRecord& record, const store::ObjectKey& key) {
  const bool by_core = record.ending == scheduler::EndReason::kMaxExecutionTime ||
                       (!record.former.empty() &&
                        record.former.back().reason == scheduler::EndReason::kMaxExecutionTime);
  if (!record.suspended || !by_core) return;
  auto written = writer_.Mutate(key, "", [](Object& doc) -> Status {
    kube::EnsureObject(doc, {"spec"})["active"] = false;
    return {};
  });
  if (written) {
    if (auto entry = entries_.find(record.name); entry != entries_.end()) {
      entry->second.active = false;
    }
  }
}

void Workloads::Tell(const scheduler::JobRecord& record, const store::ObjectKey& key,
                     std::string_view reason, const std::string& message) {
  if (!IsWorkloadName(record.name)) {
    return hooks_.event(JobKey(record.name), "Normal", reason, message);
  }
  const int64_t second = writer_.Now().ms / 1000;
  if (second != told_second_) {
    told_second_ = second;
    told_ = 0;
  }
  if (++told_ <= kEventsPerSecond) hooks_.event(key, "Normal", reason, message);
}

std::string Workloads::FailureOf(const scheduler::JobRecord& record) {
  if (record.state != scheduler::JobState::kFailed || IsWorkloadName(record.name)) return {};
  auto job = writer_.Read(JobKey(record.name));
  if (!job || !job->has_value()) return {};
  const Object* failed = FindCondition((*job)->get_object(), "Failed");
  return failed == nullptr ? std::string() : std::string(kube::GetString(*failed, {"message"}));
}

std::pair<std::string, std::string> Workloads::UidsOf(JobId entry) {
  const auto* record = pump_.world().FindJob(entry);
  if (record == nullptr) return {};
  store::ObjectKey key = EntryKey(record->name);
  if (const Entry* known = Find(record->name)) {
    key = {std::string(kWorkloads), key.ns, known->workload};
  }
  auto doc = writer_.Read(key);
  if (!doc || !doc->has_value()) return {};
  const Object& workload = (*doc)->get_object();
  return {std::string(kube::GetString(workload, {"metadata", "uid"})),
          std::string(kube::GetString(workload, {"metadata", "labels", names::kLabelJobUid}))};
}

// --- why entries wait ---------------------------------------------------------------------------

void Workloads::Later(JobId entry) {
  if (waiting_.size() >= kWaitingMax) return;
  waiting_.insert(entry);
  if (!waiting_timer_) waiting_timer_ = loop_.StartTimer(kWaitingDelayMs, [this] { WriteLater(); });
}

void Workloads::WriteLater() {
  waiting_timer_ = Call();
  const size_t most = load_.IsBusy() ? kWaitingPerSliceBusy : kWaitingPerSlice;
  for (size_t i = 0; i < most && !waiting_.empty(); ++i) {
    const JobId first = waiting_.extract(waiting_.begin()).value();
    const auto* record = pump_.world().FindJob(first);
    if (record == nullptr || record->state != scheduler::JobState::kQueued) continue;
    store::ObjectKey key = EntryKey(record->name);
    if (const Entry* entry = Find(record->name)) {
      key = {std::string(kWorkloads), key.ns, entry->workload};
    }
    const scheduler::Decision decision = pump_.Explain(*record);
    Write(*record, &decision, key);
  }
  if (!waiting_.empty()) {
    waiting_timer_ = loop_.StartTimer(kWaitingSliceMs, [this] { WriteLater(); });
  }
}

void Workloads::RemoveOf(const api::Written& job) {
  auto found = entries_.find(job.key.ns + "/" + job.key.name);
  if (found == entries_.end()) return;
  const store::ObjectKey key{std::string(kWorkloads), job.key.ns, found->second.workload};
  // A Job of the same name may have come meanwhile, with a Workload of its own.
  if (found->second.workload !=
      WorkloadNameOf(job.key.name, kube::GetString(*job.before, {"metadata", "uid"}))) {
    return;
  }
  Own own(own_write_);
  reserved_.erase(found->first);
  job_of_.erase(FullName(key));
  entries_.erase(found);
  auto gone = writer_.Delete(
      key, {.propagation = api::Propagation::kBackground, .grace_period_seconds = std::nullopt});
  if (!gone && gone.error().code != 404) {
    Log(LogLevel::kError, "Workload {}: not removed: {}", FullName(key), gone.error().message);
  }
}

}  // namespace fairway::gateway
