#include "gateway/driver/driver.h"

#include <algorithm>
#include <utility>

#include "clusters/kube/time.h"
#include "clusters/log.h"
#include "clusters/member/pod_faults.h"
#include "gateway/driver/cluster_status.h"
#include "gateway/driver/entry_name.h"
#include "gateway/driver/job_status.h"
#include "gateway/driver/log_unwritten.h"
#include "gateway/driver/placement_document.h"
#include "gateway/driver/split_document.h"
#include "scheduler/names.h"
#include "scheduler/names_restore.h"
#include "scheduler/split/family.h"

namespace fairway::gateway {

using kube::Object;
using kube::Value;

namespace {

store::ObjectKey PlacementKey(const std::string& job) {
  auto [ns, name] = SplitJobName(job);
  return {"placements.fairway.flext.sh", std::string(ns), std::string(name)};
}

// Events about waiting jobs: how long a job waits before one is made, how many are remembered and
// how many are made per slice of time, as a backlog must not drown in them. What is beyond shows in
// the Placement alone.
constexpr Duration kWaitingEventDelay = Seconds(2);
constexpr size_t kWaitingEventsMax = 10'000;
constexpr size_t kWaitingEventsPerSlice = 16;
constexpr int64_t kWaitingEventSliceMs = 1'000;

}  // namespace

Driver::Driver(Loop& loop, api::ObjectWriter& writer, DriverOptions options, EventSink events)
    : loop_(loop),
      writer_(writer),
      events_(std::move(events)),
      pending_(options.pending),
      quota_settings_(options.quota),
      history_log_(options.history),
      recorder_(options.history),
      fleet_(loop, writer.store(), options.gateway_id, options.member_limits,
             {.link_changed =
                  [this](ClusterId c) {
                    clusters_.LinkChanged(c);
                    refresh_.Want();
                  },
              .capacity_changed =
                  [this](ClusterId c) {
                    clusters_.CapacityChanged(c);
                    refresh_.Want();
                  },
              .furnish =
                  [this](const scheduler::JobRecord& record, Object& job) {
                    const bool shared = ShareParallelism(record, pump_.world(), job);
                    return queues_.FurnishCopy(record, job) || shared;
                  },
              .copy_seen =
                  [this](ClusterId cluster, const clusters::CopyReport& copy) {
                    if (copy_seen_) CopySeen(cluster, copy);
                  },
              .dispatch_failed =
                  [this](JobId job, ClusterId cluster, const Error& error, bool retryable) {
                    Tell(job, cluster, retryable ? "DispatchDelayed" : "Rejected", error.message);
                  },
              .withdraw_failed =
                  [this](JobId job, ClusterId cluster, const Error& error) {
                    Tell(job, cluster, "WithdrawDelayed",
                         error.message + "; its copy is deleted when the cluster answers");
                  },
              .troubled =
                  [this](JobId job, ClusterId cluster, scheduler::Trouble trouble,
                         const std::string& message) {
                    std::string what(clusters::TroubleText(trouble));
                    if (!message.empty()) what += ": " + message;
                    Tell(job, cluster, "PodsDoNotRun", what);
                  }}),
      pump_(loop, writer.store(), *this, options.failover, options.weights),
      queues_(loop, writer, pump_,
              {.reconsider = [this](const store::ObjectKey& job) { jobs_.Reconsider(job); },
               .event = events_}),
      jobs_(loop, writer, pump_, fleet_, queues_),
      clusters_(loop, writer, pump_, fleet_, std::move(options.trusted_clusters)),
      gate_(loop, writer, pump_, options.gateway_id,
            {.connect =
                 [this](const RestoreGate::Kept& kept) {
                   clusters_.Restored(kept.cluster,
                                      fleet_.Connect(kept.cluster, kept.name, kept.access));
                 },
             .put_back = [this](const store::ObjectKey& key, Revision revision, JobId job,
                                const Object& doc) { jobs_.PutBack(key, revision, job, doc); },
             .decided = [this](const scheduler::RestorePlan& plan,
                               const std::string& summary) { Restored(plan, summary); }}),
      refresh_(loop, writer.store(), pump_,
               [this](const scheduler::JobRecord& record, const scheduler::Decision& decision) {
                 PublishDecision(record, &decision);
               }),
      pace_(loop, writer.store(), [this](const ExplanationPace::Late& late) {
        const scheduler::JobRecord* record = pump_.world().FindJob(late.job);
        if (record == nullptr || record->state != scheduler::JobState::kQueued) return;
        const scheduler::Decision decision = pump_.Explain(*record);
        WritePlacement(*record, &decision, late.uid);
      }) {
  fleet_.Bind(pump_);
  fleet_.Guard(&gate_);
  pump_.RecordBy(&recorder_);
}

Status Driver::Start() {
  if (Status recovered = pump_.Recover(); !recovered) return recovered;
  if (Status read = gate_.Load(); !read) return read;
  for (const auto& [job, record] : pump_.world().jobs()) CountPending(*record);
  pump_.Post(scheduler::QuotaConfigured{quota_settings_});
  if (Status started = queues_.Start(); !started) return started;
  if (Status started = jobs_.Start(); !started) return started;
  if (Status started = clusters_.Start(); !started) return started;
  WatchDependencies();
  writer_.Observe("jobs.batch", [this](const api::Written& change) {
    if (change.after != nullptr) return;
    RemovePlacement(change);
    if (pending_ != nullptr) pending_->Set(JobId{change.created.value}, change.key.ns, false);
    queues_.JobRemoved(change);
  });
  writer_.Observe("clusters.fairway.flext.sh", [this](const api::Written&) { refresh_.Want(); });
  if (gate_.closed()) {
    if (Status known = jobs_.SubmitUnknown(); !known) return known;
  }
  pump_.Post(scheduler::Recovered{});
  gate_.OpenWhenComplete();
  // Waiting jobs whose first explanation was still due when we stopped get it with the others.
  refresh_.Want();
  return {};
}

void Driver::Tell(JobId job, ClusterId cluster, std::string_view reason, const std::string& what) {
  const scheduler::JobRecord* record = pump_.world().FindJob(job);
  const scheduler::ClusterState* state = pump_.world().FindCluster(cluster);
  if (record == nullptr || state == nullptr) return;
  events_(JobKey(record->name), "Warning", reason,
          "cluster " + state->record.spec.name + ": " + what);
}

void Driver::WatchDependencies() {
  constexpr std::pair<std::string_view, std::string_view> kKinds[] = {
      {"configmaps", "ConfigMap"}, {"secrets", "Secret"}, {"serviceaccounts", "ServiceAccount"}};
  for (const auto& [resource, kind] : kKinds) {
    writer_.Observe(std::string(resource), [this, named = kind](const api::Written& change) {
      if (change.after != nullptr) fleet_.DependencyChanged(named, change.key.ns, change.key.name);
    });
  }
}

void Driver::PublishPlacement(JobId job, const scheduler::Decision* decision) {
  const scheduler::JobRecord* record = pump_.world().FindJob(job);
  if (record == nullptr) return;
  if (record->part) return PublishPart(*record, decision);
  CountPending(*record);
  PublishDecision(*record, decision);
  if (decision != nullptr) RecordDecision(*record, *decision);
  if (record->cluster) clusters_.CapacityChanged(record->cluster);
}

void Driver::CountPending(const scheduler::JobRecord& record) {
  if (pending_ == nullptr || record.part) return;
  std::string_view ns(record.name);
  pending_->Set(record.job, ns.substr(0, ns.find('/')), scheduler::IsPending(record));
}

// A Workload that a client made has no Placement: it is placed nowhere.
void Driver::PublishDecision(const scheduler::JobRecord& record,
                             const scheduler::Decision* decision) {
  if (record.part) return PublishPart(record, decision);
  const bool waits = record.state == scheduler::JobState::kQueued && jobs_.Submitting(record.job);
  if (!IsWorkloadName(record.name) &&
      (!waits || pace_.MayNow(record.job, UidOf(record, nullptr)))) {
    WritePlacement(record, decision);
  }
  queues_.Publish(record.split ? AsOneEntry(record, pump_.world()) : record, decision,
                  jobs_.Submitting(record.job));
}

void Driver::WritePlacement(const scheduler::JobRecord& record, const scheduler::Decision* decision,
                            std::string_view late_uid) {
  store::ObjectKey key = PlacementKey(record.name);
  kube::MonotonicResource arena;
  kube::StoragePtr storage(&arena);
  api::WriteOptions options;
  options.storage = storage;
  // One read: what is stored is changed, and only what is not there is made.
  bool unknown = false;  // whose it is
  auto update = [&](Object& stored) -> Status {
    std::string uid = late_uid.empty() ? UidOf(record, &stored) : std::string(late_uid);
    unknown = uid.empty();
    if (unknown) return Fail(Error{.code = 404});
    Value doc = PlacementDocument(record, pump_.world(), decision, uid, &stored, storage);
    for (std::string_view part : {"spec", "status"}) {
      stored.insert_or_assign(part, std::move(*kube::FindPath(doc, {part})));
    }
    kube::EnsureObject(stored, {"metadata"})["ownerReferences"] =
        std::move(*kube::FindPath(doc, {"metadata", "ownerReferences"}));
    return {};
  };
  // A job that is just submitted, or has waited for its first, has none, unless somebody has made
  // one for it by hand.
  const bool is_new =
      record.epoch.value <= 1 && (!late_uid.empty() || jobs_.Submitting(record.job) != nullptr);
  auto create = [&]() -> Result<api::WriteOutcome> {
    std::string uid = late_uid.empty() ? UidOf(record, nullptr) : std::string(late_uid);
    if (uid.empty()) return Fail(Error{.code = 404});
    const api::ServedKind* kind = writer_.registry().FindStorage(key.resource);
    api::CreatedForm* form =
        kind == nullptr ? nullptr : forms_.Find(record, pump_.world(), decision, uid);
    if (form != nullptr) {
      options.from_controller = true;
      return writer_.CreateAlike(*kind, key.ns, *form, options);
    }
    auto made = writer_.Create(
        key, PlacementDocument(record, pump_.world(), decision, uid, nullptr, storage), options);
    if (made && kind != nullptr) forms_.Note(*kind, *made->body);
    return made;
  };
  auto written = is_new ? create() : writer_.Mutate(key, "", update, options);
  if (!written && is_new && written.error().code == 409) {
    written = writer_.Mutate(key, "", update, options);
  } else if (!written && written.error().code == 404 && !unknown) {
    written = create();
    // Its Job is gone.
    if (!written && written.error().code == 404) return;
  }
  if (!written) LogUnwritten("placement", record.name, written.error());
}

void Driver::RemovePlacement(const api::Written& job) {
  store::ObjectKey key{"placements.fairway.flext.sh", job.key.ns, job.key.name};
  kube::MonotonicResource arena;
  auto placement = writer_.Read(key, &arena);
  if (!placement || !placement->has_value()) return;
  // A Job of the same name may have come meanwhile.
  std::string_view uid = kube::GetString(**placement, {"spec", "workloadRef", "uid"});
  if (uid != kube::GetString(*job.before, {"metadata", "uid"})) return;
  auto gone = writer_.Delete(
      key, {.propagation = api::Propagation::kBackground, .grace_period_seconds = std::nullopt});
  if (!gone) LogUnwritten("removal of the placement", key.ns + "/" + key.name, gone.error());
}

std::string Driver::UidOf(const scheduler::JobRecord& record, const Object* placement) {
  if (const Object* job = jobs_.Submitting(record.job)) {
    return std::string(kube::GetString(*job, {"metadata", "uid"}));
  }
  // The submission has put the uid there, also over a Placement that an earlier Job has left.
  if (placement != nullptr) {
    return std::string(kube::GetString(*placement, {"spec", "workloadRef", "uid"}));
  }
  auto job = writer_.Read(JobKey(record.name));
  if (!job || !job->has_value()) return {};
  return std::string(kube::GetString(**job, {"metadata", "uid"}));
}

void Driver::RecordDecision(const scheduler::JobRecord& record,
                            const scheduler::Decision& decision) {
  if (IsWorkloadName(record.name)) return;
  if (decision.cluster) {
    events_(JobKey(record.name), "Normal", decision.outcome, decision.message);
    return;
  }
  // A job that waits for a moment is no news: it is told of when it still waits a little later.
  if (waiting_.size() < kWaitingEventsMax) {
    waiting_.push_back(
        {loop_.Now() + kWaitingEventDelay, record.job, decision.outcome, decision.message});
    if (!waiting_timer_) ArmWaiting();
  }
}

void Driver::ArmWaiting() {
  waiting_timer_ = Call();
  if (waiting_.empty()) return;
  int64_t wait = std::max(kWaitingEventSliceMs, (waiting_.front().due - loop_.Now()).ms);
  waiting_timer_ = loop_.StartTimer(wait, [this] {
    for (size_t i = 0; i < kWaitingEventsPerSlice && !waiting_.empty(); ++i) {
      if (waiting_.front().due > loop_.Now()) break;
      Waiting told = std::move(waiting_.front());
      waiting_.pop_front();
      const scheduler::JobRecord* record = pump_.world().FindJob(told.job);
      if (record == nullptr || record->state != scheduler::JobState::kQueued) continue;
      events_(JobKey(record->name), "Warning", told.outcome, std::move(told.message));
    }
    ArmWaiting();
  });
}

void Driver::PublishStatus(const scheduler::PublishStatus& command) {
  const scheduler::JobRecord* record = pump_.world().FindJob(command.job);
  const clusters::CopyReport* report = fleet_.report();
  if (record == nullptr || report == nullptr || report->ref.job != command.job) return;
  if (record->part) return PublishPartStatus(*record, *report);
  const bool first = command.epoch.value == 1;
  const bool final = static_cast<bool>(record->finished);
  kube::MonotonicResource arena;
  api::WriteOptions options;
  options.storage = kube::StoragePtr(&arena);
  auto written = writer_.Mutate(
      JobKey(record->name), "status",
      [&](Object& job) -> Status { return MergeJobStatus(report->status_json, first, final, job); },
      options);
  if (!written) LogUnwritten("status", record->name, written.error());
  if (record->finished) fleet_.Forget(command.job);
}

void Driver::ReleaseJob(JobId job) {
  if (IsShard(job)) return fleet_.Forget(job);  // its object goes with the whole
  auto key = jobs_.Deleting(job);
  if (!key) return;
  auto written = writer_.Mutate(*key, "", [](Object& doc) -> Status {
    kube::Array* finalizers = kube::GetArray(doc, {"metadata", "finalizers"});
    if (finalizers == nullptr) return {};
    auto ours = [](const Value& finalizer) {
      return finalizer.is_string() &&
             std::string_view(finalizer.get_string()) == names::kFinalizerPlacement;
    };
    finalizers->erase(std::remove_if(finalizers->begin(), finalizers->end(), ours),
                      finalizers->end());
    if (finalizers->empty()) kube::ErasePath(doc, {"metadata", "finalizers"});
    return {};
  });
  if (!written) LogUnwritten("release", key->ns + "/" + key->name, written.error());
}

void Driver::Restored(const scheduler::RestorePlan& plan, const std::string& summary) {
  for (JobId job : plan.adopted) PublishPlacement(job, nullptr);
  for (JobId job : plan.held) {
    HoldJob(job);
    PublishPlacement(job, nullptr);
  }
  recorder_.Gateway(loop_.Now(), "Restored", "RestoreInventory", summary);
  if (history_log_ != nullptr) history_log_->AttachMeta(std::string(store::kMetaRestored), "");
}

void Driver::HoldJob(JobId job) {
  const scheduler::JobRecord* record = pump_.world().FindJob(job);
  if (record == nullptr) return;
  auto written = writer_.Mutate(JobKey(record->name), "", [](Object& doc) -> Status {
    kube::EnsureObject(doc, {"spec"})["suspend"] = true;
    kube::EnsureObject(doc, {"metadata", "annotations"})[names::kAnnotationHeld] = "true";
    return {};
  });
  if (!written) return LogUnwritten("hold", record->name, written.error());
  events_(
      JobKey(record->name), "Warning", "HeldAfterRestore",
      "the store was restored, and no cluster has a copy of this job: it may have run and ended "
      "since; `fairway restore release` or spec.suspend=false lets it run");
}

void Driver::ExpireJob(JobId job) {
  const scheduler::JobRecord* record = pump_.world().FindJob(job);
  if (record == nullptr) return;
  api::DeleteRequest request;
  request.propagation = api::Propagation::kBackground;
  auto deleted = writer_.Delete(JobKey(record->name), request);
  if (!deleted) LogUnwritten("expiry", record->name, deleted.error());
}

void Driver::PublishCluster(ClusterId cluster) {
  clusters_.LinkChanged(cluster);
  refresh_.Want();
  const scheduler::ClusterState* state = pump_.world().FindCluster(cluster);
  if (state == nullptr) return;
  const scheduler::LinkRecord& link = state->record.link;
  const bool well =
      link.state == scheduler::LinkState::kReady || link.state == scheduler::LinkState::kProbation;
  events_({"clusters.fairway.flext.sh", "", state->record.spec.name}, well ? "Normal" : "Warning",
          scheduler::LinkStateName(link.state),
          LinkMessage(*state, pump_.world(), pump_.failover()));
}

Status Driver::Freeze(const scheduler::FreezeRecord& wish, std::function<void()> committed) {
  store::ObjectStore& store = writer_.store();
  if (Status open = store.CanWrite(); !open) return open;
  pump_.Post(scheduler::FreezeChanged{wish.frozen, wish.all, &wish.reason});
  store.AfterCommit(store.NextRevision(), std::move(committed));
  return {};
}

Status Driver::Rebalance(bool begins, int64_t moves_max, std::function<void()> committed) {
  store::ObjectStore& store = writer_.store();
  if (Status open = store.CanWrite(); !open) return open;
  pump_.Post(scheduler::RebalanceAsked{begins, moves_max});
  store.AfterCommit(store.NextRevision(), std::move(committed));
  return {};
}

Status Driver::AskDrill(uint64_t id, const scheduler::DrillWish* wish) {
  if (Status open = writer_.store().CanWrite(); !open) return open;
  pump_.Post(scheduler::DrillAsked{id, wish});
  return {};
}

void Driver::ObserveDrills(StepObserver* steps,
                           std::function<void(const scheduler::CopySeen&)> copies) {
  pump_.ObserveBy(steps);
  copy_seen_ = std::move(copies);
}

void Driver::CopySeen(ClusterId cluster, const clusters::CopyReport& copy) {
  const scheduler::ClusterState* state = pump_.world().FindCluster(cluster);
  if (state == nullptr) return;
  const Duration offset = state->record.link.clock_offset;
  const auto ours = [&](Instant theirs) {
    return theirs ? Instant{theirs.ms - offset.ms} : Instant{};
  };
  copy_seen_(
      {copy.ref.job, cluster, copy.ref.epoch, copy.phase, ours(copy.started), ours(copy.finished)});
}

void Driver::PublishStale(JobId job) {
  const scheduler::JobRecord* record = pump_.world().FindJob(job);
  if (record == nullptr) return;
  // A split job is uncertain as long as one of its parts is.
  for (const scheduler::JobRecord* part : scheduler::PartsOf(pump_.world(), WholeOf(job))) {
    const bool lost = part->state == scheduler::JobState::kUncertain ||
                      part->state == scheduler::JobState::kFenced;
    if (lost) record = part;
  }
  const scheduler::ClusterState* cluster = pump_.world().FindCluster(record->cluster);
  const bool lost = record->state == scheduler::JobState::kUncertain ||
                    record->state == scheduler::JobState::kFenced;
  std::string message;
  Instant seen;
  if (lost && cluster != nullptr) {
    seen = cluster->record.link.lost_at;
    message = "cluster " + cluster->record.spec.name + " was last seen at " +
              kube::FormatTime(seen) + "; the status may be out of date";
  }
  auto written = writer_.Mutate(JobKey(record->name), "status", [&](Object& doc) -> Status {
    SetStaleCondition(lost, message, loop_.Now(), doc);
    return {};
  });
  if (!written) LogUnwritten("stale condition", record->name, written.error());
}

}  // namespace fairway::gateway
