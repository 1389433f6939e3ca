#include "gateway/driver/workload_document.h"

#include <openssl/sha.h>

#include <algorithm>

#include "clusters/kube/kinds/kueue_names.h"

namespace fairway::gateway {

using kube::Array;
using kube::Object;
using kube::Value;

namespace {

constexpr size_t kNameBytesMax = 253;
constexpr size_t kHashDigits = 5;

std::string HashOf(std::string_view job_name, std::string_view job_uid) {
  std::string text = "Job\nbatch\n";
  text.append(job_name).append("\n").append(job_uid);
  unsigned char digest[SHA_DIGEST_LENGTH];
  SHA1(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest);
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string out;
  for (size_t i = 0; out.size() < kHashDigits; ++i) {
    out += kDigits[digest[i] >> 4];
    if (out.size() < kHashDigits) out += kDigits[digest[i] & 15];
  }
  return out;
}

// The Job's template without what the server added for its own Job.
Value TemplateOf(const Object& job, const kube::StoragePtr& sp) {
  const Value* found = kube::FindPath(job, {"spec", "template"});
  Value out = found == nullptr ? Value(Object(sp)) : Value(*found, sp);
  for (std::string_view label : {"controller-uid", "job-name", "batch.kubernetes.io/controller-uid",
                                 "batch.kubernetes.io/job-name"}) {
    kube::ErasePath(out.get_object(), {"metadata", "labels", label});
  }
  const Object* labels = kube::GetObject(out.get_object(), {"metadata", "labels"});
  if (labels != nullptr && labels->empty()) {
    kube::ErasePath(out.get_object(), {"metadata", "labels"});
  }
  const Object* metadata = kube::GetObject(out.get_object(), {"metadata"});
  if (metadata != nullptr && metadata->empty()) kube::Erase(out.get_object(), "metadata");
  return out;
}

void FillSpec(const Object& job, const WorkloadWish& wish, Object& spec) {
  const kube::StoragePtr& sp = spec.storage();
  Object pod_set(sp);
  pod_set.emplace("name", "main");
  pod_set.emplace("count", wish.count);
  if (wish.min_count > 0) pod_set.emplace("minCount", wish.min_count);
  pod_set.emplace("template", TemplateOf(job, sp));
  Array pod_sets(sp);
  pod_sets.push_back(std::move(pod_set));
  spec["podSets"] = std::move(pod_sets);
  spec["queueName"] = wish.queue;
  spec["priority"] = wish.priority;
  kube::Erase(spec, "priorityClassRef");
  if (!wish.priority_class.empty()) {
    spec["priorityClassRef"] = Object({{"group", "kueue.x-k8s.io"},
                                       {"kind", "WorkloadPriorityClass"},
                                       {"name", wish.priority_class}},
                                      sp);
  }
  kube::Erase(spec, "maximumExecutionTimeSeconds");
  if (wish.max_execution_seconds > 0) {
    spec["maximumExecutionTimeSeconds"] = wish.max_execution_seconds;
  }
}

}  // namespace

std::string WorkloadNameOf(std::string_view job_name, std::string_view job_uid) {
  std::string prefix = "job-" + std::string(job_name);
  prefix.resize(std::min(prefix.size(), kNameBytesMax - 1 - kHashDigits));
  return prefix + "-" + HashOf(job_name, job_uid);
}

Value WorkloadDocument(const Object& job, const WorkloadWish& wish, const kube::StoragePtr& sp) {
  const std::string_view name = kube::GetString(job, {"metadata", "name"});
  const std::string_view uid = kube::GetString(job, {"metadata", "uid"});
  Object owner({{"apiVersion", "batch/v1"},
                {"kind", "Job"},
                {"name", name},
                {"uid", uid},
                {"controller", true},
                {"blockOwnerDeletion", true}},
               sp);
  Object metadata(sp);
  metadata.emplace("name", WorkloadNameOf(name, uid));
  metadata.emplace("namespace", kube::GetString(job, {"metadata", "namespace"}));
  metadata.emplace("labels", Object({{names::kLabelJobUid, uid}}, sp));
  Array owners(sp);
  owners.push_back(std::move(owner));
  metadata.emplace("ownerReferences", std::move(owners));
  Object spec(sp);
  FillSpec(job, wish, spec);
  spec["active"] = true;
  Object doc({{"apiVersion", "kueue.x-k8s.io/v1beta2"}, {"kind", "Workload"}}, sp);
  doc.emplace("metadata", std::move(metadata));
  doc.emplace("spec", std::move(spec));
  return doc;
}

void FollowJob(const Object& job, const WorkloadWish& wish, Object& workload) {
  FillSpec(job, wish, kube::EnsureObject(workload, {"spec"}));
}

}  // namespace fairway::gateway
