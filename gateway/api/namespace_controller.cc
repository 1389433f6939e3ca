#include "gateway/api/namespace_controller.h"

#include <utility>
#include <vector>

#include "clusters/kube/time.h"
#include "clusters/log.h"
#include "gateway/api/object_writer_impl.h"

namespace fairway::gateway::api {

namespace {

constexpr const char* kSystemNamespaces[] = {"default", "kube-system", "kube-public",
                                             "kube-node-lease"};
constexpr size_t kDeletesPerTurn = 256;

const std::string kNamespaces = "namespaces";
constexpr const char* kAccount = "default";
constexpr const char* kRootCa = "kube-root-ca.crt";

bool IsFurniture(const store::ObjectKey& key) {
  return (key.resource == "serviceaccounts" && key.name == kAccount) ||
         (key.resource == "configmaps" && key.name == kRootCa);
}

}  // namespace

NamespaceController::NamespaceController(Loop& loop, ObjectWriter& writer, std::string root_ca_pem)
    : loop_(loop), writer_(writer), root_ca_pem_(std::move(root_ca_pem)) {
  writer_.Observe("", [this, life = std::weak_ptr<int>(life_)](const Written& change) {
    if (!life.expired()) OnChange(change);
  });
}

Status NamespaceController::Start() {
  for (const char* name : kSystemNamespaces) {
    store::ObjectKey key{kNamespaces, "", name};
    auto present = writer_.store().Latest(key);
    if (!present) return Fail(present.error());
    if (*present) continue;
    if (auto made = writer_.Create(key, kube::Object()); !made) return Fail(made.error());
  }
  std::vector<std::string> names;
  Status scanned =
      writer_.store().ScanLatest({kNamespaces, "", std::nullopt}, [&](const store::Object& object) {
        names.push_back(object.key.name);
        return true;
      });
  if (!scanned) return scanned;
  for (const std::string& name : names) {
    auto doc = writer_.Read({kNamespaces, "", name});
    if (!doc) return Fail(doc.error());
    if (!*doc) continue;
    if (IsDeleting((*doc)->get_object())) {
      terminating_.insert(name);
      Schedule(name, 0);
    } else {
      Furnish(name);
    }
  }
  return {};
}

void NamespaceController::OnChange(const Written& change) {
  if (change.key.resource == kNamespaces) {
    const std::string& name = change.key.name;
    if (change.after == nullptr) {
      terminating_.erase(name);
    } else if (IsDeleting(*change.after)) {
      if (terminating_.insert(name).second) Schedule(name, 0);
    } else if (change.before == nullptr) {
      Furnish(name);
    }
    return;
  }
  if (change.after != nullptr || change.key.ns.empty()) return;
  if (terminating_.count(change.key.ns) != 0) {
    Schedule(change.key.ns, 0);
  } else if (IsFurniture(change.key)) {
    loop_.Defer([this, life = std::weak_ptr<int>(life_), ns = change.key.ns] {
      if (!life.expired() && terminating_.count(ns) == 0) Furnish(ns);
    });
  }
}

// In the batch that makes the namespace: no client ever sees it without.
void NamespaceController::Furnish(const std::string& ns) {
  auto make = [&](const char* resource, const char* name, kube::Object doc) {
    store::ObjectKey key{resource, ns, name};
    if (writer_.registry().FindStorage(resource) == nullptr) return;
    auto present = writer_.store().Latest(key);
    if (!present || *present) return;
    auto made = writer_.Create(key, std::move(doc));
    if (!made && made.error().code != 404) {
      Log(LogLevel::kWarning, "namespace {}: cannot make {} {}: {}", ns, resource, name,
          made.error().message);
    }
  };
  make("serviceaccounts", kAccount, {});
  kube::Object data{{"ca.crt", root_ca_pem_}};
  make("configmaps", kRootCa, {{"data", std::move(data)}});
}

void NamespaceController::Schedule(const std::string& ns, int64_t delay_ms) {
  if (!scheduled_.insert(ns).second) return;
  auto run = [this, life = std::weak_ptr<int>(life_), ns] {
    if (life.expired()) return;
    scheduled_.erase(ns);
    Terminate(ns);
  };
  loop_.StartTimer(delay_ms, run).Release();
}

Result<bool> NamespaceController::Empty(const std::string& ns, size_t& remaining) {
  size_t budget = kDeletesPerTurn;
  bool more = false;
  for (const auto& kind : writer_.registry().kinds()) {
    if (!kind->info->namespaced || kind->info->ephemeral || !kind->is_storage_form) continue;
    std::vector<store::ObjectKey> keys;
    Status scanned = writer_.store().ScanLatest({kind->storage_resource, ns, std::nullopt},
                                                [&](const store::Object& object) {
                                                  keys.push_back(object.key);
                                                  return keys.size() < budget;
                                                });
    if (!scanned) return Fail(scanned.error());
    if (keys.size() >= budget) more = true;
    for (const store::ObjectKey& key : keys) {
      --budget;
      auto gone = writer_.Delete(key, {.propagation = Propagation::kBackground});
      if (!gone && gone.error().code != 404) return Fail(gone.error());
      if (gone && gone->effect == WriteOutcome::Effect::kDeletionPending) ++remaining;
    }
    if (budget == 0) break;
  }
  return !more && remaining == 0;
}

void NamespaceController::ReportRemaining(const std::string& ns, size_t remaining) {
  auto change = [&](kube::Object& doc) -> Status {
    kube::Object& status = kube::EnsureObject(doc, {"status"});
    kube::Object condition{
        {"type", "NamespaceFinalizersRemaining"},
        {"status", "True"},
        {"lastTransitionTime", kube::FormatTime(writer_.Now())},
        {"reason", "SomeFinalizersRemain"},
        {"message", std::to_string(remaining) + " objects wait for their finalizers"}};
    const kube::Array* old = kube::GetArray(status, {"conditions"});
    if (old != nullptr && old->size() == 1 && old->front().is_object()) {
      // The time stays as long as the message does.
      if (kube::GetString(old->front(), {"message"}) == kube::GetString(condition, {"message"})) {
        return {};
      }
    }
    status["conditions"] = kube::Array{std::move(condition)};
    return {};
  };
  auto told = writer_.Mutate({kNamespaces, "", ns}, "status", change);
  if (!told && told.error().code != 404) {
    Log(LogLevel::kWarning, "namespace {}: cannot report what remains: {}", ns,
        told.error().message);
  }
}

void NamespaceController::Terminate(const std::string& ns) {
  if (terminating_.count(ns) == 0) return;
  size_t remaining = 0;
  auto empty = Empty(ns, remaining);
  if (!empty) {
    Log(LogLevel::kWarning, "namespace {}: cannot delete its content yet: {}", ns,
        empty.error().message);
    return Schedule(ns, kStoreRetryMs);
  }
  if (remaining > 0) return ReportRemaining(ns, remaining);
  if (!*empty) return Schedule(ns, 0);
  auto finalize = [](kube::Object& doc) -> Status {
    kube::Object& spec = kube::EnsureObject(doc, {"spec"});
    kube::Erase(spec, "finalizers");
    return {};
  };
  auto gone = writer_.Mutate({kNamespaces, "", ns}, "finalize", finalize);
  if (!gone && gone.error().code != 404) Schedule(ns, kStoreRetryMs);
}

}  // namespace fairway::gateway::api
