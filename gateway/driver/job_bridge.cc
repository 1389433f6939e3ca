#include "gateway/driver/job_bridge.h"

#include <set>
#include <utility>

#include "clusters/kube/errors.h"
#include "clusters/log.h"
#include "gateway/driver/deletion.h"
#include "gateway/driver/entry_name.h"
#include "gateway/driver/same_at.h"
#include "scheduler/names.h"

namespace fairway::gateway {

using kube::Object;
using kube::Value;

namespace {

// Jobs that one turn looks at again after a policy changed.
constexpr size_t kReviewPerTurn = 256;

bool HasEnded(const Object& job) {
  const kube::Array* conditions = kube::GetArray(job, {"status", "conditions"});
  for (size_t i = 0; conditions != nullptr && i < conditions->size(); ++i) {
    const Value& condition = (*conditions)[i];
    std::string_view type = kube::GetString(condition, {"type"});
    bool ends = type == "Complete" || type == "Failed";
    if (ends && kube::GetString(condition, {"status"}) == "True") return true;
  }
  return false;
}

bool Orphans(const Object& job) {
  const kube::Array* finalizers = kube::GetArray(job, {"metadata", "finalizers"});
  if (finalizers == nullptr) return false;
  for (const Value& finalizer : *finalizers) {
    if (finalizer.is_string() && std::string_view(finalizer.get_string()) == "orphan") return true;
  }
  return false;
}

}  // namespace

bool IsOurs(const Object& job) {
  std::string_view manager = kube::GetString(job, {"spec", "managedBy"});
  return manager.empty() || manager == "kubernetes.io/job-controller";
}

JobBridge::JobBridge(Loop& loop, api::ObjectWriter& writer, CorePump& pump, Fleet& fleet,
                     const QueueBridge& queues)
    : loop_(loop), writer_(writer), pump_(pump), fleet_(fleet), queues_(queues) {}

Status JobBridge::Start() {
  for (std::string_view resource :
       {"placementpolicies.fairway.flext.sh", "clusterplacementpolicies.fairway.flext.sh"}) {
    Status read = writer_.store().ScanLatest(
        {std::string(resource), "", std::nullopt}, [&](const store::Object& object) {
          auto doc = kube::ParseJson(*object.body);
          if (doc) policies_[{object.key.ns, object.key.name}] = std::move(*doc);
          return true;
        });
    if (!read) return read;
    writer_.Observe(std::string(resource),
                    [this](const api::Written& change) { OnPolicy(change); });
  }
  for (const auto& [job, record] : pump_.world().jobs()) {
    if (record->delete_requested && !IsShard(job)) deleting_.emplace(job, EntryKey(record->name));
  }
  writer_.Observe("jobs.batch", [this](const api::Written& change) { OnJob(change); });
  writer_.SetAdmission(
      "jobs.batch",
      {.admit = [this](const Object* before, Object& doc, std::string_view subresource) -> Status {
         if (!subresource.empty() || HasDeletion(doc) || !IsOurs(doc)) return {};
         if (before == nullptr) {
           // The copy on the member goes before the Job does.
           kube::Array& finalizers = [&]() -> kube::Array& {
             Object& metadata = kube::EnsureObject(doc, {"metadata"});
             Value* list = kube::Find(metadata, "finalizers");
             if (list == nullptr || !list->is_array()) {
               metadata.insert_or_assign("finalizers", kube::Array(doc.storage()));
               list = kube::Find(metadata, "finalizers");
             }
             return list->get_array();
           }();
           finalizers.push_back(Value(names::kFinalizerPlacement, doc.storage()));
         }
         if (Status queued = queues_.AdmitJob(before, doc); !queued) return queued;
         return before == nullptr ? Status() : CheckIndexes(*before, doc);
       },
       .check = [this](const Object& doc, std::string_view subresource,
                       api::Admission::Memo* memo) -> Status {
         if (!subresource.empty() || HasDeletion(doc) || !IsOurs(doc)) return {};
         auto wish = WishAlike(doc, memo);
         if (!wish) return Fail(wish.error());
         checked_uid_ = kube::GetString(doc, {"metadata", "uid"});
         checked_ = std::move(*wish);
         return {};
       },
       .admit_delete = {}});
  return {};
}

// The indexes of a split Job are divided once.
Status JobBridge::CheckIndexes(const Object& before, const Object& doc) const {
  if (SameAt(before, doc, {"spec", "completions"})) return {};
  auto stored = writer_.store().Latest(
      {"jobs.batch", std::string(kube::GetString(doc, {"metadata", "namespace"})),
       std::string(kube::GetString(doc, {"metadata", "name"}))});
  if (!stored || !stored->has_value()) return {};
  const auto* record = pump_.world().FindJob(JobId{(*stored)->created.value});
  if (record == nullptr || !record->split) return {};
  static constexpr kube::FieldPath kCompletions("spec.completions");
  kube::FieldErrors errors;
  errors.Forbidden(kCompletions, "may not be changed while the Job is split over clusters");
  return Fail(kube::Invalid(*writer_.registry().FindStorage("jobs.batch")->info,
                            kube::GetString(doc, {"metadata", "name"}), std::move(errors)));
}

Result<kube::JobWish> JobBridge::WishAlike(const Object& job, api::Admission::Memo* memo) const {
  struct Made {
    uint64_t policies;  // what it was made under
    kube::JobWish wish;
  };
  const auto* made = memo == nullptr ? nullptr : static_cast<const Made*>(memo->get());
  if (made == nullptr || made->policies != policies_changed_) {
    auto wish = JobAlone(job, std::string(kube::GetString(job, {"metadata", "namespace"})));
    if (wish && memo != nullptr) {
      *memo = std::make_shared<const Made>(Made{policies_changed_, *wish});
    }
    return Queued(job, std::move(wish));
  }
  return Queued(job, made->wish);
}

Result<kube::JobWish> JobBridge::Queued(const Object& job, Result<kube::JobWish> wish) const {
  if (!wish) return wish;
  if (Status queued = queues_.Queue(job, *wish); !queued) return Fail(queued.error());
  return wish;
}

Result<kube::JobWish> JobBridge::WishOf(const Object& job, const std::string& ns) const {
  return Queued(job, JobAlone(job, ns));
}

Result<kube::JobWish> JobBridge::JobAlone(const Object& job, const std::string& ns) const {
  std::vector<kube::PolicyDocument> local, global;
  for (auto it = policies_.lower_bound({ns, ""}); it != policies_.end() && it->first.ns == ns;
       ++it) {
    local.push_back(&it->second.get_object());
  }
  for (auto it = policies_.begin(); it != policies_.end() && it->first.ns.empty(); ++it) {
    global.push_back(&it->second.get_object());
  }
  auto policy = kube::SelectPolicy(job, local, global);
  if (!policy) return Fail(policy.error());
  return kube::JobSpecFrom(job, *policy, AskedIn(ns));
}

void JobBridge::Reconsider(const store::ObjectKey& job) {
  auto stored = writer_.store().Latest(job);
  if (!stored || !stored->has_value()) return;
  auto doc = kube::ParseJson(*(*stored)->body);
  if (!doc || !IsOurs(doc->get_object()) || HasDeletion(doc->get_object())) return;
  auto wish = WishOf(doc->get_object(), job.ns);
  if (!wish) return;
  pump_.Post(scheduler::JobChanged{JobId{(*stored)->created.value}, &wish->spec, wish->suspended,
                                   static_cast<int32_t>(wish->ttl_seconds)});
}

const kube::AskedLabels& JobBridge::AskedIn(const std::string& ns) const {
  auto [at, fresh] = asked_.try_emplace(ns);
  if (!fresh) return at->second;
  for (const auto& [key, policy] : policies_) {
    if (key.ns.empty() || key.ns == ns) kube::CollectAskedLabels(policy.get_object(), at->second);
  }
  return at->second;
}

void JobBridge::OnJob(const api::Written& change) {
  if (change.after == nullptr) {
    fleet_.Forget(JobId{change.created.value});
    deleting_.erase(JobId{change.created.value});
    return;
  }
  if (!IsOurs(*change.after)) return;
  if (change.before == nullptr) {
    Submit(change);
    return;
  }
  if (HasDeletion(*change.after)) {
    if (!HasDeletion(*change.before)) {
      deleting_.emplace(JobId{change.created.value}, change.key);
      pump_.Post(scheduler::JobDeleted{JobId{change.created.value}, Orphans(*change.after)});
    }
    return;
  }
  bool same = SameAt(*change.before, *change.after, {"metadata", "generation"}) &&
              SameAt(*change.before, *change.after, {"metadata", "labels"}) &&
              SameAt(*change.before, *change.after, {"metadata", "annotations"});
  if (!same) Change(change);
}

Status JobBridge::SubmitUnknown() {
  std::vector<store::Object> unknown;
  Status read = writer_.store().ScanLatest(
      {"jobs.batch", "", std::nullopt}, [&](const store::Object& object) {
        if (pump_.world().FindJob(JobId{object.created.value}) == nullptr) {
          unknown.push_back(object);
        }
        return true;
      });
  const api::ServedKind* kind = writer_.registry().FindStorage("jobs.batch");
  if (!read || kind == nullptr) return read;
  for (const store::Object& object : unknown) {
    auto doc = kube::ParseJson(*object.body);
    if (!doc || !doc->is_object() || !IsOurs(doc->get_object()) || HasEnded(doc->get_object())) {
      continue;
    }
    Submit({*kind, object.key, object.revision, object.created, nullptr, &doc->get_object()});
    if (!HasDeletion(doc->get_object())) continue;
    deleting_.emplace(JobId{object.created.value}, object.key);
    pump_.Post(scheduler::JobDeleted{JobId{object.created.value}, Orphans(doc->get_object())});
  }
  return {};
}

void JobBridge::PutBack(const store::ObjectKey& key, Revision revision, JobId job,
                        const Object& doc) {
  const api::ServedKind* kind = writer_.registry().FindStorage(key.resource);
  if (kind == nullptr || !IsOurs(doc)) return;
  Submit({*kind, key, revision, Revision{job.value}, nullptr, &doc});
}

void JobBridge::Submit(const api::Written& change) {
  // A new Job's uid was never seen before: what its check made is of this very document.
  bool known = kube::GetString(*change.after, {"metadata", "uid"}) == checked_uid_;
  auto wish =
      known ? Result<kube::JobWish>(std::move(checked_)) : WishOf(*change.after, change.key.ns);
  checked_uid_.clear();
  // A Job that was put back may name a policy that is lost. It runs already.
  if (!wish && change.revision != change.created) wish = kube::JobSpecFrom(*change.after, nullptr);
  if (!wish) {
    // Admission has looked at the very same document.
    Log(LogLevel::kError, "job {}/{} is not submitted: {}", change.key.ns, change.key.name,
        wish.error().message);
    return;
  }
  std::string name = change.key.ns + "/" + change.key.name;
  submitting_id_ = JobId{change.created.value};
  submitting_ = change.after;
  pump_.Post(scheduler::JobSubmitted{JobId{change.created.value}, &wish->spec, &name,
                                     wish->suspended, static_cast<int32_t>(wish->ttl_seconds)});
  submitting_id_ = JobId{};
  submitting_ = nullptr;
}

void JobBridge::Change(const api::Written& change) {
  auto wish = WishOf(*change.after, change.key.ns);
  if (!wish) return;
  pump_.Post(scheduler::JobChanged{JobId{change.created.value}, &wish->spec, wish->suspended,
                                   static_cast<int32_t>(wish->ttl_seconds), wish->approved});
}

std::optional<store::ObjectKey> JobBridge::Deleting(JobId job) const {
  auto found = deleting_.find(job);
  return found == deleting_.end() ? std::nullopt : std::optional(found->second);
}

void JobBridge::OnPolicy(const api::Written& change) {
  PolicyKey key{change.key.ns, change.key.name};
  if (change.after == nullptr) {
    policies_.erase(key);
  } else {
    policies_[key] = Value(*change.after, kube::StoragePtr());
  }
  ++policies_changed_;
  ReviewJobs(std::exchange(asked_, {}));
}

void JobBridge::ReviewJobs(const std::map<std::string, kube::AskedLabels>& asked_before) {
  std::set<std::string> asked_anew;
  for (const auto& [ns, before] : asked_before) {
    if (AskedIn(ns) != before) asked_anew.insert(ns);
  }
  bool under_way = !review_.empty();
  review_.clear();
  for (const auto& [job, record] : pump_.world().jobs()) {
    if (!record->spec || IsShard(job)) continue;
    // Others in the review of before may not have been reached yet; being asked twice is harmless.
    const bool waits = record->state == scheduler::JobState::kQueued;
    if (waits || under_way || asked_anew.contains(JobKey(record->name).ns)) review_.push_back(job);
  }
  if (!under_way && !review_.empty()) loop_.Post([this] { ReviewSome(); });
}

void JobBridge::ReviewSome() {
  for (size_t i = 0; i < kReviewPerTurn && !review_.empty(); ++i) {
    JobId job = review_.front();
    review_.pop_front();
    const scheduler::JobRecord* record = pump_.world().FindJob(job);
    if (record == nullptr || !record->spec) continue;
    if (IsWorkloadName(record->name)) continue;  // no policy is for it
    store::ObjectKey key = JobKey(record->name);
    auto doc = writer_.Read(key);
    if (!doc || !doc->has_value()) continue;
    auto wish = WishOf((*doc)->get_object(), key.ns);
    if (!wish) continue;
    if (record->state != scheduler::JobState::kQueued) {
      pump_.Post(scheduler::JobRelabeled{job, &wish->spec});
      continue;
    }
    pump_.Post(scheduler::JobChanged{job, &wish->spec, wish->suspended,
                                     static_cast<int32_t>(wish->ttl_seconds)});
  }
  if (!review_.empty()) loop_.Post([this] { ReviewSome(); });
}

}  // namespace fairway::gateway
