// RestoreGate: after a restore, nothing is sent to any member before every one of them was asked
// what it has. Reads the mark that the restore has left in the store (store/restore.h), takes one
// complete list of each cluster, puts Jobs back that the store does not know, has the core's
// plan carried out (PlanRestored), and only then lets the Fleet connect. A cluster that does not
// answer keeps the gate closed until it does, or until its Cluster object is removed: then the
// operator vouches for it.
//
// A crash while the gate is closed leaves the mark, and the inventory is taken again. Everything it
// did before is harmless twice.
//
// Thread: the loop. Lifetime: all that is handed in outlives it. Memory: some words per copy.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "clusters/kubeconfig/kubeconfig.h"
#include "clusters/loop/loop.h"
#include "clusters/member/copy_lister.h"
#include "gateway/api/object_writer.h"
#include "gateway/driver/core_pump.h"
#include "scheduler/restored.h"
#include "store/restore.h"

namespace fairway::gateway {

class RestoreGate {
 public:
  // What waits for the gate to open.
  struct Kept {
    ClusterId cluster;
    std::string name;
    clusters::Access access;
  };
  struct Hooks {
    // The gate is open: this may be connected to.
    std::function<void(const Kept&)> connect;
    // A Job was put back into the store: the core is to hear of it.
    std::function<void(const store::ObjectKey& key, Revision revision, JobId job,
                       const kube::Object& doc)>
        put_back;
    // In the batch of what was decided, before anything is connected to. `summary` is for people.
    std::function<void(const scheduler::RestorePlan& plan, const std::string& summary)> decided;
  };

  RestoreGate(Loop& loop, api::ObjectWriter& writer, CorePump& pump, std::string gateway_id,
              Hooks hooks);

  // Reads the mark. Before any cluster is connected to.
  Status Load();
  bool closed() const { return closed_; }

  // Asks a cluster for its copies, again when its access has changed.
  Status Ask(ClusterId cluster, const std::string& name, clusters::Access access);
  bool Has(ClusterId cluster) const { return kept_.contains(cluster); }
  // Its access is broken, or it was removed.
  void Drop(ClusterId cluster);
  // Opens in a later turn if every cluster that the core knows has answered.
  void OpenWhenComplete();

  // The clusters that have not answered; "" while open.
  std::string Awaited() const;

 private:
  struct Inventory {
    std::unique_ptr<clusters::CopyLister> lister;
    std::vector<scheduler::FoundCopy> found;
    bool complete = false;
    std::string complaint;  // what was logged last
  };

  bool IsComplete() const;
  void Open();
  void Take(ClusterId cluster, const kube::Object& job);
  void PutBack(JobId id, const kube::Object& copy);
  // Whether a stored Job of that name stands in the way; one that must be older is let go of.
  bool IsTaken(const store::ObjectKey& key, JobId id);

  Loop& loop_;
  api::ObjectWriter& writer_;
  CorePump& pump_;
  const std::string gateway_id_;
  const Hooks hooks_;
  store::RestoreMark mark_;
  bool closed_ = false;
  std::map<ClusterId, Kept> kept_;
  std::map<ClusterId, Inventory> inventories_;
  size_t put_back_ = 0;
  std::shared_ptr<int> life_ = std::make_shared<int>(0);
};

}  // namespace fairway::gateway
