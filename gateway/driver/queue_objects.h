// QueueObjects: what the platform team writes about quota (ResourceFlavor, Cohort, ClusterQueue,
// LocalQueue, WorkloadPriorityClass) and the Namespaces that ClusterQueues select by, on one side;
// the core's events about them on the other. No decisions.
//
// Thread: the loop. Lifetime: writer and pump outlive it.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "clusters/kube/json.h"
#include "clusters/kube/selector.h"
#include "gateway/api/object_writer.h"
#include "gateway/driver/core_pump.h"

namespace fairway::gateway {

inline constexpr std::string_view kFlavors = "resourceflavors.kueue.x-k8s.io";
inline constexpr std::string_view kCohorts = "cohorts.kueue.x-k8s.io";
inline constexpr std::string_view kClusterQueues = "clusterqueues.kueue.x-k8s.io";
inline constexpr std::string_view kLocalQueues = "localqueues.kueue.x-k8s.io";
inline constexpr std::string_view kPriorityClasses = "workloadpriorityclasses.kueue.x-k8s.io";

class QueueObjects {
 public:
  // `changed` is told of each object of a queue or cohort that was made, changed or removed.
  using Changed = std::function<void(std::string_view resource, const std::string& ns,
                                     const std::string& name)>;

  QueueObjects(api::ObjectWriter& writer, CorePump& pump, Changed changed);

  // Tells the core of everything that is stored, then follows changes. Before the jobs.
  Status Start();

  bool HasLocalQueue(const std::string& ns, const std::string& name) const;
  std::optional<int32_t> PriorityOf(const std::string& priority_class) const;

  // Called when quota was given back: lets go of deleted ClusterQueues that hold none (`in_use`
  // says so) and of deleted flavors that no queue names.
  void ReleaseUnused(const std::function<bool(const std::string& cluster_queue)>& in_use);
  bool HasDeleted() const { return !deleted_queues_.empty() || !deleted_flavors_.empty(); }
  // Whether the object is marked for deletion.
  bool IsTerminating(const std::string& cluster_queue) const;

 private:
  struct ClusterQueue {
    scheduler::ClusterQueueId id;
    std::optional<kube::LabelSelector> namespaces;  // absent = none
    std::set<std::string> flavors;
  };
  struct LocalQueue {
    scheduler::LocalQueueId id;
    kube::Value doc;
  };
  using LocalKey = std::pair<std::string, std::string>;  // namespace, name

  void Follow(std::string_view resource, void (QueueObjects::*handle)(const api::Written&));
  void OnFlavor(const api::Written& change);
  void OnCohort(const api::Written& change);
  void OnClusterQueue(const api::Written& change);
  void OnLocalQueue(const api::Written& change);
  void OnPriorityClass(const api::Written& change);
  void OnNamespace(const api::Written& change);
  void PutFlavor(const std::string& name, Revision created, const kube::Object& doc);
  void PutCohort(Revision created, const kube::Object& doc);
  void PutClusterQueue(const std::string& name, Revision created, const kube::Object& doc);
  void PutLocalQueue(const LocalKey& key, Revision created, const kube::Object& doc);
  void PostLocalQueue(const LocalKey& key, const LocalQueue& queue);
  void PostLocalQueuesOf(const std::string& cluster_queue);
  bool NamespaceAdmitted(const std::string& ns, const std::string& cluster_queue) const;
  Status Load(std::string_view resource,
              const std::function<void(const store::Object&, const kube::Object&)>& put);
  void RemoveFinalizer(std::string_view resource, const std::string& name);

  api::ObjectWriter& writer_;
  CorePump& pump_;
  Changed changed_;
  std::map<std::string, ClusterQueue> cluster_queues_;
  std::map<LocalKey, LocalQueue> local_queues_;
  std::map<std::string, std::set<LocalKey>> by_cluster_queue_;
  std::map<std::string, int32_t> priorities_;
  std::map<std::string, kube::Value> namespaces_;  // labels
  std::set<std::string> deleted_queues_, deleted_flavors_;
};

}  // namespace fairway::gateway
