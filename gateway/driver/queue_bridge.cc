#include "gateway/driver/queue_bridge.h"

#include <utility>

#include "clusters/kube/errors.h"
#include "clusters/kube/kinds/core_terms.h"
#include "clusters/kube/kinds/fields.h"
#include "clusters/kube/kinds/kueue_names.h"
#include "clusters/kube/kinds/queue_spec.h"
#include "gateway/driver/entry_name.h"

namespace fairway::gateway {

using kube::FieldErrors;
using kube::FieldPath;
using kube::Object;
using kube::Value;

namespace {

constexpr FieldPath kLabels("metadata.labels");

std::string_view LabelOf(const Object& doc, std::string_view label) {
  return kube::GetString(doc, {"metadata", "labels", label});
}

std::string JobName(const Object& job) {
  return std::string(kube::GetString(job, {"metadata", "namespace"})) + "/" +
         std::string(kube::GetString(job, {"metadata", "name"}));
}

Value TolerationDocument(const scheduler::Toleration& toleration, const kube::StoragePtr& sp) {
  Object out(sp);
  if (!toleration.key.empty()) out.emplace("key", toleration.key);
  out.emplace("operator", toleration.exists ? "Exists" : "Equal");
  if (!toleration.exists && !toleration.value.empty()) out.emplace("value", toleration.value);
  if (!toleration.any_effect) out.emplace("effect", kube::TaintEffectName(toleration.effect));
  return out;
}

bool Contains(const kube::Array& list, const Value& wanted) {
  for (const Value& each : list) {
    if (kube::Equal(each, wanted)) return true;
  }
  return false;
}

}  // namespace

QueueBridge::QueueBridge(Loop& loop, api::ObjectWriter& writer, CorePump& pump,
                         Workloads::Hooks hooks)
    : writer_(writer),
      pump_(pump),
      statuses_(
          loop, writer, pump,
          {.terminating = [this](const std::string& name) { return objects_.IsTerminating(name); },
           .written =
               [this] {
                 if (!objects_.HasDeleted()) return;
                 objects_.ReleaseUnused(
                     [this](const std::string& name) { return statuses_.InUse(name); });
               }}),
      objects_(writer, pump,
               [this](std::string_view resource, const std::string& ns, const std::string& name) {
                 statuses_.Touch(resource, ns, name);
               }),
      workloads_(loop, writer, pump, std::move(hooks)) {}

Status QueueBridge::Start() {
  if (Status started = objects_.Start(); !started) return started;
  if (Status started = workloads_.Start(); !started) return started;
  // The record of a client's Workload goes with its object.
  writer_.Observe(std::string(kWorkloads), [this](const api::Written& change) {
    if (change.after == nullptr) statuses_.Forget(JobId{change.created.value});
  });
  statuses_.TouchAll();
  return {};
}

void QueueBridge::JobRemoved(const api::Written& job) {
  workloads_.RemoveOf(job);
  statuses_.Forget(JobId{job.created.value});
}

Status QueueBridge::AdmitJob(const Object* before, Object& job) const {
  // Jobs that were there before the namespace had a default queue stay out of it.
  const bool is_new = before == nullptr || !LabelOf(*before, names::kLabelQueueName).empty();
  const std::string ns(kube::GetString(job, {"metadata", "namespace"}));
  if (is_new && LabelOf(job, names::kLabelQueueName).empty() &&
      objects_.HasLocalQueue(ns, std::string(names::kDefaultLocalQueue))) {
    kube::EnsureObject(job, {"metadata", "labels"})[names::kLabelQueueName] =
        names::kDefaultLocalQueue;
  }
  if (before == nullptr) return {};
  const std::string_view queue = LabelOf(job, names::kLabelQueueName);
  if (LabelOf(*before, names::kLabelQueueName) == queue || !workloads_.IsReserved(JobName(job))) {
    return {};
  }
  FieldErrors errors;
  errors.Invalid(kLabels.Key(names::kLabelQueueName), queue, "field is immutable");
  return Fail(kube::Invalid(*writer_.registry().FindStorage("jobs.batch")->info,
                            kube::GetString(job, {"metadata", "name"}), std::move(errors)));
}

Status QueueBridge::Queue(const Object& job, kube::JobWish& wish) const {
  if (LabelOf(job, names::kLabelQueueName).empty()) return {};
  FieldErrors errors;
  const kube::QueueWish asked = kube::QueueWishFrom(job, errors);
  const Workloads::Entry* entry = workloads_.Find(JobName(job));
  if (!asked.priority_class.empty()) {
    const auto priority = objects_.PriorityOf(asked.priority_class);
    if (entry != nullptr && entry->priority_class == asked.priority_class) {
      // Fixed when it was queued: a class that changes later is for later workloads.
      wish.spec.priority = entry->priority;
    } else if (priority) {
      wish.spec.priority = *priority;
    } else {
      errors.NotFound(kLabels.Key(names::kLabelPriorityClass), asked.priority_class);
    }
  }
  if (!errors.empty()) {
    return Fail(kube::Invalid(*writer_.registry().FindStorage("jobs.batch")->info,
                              kube::GetString(job, {"metadata", "name"}), std::move(errors)));
  }
  const std::string queue =
      std::string(kube::GetString(job, {"metadata", "namespace"})) + "/" + asked.queue;
  wish.spec.queueing = kube::QueueingFrom(job, asked, queue, wish.spec);
  for (scheduler::SplitWish& split : wish.spec.split) {
    if (wish.spec.queueing.max_execution_seconds > 0 && split.bar == scheduler::SplitBar::kNone) {
      split.bar = scheduler::SplitBar::kExecutionLimit;
    }
  }
  // spec.suspend is how clients of Kueue hand a Job over; whether it may run is the queue's to say.
  wish.suspended = entry != nullptr && !entry->active;
  return {};
}

void QueueBridge::Publish(const scheduler::JobRecord& record, const scheduler::Decision* decision,
                          const Object* job) {
  workloads_.Publish(record, decision, job);
  statuses_.TouchOf(record);
}

bool QueueBridge::FurnishCopy(const scheduler::JobRecord& record, Object& job) const {
  if (!record.quota || !record.quota->IsAdmitted() || record.quota->pod_sets.empty()) return false;
  Object& spec = kube::EnsureObject(job, {"spec"});
  const kube::StoragePtr& sp = spec.storage();
  spec["suspend"] = record.suspended;
  const scheduler::PodSetAdmission& admitted = record.quota->pod_sets.front();
  if (kube::GetInt(spec, "parallelism").value_or(1) > admitted.count) {
    spec["parallelism"] = admitted.count;
  }
  Object& pod = kube::EnsureObject(spec, {"template", "spec"});
  for (const scheduler::FlavorId id : admitted.flavors) {
    const scheduler::FlavorSpec* flavor = pump_.world().quota().flavors.Find(id);
    if (flavor == nullptr || flavor->tolerations.empty()) continue;
    Value* list = kube::Find(pod, "tolerations");
    if (list == nullptr || !list->is_array()) {
      pod.insert_or_assign("tolerations", kube::Array(sp));
      list = kube::Find(pod, "tolerations");
    }
    for (const scheduler::Toleration& each : flavor->tolerations) {
      Value toleration = TolerationDocument(each, sp);
      if (!Contains(list->get_array(), toleration)) {
        list->get_array().push_back(std::move(toleration));
      }
    }
  }
  return true;
}

}  // namespace fairway::gateway
