// ClusterBridge: Cluster objects and their Secrets on one side, Members and the core's view of
// clusters on the other; writes each Cluster's status. No decisions.
//
// Thread: the loop. Lifetime: all that is handed in outlives it.
#pragma once

#include <map>
#include <string>

#include "clusters/kube/json.h"
#include "clusters/loop/loop.h"
#include "gateway/api/object_writer.h"
#include "gateway/driver/core_pump.h"
#include "gateway/driver/fleet.h"

namespace fairway::gateway {

class ClusterBridge {
 public:
  // Clusters of the configuration file: their access is trusted (files, exec plugins) and stays in
  // memory. By Cluster name.
  using TrustedAccess = std::map<std::string, clusters::Access>;

  ClusterBridge(Loop& loop, api::ObjectWriter& writer, CorePump& pump, Fleet& fleet,
                TrustedAccess trusted);

  // Tells the core of every stored Cluster and connects to it, then follows changes.
  Status Start();

  // The inventory after a restore is complete, and the cluster was connected to.
  void Restored(ClusterId cluster, const Status& connected);
  void LinkChanged(ClusterId cluster);
  // Its capacity, or what is placed there: its status is written again soon.
  void CapacityChanged(ClusterId cluster);

 private:
  struct Known {
    ClusterId id;
    kube::Value doc;
    std::string access_error;
    Call status_timer;  // a status write is due
  };

  void OnCluster(const api::Written& change);
  void OnSecret(const api::Written& change);
  void Join(const std::string& name, ClusterId id, const kube::Object& doc);
  void Connect(Known& known, const std::string& name);
  void ScheduleStatus(ClusterId cluster, int64_t delay_ms);
  void WriteStatus(const std::string& name);
  Known* Find(ClusterId cluster, std::string* name);

  Loop& loop_;
  api::ObjectWriter& writer_;
  CorePump& pump_;
  Fleet& fleet_;
  TrustedAccess trusted_;
  std::map<std::string, Known> clusters_;
  std::map<ClusterId, std::string> names_;
};

}  // namespace fairway::gateway
