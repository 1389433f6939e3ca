#include "clusters/member/copy_origin.h"

#include <utility>

#include "clusters/member/copy_failover.h"
#include "scheduler/names.h"
#include "scheduler/names_restore.h"

namespace fairway::clusters {

using kube::Array;
using kube::Object;
using kube::Value;

namespace {

void Take(const Object& from, kube::Path path, Object& to, std::string_view key) {
  if (const Value* value = kube::FindPath(from, path)) to.insert_or_assign(key, *value);
}

void Give(const Object& origin, std::string_view key, Object& to, std::string_view name) {
  if (const Value* value = kube::Find(origin, key)) to.insert_or_assign(name, *value);
}

void DropLabels(Object& holder, bool generated_too) {
  Object* labels = kube::GetObject(holder, {"metadata", "labels"});
  if (labels == nullptr) return;
  for (std::string_view ours : {names::kLabelUid, names::kLabelEpoch, names::kLabelGateway}) {
    kube::Erase(*labels, ours);
  }
  for (std::string_view generated :
       {"controller-uid", "job-name", "batch.kubernetes.io/controller-uid",
        "batch.kubernetes.io/job-name"}) {
    if (generated_too) kube::Erase(*labels, generated);
  }
  if (labels->empty()) kube::ErasePath(holder, {"metadata", "labels"});
}

Value PlacementFinalizers(const Object& origin) {
  Array finalizers;
  if (const Array* kept = kube::GetArray(origin, {"f"})) finalizers = *kept;
  for (const Value& finalizer : finalizers) {
    bool ours = finalizer.is_string() &&
                std::string_view(finalizer.get_string()) == names::kFinalizerPlacement;
    if (ours) return Value(std::move(finalizers));
  }
  finalizers.emplace_back(names::kFinalizerPlacement);
  return Value(std::move(finalizers));
}

// What an API server fills in that gave the Job its generated selector.
void RestoreSelector(std::string_view uid, std::string_view name, Object& spec) {
  spec["selector"] = Object{{"matchLabels", Object{{"batch.kubernetes.io/controller-uid", uid}}}};
  Object& labels = kube::EnsureObject(spec, {"template", "metadata", "labels"});
  labels["batch.kubernetes.io/controller-uid"] = uid;
  labels["batch.kubernetes.io/job-name"] = name;
  labels["controller-uid"] = uid;
  labels["job-name"] = name;
}

}  // namespace

std::string OriginOf(const Object& job) {
  Object origin;
  Take(job, {"metadata", "creationTimestamp"}, origin, "c");
  Take(job, {"metadata", "generation"}, origin, "g");
  Take(job, {"metadata", "generateName"}, origin, "n");
  Take(job, {"spec", "ttlSecondsAfterFinished"}, origin, "t");
  Take(job, {"spec", "managedBy"}, origin, "m");
  // The one that every Job has is put back anyway.
  const Array* finalizers = kube::GetArray(job, {"metadata", "finalizers"});
  bool others = finalizers != nullptr && finalizers->size() > 1;
  if (others) Take(job, {"metadata", "finalizers"}, origin, "f");
  std::string text = kube::Serialize(Value(origin));
  if (text.size() <= kOriginBytesMax) return text;
  kube::Erase(origin, "f");
  return kube::Serialize(Value(std::move(origin)));
}

Result<Value> RebuildJob(const Object& copy) {
  std::string uid(kube::GetString(copy, {"metadata", "labels", names::kLabelUid}));
  std::string name(kube::GetString(copy, {"metadata", "name"}));
  std::string ns(kube::GetString(copy, {"metadata", "namespace"}));
  const Object* spec = kube::GetObject(copy, {"spec"});
  if (uid.empty() || name.empty() || ns.empty() || spec == nullptr) {
    Error error;
    error.code = 422;
    error.reason = "Invalid";
    error.message = "Job " + ns + "/" + name + " carries no whole label of a gateway";
    return Fail(std::move(error));
  }
  // A copy of an earlier Fairway has none: the member's own time of creation must do.
  auto parsed =
      kube::ParseJson(kube::GetString(copy, {"metadata", "annotations", names::kAnnotationOrigin}));
  Object none;
  Take(copy, {"metadata", "creationTimestamp"}, none, "c");
  const Object& origin = parsed && parsed->is_object() ? parsed->get_object() : none;

  Object job{{"apiVersion", "batch/v1"}, {"kind", "Job"}};
  Object metadata{{"name", name}, {"namespace", ns}, {"uid", uid}, {"generation", 1}};
  Give(origin, "c", metadata, "creationTimestamp");
  Give(origin, "g", metadata, "generation");
  Give(origin, "n", metadata, "generateName");
  metadata["finalizers"] = PlacementFinalizers(origin);
  for (std::string_view kept : {"labels", "annotations"}) {
    if (const Object* map = kube::GetObject(copy, {"metadata", kept})) metadata[kept] = *map;
  }
  job["metadata"] = std::move(metadata);
  bool manual = kube::Get<bool>(*spec, {"manualSelector"}).value_or(false);
  DropLabels(job, true);
  if (Object* annotations = kube::GetObject(job, {"metadata", "annotations"})) {
    kube::Erase(*annotations, names::kAnnotationJob);
    kube::Erase(*annotations, names::kAnnotationOrigin);
    kube::Erase(*annotations, "batch.kubernetes.io/job-tracking");
    if (annotations->empty()) kube::ErasePath(job, {"metadata", "annotations"});
  }
  job["spec"] = *spec;
  Object& restored = job["spec"].get_object();
  DropLabels(kube::EnsureObject(restored, {"template"}), !manual);
  if (!manual) RestoreSelector(uid, name, restored);
  Give(origin, "t", restored, "ttlSecondsAfterFinished");
  Give(origin, "m", restored, "managedBy");
  RemoveFailoverContext(job);
  job["status"] = Object{};
  return Value(std::move(job));
}

}  // namespace fairway::clusters
