#include "gateway/driver/queue_objects.h"

#include <algorithm>
#include <utility>

#include "clusters/kube/kinds/fields.h"
#include "clusters/kube/kinds/kueue_names.h"
#include "clusters/kube/kinds/queue_spec.h"
#include "clusters/log.h"
#include "gateway/driver/deletion.h"
#include "gateway/driver/same_at.h"

namespace fairway::gateway {

using kube::Object;
using kube::Value;

namespace {

// Anything but the status has changed.
bool SpecChanged(const api::Written& change) {
  return change.before == nullptr ||
         !SameAt(*change.before, *change.after, {"metadata", "generation"}) ||
         !SameAt(*change.before, *change.after, {"metadata", "annotations"}) ||
         HasDeletion(*change.before) != HasDeletion(*change.after);
}

void AddFinalizer(Object& doc) {
  Object& metadata = kube::EnsureObject(doc, {"metadata"});
  Value* list = kube::Find(metadata, "finalizers");
  if (list == nullptr || !list->is_array()) {
    metadata.insert_or_assign("finalizers", kube::Array(doc.storage()));
    list = kube::Find(metadata, "finalizers");
  }
  for (const Value& each : list->get_array()) {
    if (kube::TextOf(each) == names::kFinalizerInUse) return;
  }
  list->get_array().push_back(Value(names::kFinalizerInUse, doc.storage()));
}

std::set<std::string> FlavorsOf(const Object& queue) {
  std::set<std::string> out;
  kube::ForEachObject(kube::ObjectOrEmpty(queue, "spec"), "resourceGroups",
                      [&](const Object& group, size_t) {
                        kube::ForEachObject(group, "flavors", [&](const Object& flavor, size_t) {
                          out.emplace(kube::GetString(flavor, {"name"}));
                        });
                      });
  return out;
}

}  // namespace

QueueObjects::QueueObjects(api::ObjectWriter& writer, CorePump& pump, Changed changed)
    : writer_(writer), pump_(pump), changed_(std::move(changed)) {}

Status QueueObjects::Load(std::string_view resource,
                          const std::function<void(const store::Object&, const Object&)>& put) {
  // Posting stages edits, which must wait until the scan is over.
  std::vector<std::pair<store::Object, Value>> stored;
  Status read = writer_.store().ScanLatest({std::string(resource), "", std::nullopt},
                                           [&](const store::Object& object) {
                                             if (auto doc = kube::ParseJson(*object.body)) {
                                               stored.emplace_back(object, std::move(*doc));
                                             }
                                             return true;
                                           });
  if (!read) return read;
  for (const auto& [object, doc] : stored) put(object, doc.get_object());
  return {};
}

Status QueueObjects::Start() {
  Status read = Load("namespaces", [&](const store::Object& object, const Object& doc) {
    namespaces_[object.key.name] =
        Value(kube::ObjectOrEmpty(kube::ObjectOrEmpty(doc, "metadata"), "labels"));
  });
  if (!read) return read;
  read = Load(kPriorityClasses, [&](const store::Object& object, const Object& doc) {
    priorities_[object.key.name] = static_cast<int32_t>(kube::GetInt(doc, "value").value_or(0));
  });
  if (!read) return read;
  read = Load(kFlavors, [&](const store::Object& object, const Object& doc) {
    PutFlavor(object.key.name, object.created, doc);
  });
  if (!read) return read;
  read = Load(kCohorts, [&](const store::Object& object, const Object& doc) {
    PutCohort(object.created, doc);
  });
  if (!read) return read;
  read = Load(kClusterQueues, [&](const store::Object& object, const Object& doc) {
    PutClusterQueue(object.key.name, object.created, doc);
  });
  if (!read) return read;
  read = Load(kLocalQueues, [&](const store::Object& object, const Object& doc) {
    PutLocalQueue({object.key.ns, object.key.name}, object.created, doc);
  });
  if (!read) return read;
  Follow("namespaces", &QueueObjects::OnNamespace);
  Follow(kPriorityClasses, &QueueObjects::OnPriorityClass);
  Follow(kFlavors, &QueueObjects::OnFlavor);
  Follow(kCohorts, &QueueObjects::OnCohort);
  Follow(kClusterQueues, &QueueObjects::OnClusterQueue);
  Follow(kLocalQueues, &QueueObjects::OnLocalQueue);
  for (std::string_view resource : {kFlavors, kClusterQueues}) {
    writer_.SetAdmission(
        std::string(resource),
        {.admit = [](const Object* before, Object& doc, std::string_view subresource) -> Status {
           if (before == nullptr && subresource.empty()) AddFinalizer(doc);
           return {};
         },
         .check = {},
         .admit_delete = {}});
  }
  return {};
}

void QueueObjects::Follow(std::string_view resource,
                          void (QueueObjects::*handle)(const api::Written&)) {
  writer_.Observe(std::string(resource),
                  [this, handle](const api::Written& change) { (this->*handle)(change); });
}

bool QueueObjects::HasLocalQueue(const std::string& ns, const std::string& name) const {
  return local_queues_.contains({ns, name});
}

std::optional<int32_t> QueueObjects::PriorityOf(const std::string& priority_class) const {
  auto found = priorities_.find(priority_class);
  return found == priorities_.end() ? std::nullopt : std::optional(found->second);
}

bool QueueObjects::IsTerminating(const std::string& cluster_queue) const {
  return deleted_queues_.contains(cluster_queue);
}

void QueueObjects::OnPriorityClass(const api::Written& change) {
  if (change.after == nullptr) {
    priorities_.erase(change.key.name);
  } else {
    priorities_[change.key.name] =
        static_cast<int32_t>(kube::GetInt(*change.after, "value").value_or(0));
  }
}

void QueueObjects::OnNamespace(const api::Written& change) {
  const std::string& name = change.key.name;
  if (change.after == nullptr) {
    namespaces_.erase(name);
  } else if (change.before != nullptr &&
             SameAt(*change.before, *change.after, {"metadata", "labels"})) {
    return;
  } else {
    namespaces_[name] =
        Value(kube::ObjectOrEmpty(kube::ObjectOrEmpty(*change.after, "metadata"), "labels"),
              kube::StoragePtr());
  }
  for (auto it = local_queues_.lower_bound({name, ""});
       it != local_queues_.end() && it->first.first == name; ++it) {
    PostLocalQueue(it->first, it->second);
  }
}

void QueueObjects::OnFlavor(const api::Written& change) {
  const std::string& name = change.key.name;
  if (change.after == nullptr) {
    deleted_flavors_.erase(name);
    pump_.Post(scheduler::FlavorRemoved{scheduler::FlavorId{change.created.value}});
  } else if (SpecChanged(change)) {
    PutFlavor(name, change.created, *change.after);
  }
}

void QueueObjects::PutFlavor(const std::string& name, Revision created, const Object& doc) {
  if (HasDeletion(doc)) deleted_flavors_.insert(name);
  const scheduler::FlavorSpec spec = kube::FlavorSpecFrom(doc);
  pump_.Post(scheduler::FlavorChanged{scheduler::FlavorId{created.value}, &spec});
}

void QueueObjects::OnCohort(const api::Written& change) {
  if (change.after == nullptr) {
    pump_.Post(scheduler::CohortRemoved{scheduler::CohortId{change.created.value}});
  } else if (SpecChanged(change)) {
    PutCohort(change.created, *change.after);
  } else {
    return;
  }
  changed_(kCohorts, "", change.key.name);
}

void QueueObjects::PutCohort(Revision created, const Object& doc) {
  auto spec = kube::CohortSpecFrom(doc);
  if (!spec) return Log(LogLevel::kError, "a stored Cohort: {}", spec.error().message);
  pump_.Post(scheduler::CohortChanged{scheduler::CohortId{created.value}, &*spec});
}

void QueueObjects::OnClusterQueue(const api::Written& change) {
  const std::string& name = change.key.name;
  if (change.after == nullptr) {
    cluster_queues_.erase(name);
    deleted_queues_.erase(name);
    pump_.Post(scheduler::ClusterQueueRemoved{scheduler::ClusterQueueId{change.created.value}});
    PostLocalQueuesOf(name);
  } else if (SpecChanged(change)) {
    PutClusterQueue(name, change.created, *change.after);
    PostLocalQueuesOf(name);
  } else {
    return;
  }
  changed_(kClusterQueues, "", name);
}

void QueueObjects::PutClusterQueue(const std::string& name, Revision created, const Object& doc) {
  auto spec = kube::ClusterQueueSpecFrom(doc);
  if (!spec) return Log(LogLevel::kError, "ClusterQueue {}: {}", name, spec.error().message);
  ClusterQueue& known = cluster_queues_[name];
  known.id = scheduler::ClusterQueueId{created.value};
  known.flavors = FlavorsOf(doc);
  known.namespaces.reset();
  if (const Object* selector = kube::GetObject(doc, {"spec", "namespaceSelector"})) {
    if (auto parsed = kube::LabelSelector::FromObject(*selector)) {
      known.namespaces = std::move(*parsed);
    }
  }
  if (HasDeletion(doc)) {
    deleted_queues_.insert(name);
    // What it has admitted runs on; nothing new is.
    if (spec->stop_policy == scheduler::StopPolicy::kNone) {
      spec->stop_policy = scheduler::StopPolicy::kHold;
    }
  }
  pump_.Post(scheduler::ClusterQueueChanged{known.id, &*spec});
}

void QueueObjects::OnLocalQueue(const api::Written& change) {
  const LocalKey key{change.key.ns, change.key.name};
  if (change.after == nullptr) {
    auto found = local_queues_.find(key);
    if (found != local_queues_.end()) {
      by_cluster_queue_[std::string(kube::GetString(found->second.doc.get_object(),
                                                    {"spec", "clusterQueue"}))]
          .erase(key);
      local_queues_.erase(found);
      writer_.AdmissionChanged();  // a default queue may be gone
    }
    pump_.Post(scheduler::LocalQueueRemoved{scheduler::LocalQueueId{change.created.value}});
  } else if (SpecChanged(change)) {
    PutLocalQueue(key, change.created, *change.after);
  } else {
    return;
  }
  changed_(kLocalQueues, key.first, key.second);
}

void QueueObjects::PutLocalQueue(const LocalKey& key, Revision created, const Object& doc) {
  if (!local_queues_.contains(key)) writer_.AdmissionChanged();  // it may be the default
  LocalQueue& known = local_queues_[key];
  known.id = scheduler::LocalQueueId{created.value};
  Object kept;  // the spec is small; the status is not ours to remember
  for (std::string_view part : {"metadata", "spec"}) {
    if (const Value* value = kube::Find(doc, part)) kept[part] = Value(*value, kube::StoragePtr());
  }
  known.doc = Value(std::move(kept));
  by_cluster_queue_[std::string(kube::GetString(doc, {"spec", "clusterQueue"}))].insert(key);
  PostLocalQueue(key, known);
}

bool QueueObjects::NamespaceAdmitted(const std::string& ns,
                                     const std::string& cluster_queue) const {
  auto queue = cluster_queues_.find(cluster_queue);
  if (queue == cluster_queues_.end() || !queue->second.namespaces) return false;
  auto labels = namespaces_.find(ns);
  return queue->second.namespaces->Matches(
      labels == namespaces_.end() ? nullptr : labels->second.if_object());
}

void QueueObjects::PostLocalQueue(const LocalKey& key, const LocalQueue& queue) {
  const Object& doc = queue.doc.get_object();
  const std::string cluster_queue(kube::GetString(doc, {"spec", "clusterQueue"}));
  const scheduler::LocalQueueSpec spec =
      kube::LocalQueueSpecFrom(doc, NamespaceAdmitted(key.first, cluster_queue));
  pump_.Post(scheduler::LocalQueueChanged{queue.id, &spec});
}

void QueueObjects::PostLocalQueuesOf(const std::string& cluster_queue) {
  auto found = by_cluster_queue_.find(cluster_queue);
  if (found == by_cluster_queue_.end()) return;
  for (const LocalKey& key : found->second) {
    if (auto queue = local_queues_.find(key); queue != local_queues_.end()) {
      PostLocalQueue(key, queue->second);
      changed_(kLocalQueues, key.first, key.second);
    }
  }
}

void QueueObjects::RemoveFinalizer(std::string_view resource, const std::string& name) {
  auto written = writer_.Mutate({std::string(resource), "", name}, "", [](Object& doc) -> Status {
    kube::Array* list = kube::GetArray(doc, {"metadata", "finalizers"});
    if (list == nullptr) return {};
    auto ours = [](const Value& each) { return kube::TextOf(each) == names::kFinalizerInUse; };
    list->erase(std::remove_if(list->begin(), list->end(), ours), list->end());
    if (list->empty()) kube::ErasePath(doc, {"metadata", "finalizers"});
    return {};
  });
  if (!written && written.error().code != 404) {
    Log(LogLevel::kError, "{} {}: not released: {}", resource, name, written.error().message);
  }
}

void QueueObjects::ReleaseUnused(
    const std::function<bool(const std::string& cluster_queue)>& in_use) {
  for (const std::string& name : std::set<std::string>(deleted_queues_)) {
    if (!in_use(name)) RemoveFinalizer(kClusterQueues, name);
  }
  for (const std::string& name : std::set<std::string>(deleted_flavors_)) {
    const bool named =
        std::any_of(cluster_queues_.begin(), cluster_queues_.end(),
                    [&](const auto& queue) { return queue.second.flavors.contains(name); });
    if (!named) RemoveFinalizer(kFlavors, name);
  }
}

}  // namespace fairway::gateway
