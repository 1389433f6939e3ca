#include "gateway/driver/restore_gate.h"

#include <fmt/core.h>

#include <utility>

#include "clusters/log.h"
#include "clusters/member/copy_origin.h"
#include "clusters/member/copy_tracker.h"
#include "gateway/api/adopt.h"

namespace fairway::gateway {

using kube::Object;
using scheduler::RunPhase;

RestoreGate::RestoreGate(Loop& loop, api::ObjectWriter& writer, CorePump& pump,
                         std::string gateway_id, Hooks hooks)
    : loop_(loop),
      writer_(writer),
      pump_(pump),
      gateway_id_(std::move(gateway_id)),
      hooks_(std::move(hooks)) {}

Status RestoreGate::Load() {
  auto text = writer_.store().journal().GetMeta(store::kMetaRestored);
  if (!text) return Fail(text.error());
  if (!*text || (*text)->empty()) return {};
  auto mark = store::DecodeMark(**text);
  if (!mark) {
    Error error;
    error.reason = "InternalError";
    error.message =
        "the store is damaged: its restore mark is malformed; restore it again, see "
        "docs/operating/backup.md";
    return Fail(std::move(error));
  }
  mark_ = *mark;
  closed_ = true;
  Log(LogLevel::kWarning,
      "this store was restored as of revision {}: every cluster is asked for its copies before "
      "anything is dispatched",
      mark_.as_of.value);
  return {};
}

Status RestoreGate::Ask(ClusterId cluster, const std::string& name, clusters::Access access) {
  Inventory& inventory = inventories_[cluster];
  if (inventory.lister != nullptr) loop_.DeferDelete(std::move(inventory.lister));
  inventory = Inventory{};
  clusters::CopyLister::Listener listener;
  listener.began = [this, cluster] { inventories_[cluster].found.clear(); };
  listener.job = [this, cluster](const Object& job) { Take(cluster, job); };
  listener.complete = [this, cluster, name] {
    Inventory& done = inventories_[cluster];
    done.complete = true;
    Log(LogLevel::kInfo, "cluster {}: {} copies found after the restore", name, done.found.size());
    OpenWhenComplete();
  };
  listener.failed = [this, cluster, name](const Error& error) {
    Inventory& waiting = inventories_[cluster];
    if (waiting.complaint == error.message) return;
    waiting.complaint = error.message;
    Log(LogLevel::kWarning, "cluster {}: its inventory after the restore is awaited: {}", name,
        error.message);
  };
  auto started = clusters::CopyLister::Start(loop_, access, gateway_id_, std::move(listener));
  if (!started) return Fail(started.error());
  inventory.lister = std::move(*started);
  kept_[cluster] = {cluster, name, std::move(access)};
  return {};
}

void RestoreGate::Drop(ClusterId cluster) {
  kept_.erase(cluster);
  auto found = inventories_.find(cluster);
  if (found == inventories_.end()) return;
  if (found->second.lister != nullptr) loop_.DeferDelete(std::move(found->second.lister));
  inventories_.erase(found);
  OpenWhenComplete();
}

bool RestoreGate::IsComplete() const {
  for (const auto& [cluster, state] : pump_.world().clusters()) {
    auto found = inventories_.find(cluster);
    if (found == inventories_.end() || !found->second.complete) return false;
  }
  return true;
}

void RestoreGate::OpenWhenComplete() {
  if (!closed_) return;
  // Not now: the core is still to hear of a cluster that goes.
  loop_.Post([this, alive = std::weak_ptr<int>(life_)] {
    if (!alive.expired() && closed_ && IsComplete()) Open();
  });
}

std::string RestoreGate::Awaited() const {
  std::string names;
  if (!closed_) return names;
  for (const auto& [cluster, state] : pump_.world().clusters()) {
    auto found = inventories_.find(cluster);
    if (found != inventories_.end() && found->second.complete) continue;
    names += (names.empty() ? "" : ", ") + state.record.spec.name;
  }
  return names.empty() ? "nobody" : names;
}

void RestoreGate::Open() {
  std::vector<scheduler::FoundCopy> copies;
  for (auto& [cluster, inventory] : inventories_) {
    copies.insert(copies.end(), inventory.found.begin(), inventory.found.end());
    if (inventory.lister != nullptr) loop_.DeferDelete(std::move(inventory.lister));
  }
  inventories_.clear();
  closed_ = false;
  const scheduler::RestoreRules rules{JobId{mark_.before.value}, mark_.run_missing};
  const scheduler::RestorePlan plan =
      scheduler::PlanRestored(loop_.Now(), pump_.world(), copies, rules);
  std::string summary = fmt::format(
      "as of revision {}: {} copies found, {} jobs put back, {} taken over, {} held",
      mark_.as_of.value, copies.size(), put_back_, plan.adopted.size(), plan.held.size());
  pump_.Replace(plan.edits);
  hooks_.decided(plan, summary);
  Log(LogLevel::kWarning, "the inventory after the restore is complete {}", summary);
  for (const auto& [cluster, kept] : std::exchange(kept_, {})) hooks_.connect(kept);
  pump_.Post(scheduler::Recovered{});
}

void RestoreGate::Take(ClusterId cluster, const Object& job) {
  auto report = clusters::ReadCopy(job, gateway_id_);
  if (!report) return;
  bool finished = report->phase == RunPhase::kSucceeded || report->phase == RunPhase::kFailed;
  inventories_[cluster].found.push_back({report->ref.job, report->ref.epoch, cluster, finished});
  bool known = pump_.world().FindJob(report->ref.job) != nullptr;
  // One that is being deleted there was let go of before.
  if (!known && !report->deleting) PutBack(report->ref.job, job);
}

bool RestoreGate::IsTaken(const store::ObjectKey& key, JobId id) {
  auto present = writer_.store().Latest(key);
  if (!present) return true;
  if (!present->has_value()) return false;
  JobId there{(*present)->created.value};
  if (there >= id) return true;
  // Its name was used again: so it had been deleted.
  pump_.Post(scheduler::JobDeleted{there, /*orphan=*/true});
  auto freed = writer_.Mutate(key, "", [](Object& doc) -> Status {
    kube::ErasePath(doc, {"metadata", "finalizers"});
    return {};
  });
  if (freed)
    (void)writer_.Delete(
        key, {.propagation = api::Propagation::kBackground, .grace_period_seconds = std::nullopt});
  auto gone = writer_.store().Latest(key);
  return !gone || gone->has_value();
}

void RestoreGate::PutBack(JobId id, const Object& copy) {
  std::string ns(kube::GetString(copy, {"metadata", "namespace"}));
  std::string name(kube::GetString(copy, {"metadata", "name"}));
  store::ObjectKey key{"jobs.batch", ns, name};
  if (id.value > mark_.before.value || IsTaken(key, id)) return;
  store::ObjectKey home{"namespaces", "", ns};
  auto present = writer_.store().Latest(home);
  if (present && !present->has_value()) {
    (void)writer_.Create(home, kube::Value(Object{{"metadata", Object{{"name", ns}}}}));
  }
  auto job = clusters::RebuildJob(copy);
  if (!job) {
    Log(LogLevel::kWarning, "job {}/{} is not put back: {}", ns, name, job.error().message);
    return;
  }
  auto adopted = api::AdoptObject(writer_, key, *job, Revision{id.value});
  if (!adopted) {
    Log(LogLevel::kWarning, "job {}/{} is not put back: {}", ns, name, adopted.error().message);
    return;
  }
  ++put_back_;
  hooks_.put_back(key, adopted->revision, id, job->get_object());
}

}  // namespace fairway::gateway
