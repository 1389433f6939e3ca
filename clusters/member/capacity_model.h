// CapacityModel: a member's free capacity, from the nodes and pods that its watches report. Pure.
//
// Memory: a few words per pod and node; the objects themselves are never kept.
//
// What counts as allocatable: nodes that are Ready, not cordoned, and without a taint that marks
// them as control plane or as out of order (node.kubernetes.io/*). Nodes with taints of the
// platform's own count, since Jobs may tolerate those. Requested: every pod that has not ended, is
// not ours (label fairway.flext.sh/gateway), and holds or waits for such a node; gated pods do not.
// Largest node free: per resource, the most that any one such node has free, our own pods counted
// in: a pod that asks for more fits nowhere now. The same nodes one by one: node_picture.h.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>

#include "clusters/kube/json.h"
#include "clusters/member/node_picture.h"
#include "clusters/member/uid_key.h"
#include "scheduler/cluster_view.h"
#include "scheduler/resources.h"

namespace fairway::clusters {

class CapacityModel {
 public:
  explicit CapacityModel(std::string gateway) : gateway_(std::move(gateway)) {}

  // A list begins; what it did not show by its end is gone.
  void BeginNodes() { ++node_round_; }
  void UpsertNode(const kube::Object& node);
  void RemoveNode(const kube::Object& node);
  void EndNodes();

  void BeginPods() { ++pod_round_; }
  void UpsertPod(const kube::Object& pod);
  void RemovePod(const kube::Object& pod);
  void EndPods();

  // Bound PersistentVolumeClaims, ours and others', at most kClaimsMax of them.
  static constexpr size_t kClaimsMax = 4096;
  void BeginClaims() { ++claim_round_; }
  void UpsertClaim(const kube::Object& claim);
  void RemoveClaim(const kube::Object& claim);
  void EndClaims();

  scheduler::Capacity Measure() const;
  size_t pods() const { return pods_.size(); }

 private:
  struct Node {
    bool known = false;  // seen itself, not only named by a pod
    bool usable = false;
    uint32_t round = 0;
    uint32_t pods = 0;
    NodeFacts facts;
    scheduler::Resources allocatable;
    scheduler::Resources used;     // by all pods on it
    scheduler::Resources foreign;  // by pods that are not ours
  };
  struct Pod {
    scheduler::Resources request;
    Node* node = nullptr;  // null: waits for one
    bool ours = false;
    uint32_t round = 0;
  };
  static UidKey KeyOf(const kube::Object& object);
  Node* NodeNamed(std::string_view name);
  void Charge(const Pod& pod);
  void Discharge(const Pod& pod);
  void Disable(Node& node);

  std::string gateway_;
  LabelPool labels_;                                     // of the nodes
  std::map<std::string, uint32_t, std::less<>> claims_;  // namespace/name -> round
  std::map<std::string, Node, std::less<>> nodes_;       // stable addresses: pods point to them
  std::unordered_map<UidKey, Pod, UidKeyHash> pods_;
  scheduler::Resources waiting_;  // foreign pods without a node
  uint32_t node_round_ = 0;
  uint32_t pod_round_ = 0;
  uint32_t claim_round_ = 0;
};

}  // namespace fairway::clusters
