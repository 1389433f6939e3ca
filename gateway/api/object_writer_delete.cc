// Deleting objects: policy, finalizers, grace.
#include <algorithm>

#include "clusters/kube/errors.h"
#include "clusters/kube/time.h"
#include "gateway/api/object_writer_impl.h"

namespace fairway::gateway::api {

namespace {

constexpr std::string_view kForegroundFinalizer = "foregroundDeletion";
constexpr std::string_view kOrphanFinalizer = "orphan";
constexpr int64_t kPodGraceSeconds = 30;

bool Has(const kube::Array* list, std::string_view text) {
  return list != nullptr && std::any_of(list->begin(), list->end(), [&](const kube::Value& v) {
           return v.is_string() && v.get_string() == text;
         });
}

// Which policy applies: the request's, else the one that the object's finalizers name, else the
// kind's default.
Propagation Decide(const ServedKind& kind, const kube::Object& doc, Propagation asked,
                   std::vector<std::string>* warnings) {
  if (asked != Propagation::kDefault) return asked;
  const kube::Array* finalizers = kube::GetArray(doc, {"metadata", "finalizers"});
  if (Has(finalizers, kOrphanFinalizer)) return Propagation::kOrphan;
  if (Has(finalizers, kForegroundFinalizer)) return Propagation::kForeground;
  if (kind.strategy->default_dependents() == kube::Strategy::Dependents::kBackground) {
    return Propagation::kBackground;
  }
  if (warnings != nullptr) {
    warnings->push_back(
        "child pods are preserved by default when jobs are deleted; set "
        "propagationPolicy=Background to remove them or set propagationPolicy=Orphan to suppress "
        "this warning");
  }
  return Propagation::kOrphan;
}

// Brings the collector's two finalizers in line with the policy. True when something changed.
bool SetPolicyFinalizers(kube::Object& metadata, Propagation policy) {
  kube::Array finalizers(metadata.storage());
  bool changed = false;
  bool orphan = false;
  bool foreground = false;
  if (const kube::Array* old = kube::GetArray(metadata, {"finalizers"})) {
    for (const kube::Value& value : *old) {
      bool is_orphan = value.is_string() && value.get_string() == kOrphanFinalizer;
      bool is_foreground = value.is_string() && value.get_string() == kForegroundFinalizer;
      if ((is_orphan && policy != Propagation::kOrphan) ||
          (is_foreground && policy != Propagation::kForeground)) {
        changed = true;
        continue;
      }
      orphan |= is_orphan;
      foreground |= is_foreground;
      finalizers.push_back(value);
    }
  }
  if (policy == Propagation::kOrphan && !orphan) {
    finalizers.emplace_back(kOrphanFinalizer);
    changed = true;
  }
  if (policy == Propagation::kForeground && !foreground) {
    finalizers.emplace_back(kForegroundFinalizer);
    changed = true;
  }
  if (!changed) return false;
  if (finalizers.empty()) {
    kube::Erase(metadata, "finalizers");
  } else {
    metadata.insert_or_assign("finalizers", std::move(finalizers));
  }
  return true;
}

// How long a pod may take to stop; zero for all other kinds and for pods that run nowhere.
int64_t GraceOf(const ServedKind& kind, const kube::Object& doc, const DeleteRequest& request) {
  if (kind.storage_resource != "pods") return 0;
  std::string_view phase = kube::GetString(doc, {"status", "phase"});
  if (kube::GetString(doc, {"spec", "nodeName"}).empty() || phase == "Succeeded" ||
      phase == "Failed") {
    return 0;
  }
  if (request.grace_period_seconds) return std::max<int64_t>(0, *request.grace_period_seconds);
  return kube::Get<int64_t>(doc, {"spec", "terminationGracePeriodSeconds"})
      .value_or(kPodGraceSeconds);
}

Status CheckProtected(const ServedKind& kind, std::string_view name) {
  if (kind.storage_resource != "namespaces") return {};
  if (name != "default" && name != "kube-system" && name != "kube-public") return {};
  return Fail(kube::Forbidden(*kind.info, name, "this namespace may not be deleted"));
}

// Marks the object; true when that changed it.
bool Mark(const ServedKind& kind, kube::Object& doc, Propagation policy, int64_t grace,
          Instant now) {
  kube::Object& metadata = Metadata(doc);
  bool changed = SetPolicyFinalizers(metadata, policy);
  auto old_grace = kube::Get<int64_t>(metadata, {"deletionGracePeriodSeconds"});
  if (!IsDeleting(doc)) {
    metadata.insert_or_assign("deletionTimestamp", kube::FormatTime(now + Seconds(grace)));
    metadata.insert_or_assign("deletionGracePeriodSeconds", grace);
    if (kind.info->has_generation) {
      int64_t generation = kube::Get<int64_t>(metadata, {"generation"}).value_or(0);
      metadata.insert_or_assign("generation", generation + 1);
    }
    changed = true;
  } else if (old_grace.value_or(0) > grace) {
    metadata.insert_or_assign("deletionTimestamp", kube::FormatTime(now + Seconds(grace)));
    metadata.insert_or_assign("deletionGracePeriodSeconds", grace);
    changed = true;
  }
  if (kind.storage_resource == "namespaces" &&
      kube::GetString(doc, {"status", "phase"}) != "Terminating") {
    kube::EnsureObject(doc, {"status"}).insert_or_assign("phase", "Terminating");
    changed = true;
  }
  return changed;
}

}  // namespace

Result<WriteOutcome> ObjectWriter::DeleteObject(const ServedKind& kind, std::string_view ns,
                                                std::string_view name, const DeleteRequest& request,
                                                const WriteOptions& options) {
  if (!options.from_controller) {
    if (Status writable = store_.CanWrite(); !writable) return Fail(writable.error());
  }
  if (Status ok = CheckProtected(kind, name); !ok) return Fail(ok.error());
  store::ObjectKey key{kind.storage_resource, std::string(ns), std::string(name)};
  auto loaded = impl_->Load(kind, key, options.storage);
  if (!loaded) return Fail(loaded.error());
  if (Status ok = CheckPreconditions(kind, name, loaded->doc, options); !ok) {
    return Fail(ok.error());
  }
  const kube::Object& before = loaded->doc.get_object();
  auto admission = impl_->admissions.find(kind.storage_resource);
  if (admission != impl_->admissions.end() && admission->second.admit_delete) {
    if (Status ok = admission->second.admit_delete(before); !ok) return Fail(ok.error());
  }

  kube::Value doc(loaded->doc, loaded->doc.storage());
  Propagation policy = Decide(kind, before, request.propagation, options.warnings);
  bool changed = Mark(kind, doc.get_object(), policy, GraceOf(kind, before, request), clock_());
  bool held = IsHeld(kind, doc.get_object());
  if (held && !changed) {
    WriteOutcome outcome =
        impl_->Pretend(kind, loaded->doc, WriteOutcome::Effect::kDeletionPending);
    outcome.revision = loaded->stored.revision;
    return outcome;
  }
  if (!held && !IsDeleting(before) && kind.storage_resource != "namespaces") {
    // Nothing waits for it: it goes in one step and was never seen as deleting.
    doc = kube::Value(loaded->doc, loaded->doc.storage());
  }
  auto effect = held ? WriteOutcome::Effect::kDeletionPending : WriteOutcome::Effect::kDeleted;
  if (options.dry_run) return impl_->Pretend(kind, doc, effect);
  return impl_->Stage(kind, key, &*loaded, doc, effect);
}

}  // namespace fairway::gateway::api
