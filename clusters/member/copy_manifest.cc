#include "clusters/member/copy_manifest.h"

#include <fmt/core.h>

#include <array>

#include "clusters/kube/schema/leaf.h"
#include "clusters/member/copy_failover.h"
#include "clusters/member/copy_origin.h"
#include "scheduler/names.h"
#include "scheduler/names_restore.h"

namespace fairway::clusters {

namespace {

// Written by an API server or by another cluster's controllers.
constexpr std::array<std::string_view, 9> kServerMetadata = {"uid",
                                                             "resourceVersion",
                                                             "generation",
                                                             "creationTimestamp",
                                                             "managedFields",
                                                             "ownerReferences",
                                                             "finalizers",
                                                             "deletionTimestamp",
                                                             "deletionGracePeriodSeconds"};
constexpr std::array<std::string_view, 4> kGeneratedJobLabels = {
    "controller-uid", "job-name", "batch.kubernetes.io/controller-uid",
    "batch.kubernetes.io/job-name"};
constexpr std::string_view kLastApplied = "kubectl.kubernetes.io/last-applied-configuration";
constexpr std::string_view kTokenSecretType = "kubernetes.io/service-account-token";

Error BadObject(std::string message) {
  Error error;
  error.code = 422;
  error.reason = "Invalid";
  error.message = std::move(message);
  return error;
}

void StripMetadata(kube::Object& object) {
  kube::Object* metadata = kube::GetObject(object, {"metadata"});
  if (metadata == nullptr) return;
  for (std::string_view key : kServerMetadata) kube::Erase(*metadata, key);
  kube::Erase(*metadata, "selfLink");
  kube::Erase(*metadata, "generateName");
  if (kube::Object* annotations = kube::GetObject(*metadata, {"annotations"})) {
    kube::Erase(*annotations, kLastApplied);
    if (annotations->empty()) kube::Erase(*metadata, "annotations");
  }
}

void StripJobLabels(kube::Object& holder) {
  kube::Object* labels = kube::GetObject(holder, {"metadata", "labels"});
  if (labels == nullptr) return;
  for (std::string_view key : kGeneratedJobLabels) kube::Erase(*labels, key);
  if (labels->empty()) kube::ErasePath(holder, {"metadata", "labels"});
}

void StripJobSpec(kube::Object& spec) {
  bool manual = kube::Get<bool>(spec, {"manualSelector"}).value_or(false);
  if (!manual) {
    kube::Erase(spec, "selector");
    if (kube::Object* pod = kube::GetObject(spec, {"template"})) StripJobLabels(*pod);
  }
  kube::Erase(spec, "managedBy");
  kube::Erase(spec, "ttlSecondsAfterFinished");
}

// A null from the store (creationTimestamp in a template) means nothing and is refused nowhere, but
// would be owned by us under server-side apply.
void StripTemplateMetadata(kube::Object& spec) {
  if (kube::Object* metadata = kube::GetObject(spec, {"template", "metadata"})) {
    kube::Erase(*metadata, "creationTimestamp");
  }
}

void PutLabels(kube::Object& holder, std::string_view uid, const CopyTag& tag) {
  kube::Object& labels = kube::EnsureObject(holder, {"metadata", "labels"});
  labels[names::kLabelUid] = uid;
  labels[names::kLabelEpoch] = std::to_string(tag.epoch.value);
  labels[names::kLabelGateway] = tag.gateway;
}

}  // namespace

const kube::Omission& NotCopied() {
  static const kube::Omission omission{"metadata.managedFields", "status"};
  return omission;
}

Result<kube::Value> MakeJobCopy(kube::Value job, const CopyTag& tag) {
  kube::Object* source = job.if_object();
  bool is_job = source != nullptr && kube::GetString(*source, {"kind"}) == "Job" &&
                kube::GetString(*source, {"apiVersion"}) == "batch/v1";
  if (!is_job) return Fail(BadObject("not a batch/v1 Job"));
  std::string uid(kube::GetString(*source, {"metadata", "uid"}));
  bool named = !kube::GetString(*source, {"metadata", "name"}).empty() &&
               !kube::GetString(*source, {"metadata", "namespace"}).empty();
  if (!named || uid.empty()) return Fail(BadObject("the Job has no name, namespace or uid"));
  kube::Object& copy = *source;
  const std::string origin = OriginOf(copy);
  StripMetadata(copy);
  StripJobLabels(copy);
  kube::Erase(copy, "status");
  kube::Object* spec = kube::GetObject(copy, {"spec"});
  if (spec == nullptr || kube::GetObject(*spec, {"template"}) == nullptr) {
    return Fail(BadObject("the Job has no spec.template"));
  }
  StripJobSpec(*spec);
  StripTemplateMetadata(*spec);
  PutLabels(copy, uid, tag);
  PutLabels(*kube::GetObject(*spec, {"template"}), uid, tag);
  kube::Object& annotations = kube::EnsureObject(copy, {"metadata", "annotations"});
  annotations[names::kAnnotationJob] = std::to_string(tag.job.value);
  annotations[names::kAnnotationOrigin] = origin;
  if (tag.failover != nullptr) AddFailoverContext(copy, *tag.failover);
  return job;
}

Result<kube::Value> MakeDependencyCopy(const kube::Value& object, std::string_view gateway) {
  const kube::Object* source = object.if_object();
  if (source == nullptr) return Fail(BadObject("the dependency is not an object"));
  std::string_view kind = kube::GetString(*source, {"kind"});
  std::string_view name = kube::GetString(*source, {"metadata", "name"});
  bool known = kind == "ConfigMap" || kind == "Secret" || kind == "ServiceAccount";
  if (!known || kube::GetString(*source, {"apiVersion"}) != "v1") {
    return Fail(
        BadObject(fmt::format("{} cannot go with a Job: want a v1 ConfigMap, Secret or "
                              "ServiceAccount",
                              kube::GoQuote(kind))));
  }
  if (name.empty() || kube::GetString(*source, {"metadata", "namespace"}).empty()) {
    return Fail(BadObject(fmt::format("a {} that goes with a Job has no name or namespace", kind)));
  }
  if (kube::GetString(*source, {"type"}) == kTokenSecretType) {
    return Fail(BadObject(fmt::format(
        "Secret {} is a service account token of this cluster, which no other would accept",
        kube::GoQuote(name))));
  }
  kube::Object copy = *source;
  StripMetadata(copy);
  if (kind == "ServiceAccount") kube::Erase(copy, "secrets");
  kube::EnsureObject(copy, {"metadata", "labels"})[names::kLabelGateway] = gateway;
  return kube::Value(std::move(copy));
}

}  // namespace fairway::clusters
