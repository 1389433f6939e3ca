#include "gateway/api/garbage_collector.h"

#include <string.h>  // memmem

#include <algorithm>

#include "clusters/log.h"
#include "gateway/api/object_writer_impl.h"

namespace fairway::gateway::api {

namespace {

constexpr size_t kTasksPerTurn = 128;
constexpr int kScanPerTurn = 256;
// Between slices of the first scan: a tenth of the loop's time, so that a million stored objects do
// not stand between a restart and its first answers.
constexpr int64_t kScanPauseMs = 20;
constexpr std::string_view kForeground = "foregroundDeletion";
constexpr std::string_view kOrphan = "orphan";

bool HasFinalizer(const kube::Object& doc, std::string_view name) {
  const kube::Array* list = kube::GetArray(doc, {"metadata", "finalizers"});
  return list != nullptr && std::any_of(list->begin(), list->end(), [&](const kube::Value& v) {
           return v.is_string() && v.get_string() == name;
         });
}

// Several times as fast as std::string::find, which stops at every letter that begins `words`.
bool Contains(const std::string& text, std::string_view words) {
  return memmem(text.data(), text.size(), words.data(), words.size()) != nullptr;
}

std::string UidOf(const kube::Object& doc) {
  return std::string(kube::GetString(doc, {"metadata", "uid"}));
}

}  // namespace

GarbageCollector::GarbageCollector(Loop& loop, ObjectWriter& writer,
                                   const std::vector<std::string>& uncollected)
    : loop_(loop), writer_(writer), uncollected_(uncollected.begin(), uncollected.end()) {
  writer_.Observe("", [this, life = std::weak_ptr<int>(life_)](const Written& change) {
    if (!life.expired()) OnChange(change);
  });
}

// Not in the first turns: they are for those who have waited for the start.
void GarbageCollector::Start() { Schedule(kScanPauseMs); }

void GarbageCollector::OnChange(const Written& change) {
  if (uncollected_.contains(change.key.resource)) return;
  const kube::Object& doc = change.after != nullptr ? *change.after : *change.before;
  if (change.after != nullptr) return Learn(change.key, doc);
  std::string uid = UidOf(doc);
  if (const auto* dependents = index_.Dependents(uid)) {
    for (const store::ObjectKey& key : *dependents) Push(Work::kCheckOwners, key);
  }
  foreground_.erase(uid);
  // An owner may have waited for this one.
  for (const OwnerReference& owner : OwnersOf(doc)) {
    if (foreground_.count(owner.uid) == 0) continue;
    const ServedKind* kind = writer_.registry().FindKind(owner.api_version, owner.kind);
    if (kind == nullptr) continue;
    Push(Work::kFinishDeletion,
         {kind->storage_resource, kind->info->namespaced ? change.key.ns : "", owner.name});
  }
  index_.Set(change.key, {});
}

void GarbageCollector::Learn(const store::ObjectKey& key, const kube::Object& doc) {
  std::vector<OwnerReference> owners = OwnersOf(doc);
  bool owned = !owners.empty();
  if (owned || index_.Owners(key) != nullptr) index_.Set(key, std::move(owners));
  if (owned) Push(Work::kCheckOwners, key);
  if (!IsDeleting(doc)) return;
  if (HasFinalizer(doc, kForeground)) foreground_.insert(UidOf(doc));
  if (HasFinalizer(doc, kForeground) || HasFinalizer(doc, kOrphan)) {
    Push(Work::kFinishDeletion, key);
  }
}

// What was stored before the start, some objects per turn. Most have no owners: the text tells
// without parsing.
void GarbageCollector::ScanSlice() {
  const auto& kinds = writer_.registry().kinds();
  int left = kScanPerTurn;
  while (scan_kind_ < kinds.size() && left > 0) {
    const ServedKind& kind = *kinds[scan_kind_];
    bool more = false;
    auto visit = [&](const store::Object& object) {
      if (left-- == 0) {
        more = true;
        return false;
      }
      scan_after_ = {object.key.ns, object.key.name};
      bool owned = Contains(*object.body, "ownerReferences\":[");
      bool deleting = Contains(*object.body, "deletionTimestamp\":\"");
      if (!owned && !deleting) return true;
      kube::MonotonicResource arena;
      auto doc = kube::ParseJson(*object.body, &arena);
      if (doc && doc->is_object()) Learn(object.key, doc->get_object());
      return true;
    };
    if (kind.is_storage_form && !kind.info->ephemeral &&
        !uncollected_.contains(kind.storage_resource)) {
      Status read = writer_.store().ScanLatest({kind.storage_resource, "", scan_after_}, visit);
      if (!read) {
        Log(LogLevel::kWarning, "collector: cannot read {}: {}", kind.storage_resource,
            read.error().message);
        return Schedule(kStoreRetryMs);
      }
    }
    if (more) break;
    ++scan_kind_;
    scan_after_.reset();
  }
  scanned_ = scan_kind_ == kinds.size();
  if (!scanned_) {
    Schedule(kScanPauseMs);
  } else if (!queue_.empty()) {
    Schedule(0);
  }
}

void GarbageCollector::Push(Work work, const store::ObjectKey& key) {
  if (!queued_.emplace(work, key).second) return;
  queue_.emplace_back(work, key);
  if (scanned_) Schedule(0);
}

void GarbageCollector::Schedule(int64_t delay_ms) {
  if (next_) return;
  next_ = loop_.StartTimer(delay_ms, [this] {
    next_.Release();
    next_ = Call();
    if (scanned_) {
      RunSlice();
    } else {
      ScanSlice();
    }
  });
}

void GarbageCollector::RunSlice() {
  for (size_t i = 0; i < kTasksPerTurn && !queue_.empty(); ++i) {
    Task task = queue_.front();
    queue_.pop_front();
    queued_.erase(task);
    Status done = Run(task);
    if (done || done.error().code == 404 || done.error().code == 409) continue;
    Log(LogLevel::kWarning, "collector: {} {}/{}: {}", task.second.resource, task.second.ns,
        task.second.name, done.error().message);
    if (done.error().code == 429 || done.error().code == 503) {
      Push(task.first, task.second);
      next_ = Call();
      return Schedule(kStoreRetryMs);
    }
  }
  if (!queue_.empty()) Schedule(0);
}

Status GarbageCollector::Run(const Task& task) {
  if (task.first == Work::kCheckOwners) return CheckOwners(task.second);
  kube::MonotonicResource arena;
  auto doc = writer_.Read(task.second, &arena);
  if (!doc) return Fail(doc.error());
  if (!*doc || !IsDeleting((*doc)->get_object())) return {};
  const kube::Object& object = (*doc)->get_object();
  std::string uid = UidOf(object);
  if (HasFinalizer(object, kOrphan)) return FinishOrphan(task.second, uid);
  if (HasFinalizer(object, kForeground)) return FinishForeground(task.second, uid);
  return {};
}

Result<GarbageCollector::Standing> GarbageCollector::Judge(const store::ObjectKey& key,
                                                           const kube::Object& doc) {
  Standing standing;
  for (const OwnerReference& owner : OwnersOf(doc)) {
    const ServedKind* kind = writer_.registry().FindKind(owner.api_version, owner.kind);
    if (kind == nullptr) {
      standing.solid = true;
      continue;
    }
    bool reachable = !kind->info->namespaced || !key.ns.empty();
    std::string ns = kind->info->namespaced ? key.ns : "";
    kube::MonotonicResource arena;
    auto found = writer_.Read({kind->storage_resource, ns, owner.name}, &arena);
    if (!found) return Fail(found.error());
    if (!reachable || !*found || UidOf((*found)->get_object()) != owner.uid) {
      standing.absent.push_back(owner.uid);
    } else if (IsDeleting((*found)->get_object()) &&
               HasFinalizer((*found)->get_object(), kForeground)) {
      standing.waiting.push_back(owner.uid);
    } else {
      standing.solid = true;
    }
  }
  return standing;
}

Status GarbageCollector::CheckOwners(const store::ObjectKey& key) {
  kube::MonotonicResource arena;
  auto doc = writer_.Read(key, &arena);
  if (!doc) return Fail(doc.error());
  if (!*doc) return {};
  const kube::Object& object = (*doc)->get_object();
  if (IsDeleting(object)) return {};
  auto standing = Judge(key, object);
  if (!standing) return Fail(standing.error());
  if (standing->absent.empty() && standing->waiting.empty()) return {};
  if (standing->solid) {
    std::vector<std::string> gone = standing->absent;
    gone.insert(gone.end(), standing->waiting.begin(), standing->waiting.end());
    return DropOwners(key, gone);
  }
  std::string uid = UidOf(object);
  DeleteRequest request;
  // A chain of foreground deletions goes on downwards.
  bool foreground = !standing->waiting.empty() && index_.Dependents(uid) != nullptr;
  request.propagation = foreground                      ? Propagation::kForeground
                        : HasFinalizer(object, kOrphan) ? Propagation::kOrphan
                                                        : Propagation::kBackground;
  WriteOptions options;
  options.uid_precondition = uid;
  auto gone = writer_.Delete(key, request, options);
  return gone ? Status() : Fail(gone.error());
}

Status GarbageCollector::FinishForeground(const store::ObjectKey& key, const std::string& uid) {
  bool blocked = false;
  if (const auto* dependents = index_.Dependents(uid)) {
    for (const store::ObjectKey& dependent : *dependents) {
      for (const OwnerReference& owner : *index_.Owners(dependent)) {
        blocked |= owner.uid == uid && owner.blocks;
      }
      Push(Work::kCheckOwners, dependent);
    }
  }
  return blocked ? Status() : DropFinalizer(key, kForeground);
}

Status GarbageCollector::FinishOrphan(const store::ObjectKey& key, const std::string& uid) {
  if (const auto* found = index_.Dependents(uid)) {
    std::set<store::ObjectKey> dependents = *found;
    for (const store::ObjectKey& dependent : dependents) {
      Status dropped = DropOwners(dependent, {uid});
      if (!dropped && dropped.error().code != 404) return dropped;
    }
  }
  return DropFinalizer(key, kOrphan);
}

Status GarbageCollector::DropOwners(const store::ObjectKey& key,
                                    const std::vector<std::string>& uids) {
  auto change = [&uids](kube::Object& doc) -> Status {
    kube::Object& metadata = Metadata(doc);
    kube::Array* list = kube::GetArray(metadata, {"ownerReferences"});
    if (list == nullptr) return {};
    auto named = [&uids](const kube::Value& reference) {
      std::string_view uid = kube::GetString(reference, {"uid"});
      return std::find(uids.begin(), uids.end(), uid) != uids.end();
    };
    list->erase(std::remove_if(list->begin(), list->end(), named), list->end());
    if (list->empty()) kube::Erase(metadata, "ownerReferences");
    return {};
  };
  auto changed = writer_.Mutate(key, "", change);
  return changed ? Status() : Fail(changed.error());
}

Status GarbageCollector::DropFinalizer(const store::ObjectKey& key, std::string_view finalizer) {
  auto change = [finalizer](kube::Object& doc) -> Status {
    kube::Object& metadata = Metadata(doc);
    kube::Array* list = kube::GetArray(metadata, {"finalizers"});
    if (list == nullptr) return {};
    auto named = [finalizer](const kube::Value& v) {
      return v.is_string() && v.get_string() == finalizer;
    };
    list->erase(std::remove_if(list->begin(), list->end(), named), list->end());
    if (list->empty()) kube::Erase(metadata, "finalizers");
    return {};
  };
  auto changed = writer_.Mutate(key, "", change);
  return changed ? Status() : Fail(changed.error());
}

}  // namespace fairway::gateway::api
