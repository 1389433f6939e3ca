#include "clusters/member/capacity_model.h"

#include <utility>

#include "clusters/member/pod_resources.h"
#include "scheduler/names.h"

namespace fairway::clusters {

using scheduler::Capacity;
using scheduler::Resources;

namespace {

bool IsReady(const kube::Object& node) {
  const kube::Array* conditions = kube::GetArray(node, {"status", "conditions"});
  for (size_t i = 0; conditions != nullptr && i < conditions->size(); ++i) {
    const kube::Value& condition = (*conditions)[i];
    if (kube::GetString(condition, {"type"}) == "Ready") {
      return kube::GetString(condition, {"status"}) == "True";
    }
  }
  return false;
}

bool IsTaintedAway(const kube::Object& node) {
  const kube::Array* taints = kube::GetArray(node, {"spec", "taints"});
  for (size_t i = 0; taints != nullptr && i < taints->size(); ++i) {
    std::string_view effect = kube::GetString((*taints)[i], {"effect"});
    if (effect != "NoSchedule" && effect != "NoExecute") continue;
    std::string_view key = kube::GetString((*taints)[i], {"key"});
    if (key.starts_with("node.kubernetes.io/") ||
        key.starts_with("node.cloudprovider.kubernetes.io/") ||
        key == "node-role.kubernetes.io/control-plane" || key == "node-role.kubernetes.io/master") {
      return true;
    }
  }
  return false;
}

bool HasEnded(const kube::Object& pod) {
  std::string_view phase = kube::GetString(pod, {"status", "phase"});
  return phase == "Succeeded" || phase == "Failed";
}

bool IsGated(const kube::Object& pod) {
  const kube::Array* gates = kube::GetArray(pod, {"spec", "schedulingGates"});
  return gates != nullptr && !gates->empty();
}

std::string NamespacedName(const kube::Object& object) {
  return std::string(kube::GetString(object, {"metadata", "namespace"})) + "/" +
         std::string(kube::GetString(object, {"metadata", "name"}));
}

Resources Minus(Resources a, const Resources& b) {
  a.Subtract(b);
  return a;
}

}  // namespace

UidKey CapacityModel::KeyOf(const kube::Object& object) {
  return UidKeyOf(kube::GetString(object, {"metadata", "uid"}), NamespacedName(object));
}

CapacityModel::Node* CapacityModel::NodeNamed(std::string_view name) {
  auto found = nodes_.find(name);
  if (found == nodes_.end()) found = nodes_.emplace(std::string(name), Node{}).first;
  return &found->second;
}

void CapacityModel::UpsertNode(const kube::Object& node) {
  std::string_view name = kube::GetString(node, {"metadata", "name"});
  if (name.empty()) return;
  Node* entry = NodeNamed(name);
  entry->known = true;
  entry->round = node_round_;
  entry->usable = IsReady(node) && !IsTaintedAway(node) &&
                  !kube::Get<bool>(node, {"spec", "unschedulable"}).value_or(false);
  ForgetNode(entry->facts, labels_);
  if (entry->usable) entry->facts = ReadNode(node, labels_);
  entry->allocatable = Resources{};
  if (const kube::Object* list = kube::GetObject(node, {"status", "allocatable"})) {
    // A node that reports nonsense has nothing to offer.
    entry->allocatable = ParseResourceList(*list, "status.allocatable").value_or(Resources{});
  }
}

void CapacityModel::Disable(Node& node) {
  node.known = node.usable = false;
  ForgetNode(node.facts, labels_);
}

void CapacityModel::RemoveNode(const kube::Object& node) {
  auto found = nodes_.find(kube::GetString(node, {"metadata", "name"}));
  if (found == nodes_.end()) return;
  Disable(found->second);
  if (found->second.pods == 0) nodes_.erase(found);
}

void CapacityModel::EndNodes() {
  for (auto it = nodes_.begin(); it != nodes_.end();) {
    Node& node = it->second;
    if (node.known && node.round != node_round_) Disable(node);
    it = !node.known && node.pods == 0 ? nodes_.erase(it) : std::next(it);
  }
}

void CapacityModel::Charge(const Pod& pod) {
  if (pod.node != nullptr) {
    ++pod.node->pods;
    pod.node->used.Add(pod.request);
    if (!pod.ours) pod.node->foreign.Add(pod.request);
  } else if (!pod.ours) {
    waiting_.Add(pod.request);
  }
}

void CapacityModel::Discharge(const Pod& pod) {
  if (pod.node != nullptr) {
    --pod.node->pods;
    pod.node->used.Subtract(pod.request);
    if (!pod.ours) pod.node->foreign.Subtract(pod.request);
  } else if (!pod.ours) {
    waiting_.Subtract(pod.request);
  }
}

void CapacityModel::UpsertPod(const kube::Object& pod) {
  const UidKey key = KeyOf(pod);
  const kube::Object* spec = kube::GetObject(pod, {"spec"});
  if (spec == nullptr || HasEnded(pod) || IsGated(pod)) return RemovePod(pod);
  Pod fresh;
  fresh.round = pod_round_;
  fresh.ours = kube::GetString(pod, {"metadata", "labels", names::kLabelGateway}) == gateway_;
  std::string_view node = kube::GetString(*spec, {"nodeName"});
  if (!node.empty()) fresh.node = NodeNamed(node);
  Resources unknown;  // a pod with nonsense in it still takes its place
  unknown.pods = 1;
  fresh.request = PodRequest(*spec).value_or(std::move(unknown));
  auto [entry, added] = pods_.try_emplace(key);
  if (!added) Discharge(entry->second);
  entry->second = std::move(fresh);
  Charge(entry->second);
}

void CapacityModel::RemovePod(const kube::Object& pod) {
  auto found = pods_.find(KeyOf(pod));
  if (found == pods_.end()) return;
  Discharge(found->second);
  pods_.erase(found);
}

void CapacityModel::EndPods() {
  for (auto it = pods_.begin(); it != pods_.end();) {
    if (it->second.round == pod_round_) {
      ++it;
      continue;
    }
    Discharge(it->second);
    it = pods_.erase(it);
  }
}

void CapacityModel::UpsertClaim(const kube::Object& claim) {
  if (kube::GetString(claim, {"status", "phase"}) != "Bound") return RemoveClaim(claim);
  const std::string name = NamespacedName(claim);
  const auto known = claims_.find(name);
  if (known != claims_.end()) {
    known->second = claim_round_;
  } else if (claims_.size() < kClaimsMax) {
    claims_.emplace(name, claim_round_);
  }
}

void CapacityModel::RemoveClaim(const kube::Object& claim) { claims_.erase(NamespacedName(claim)); }

void CapacityModel::EndClaims() {
  std::erase_if(claims_, [&](const auto& entry) { return entry.second != claim_round_; });
}

Capacity CapacityModel::Measure() const {
  Capacity out;
  NodePicture picture(labels_);
  out.requested = waiting_;
  for (const auto& [name, node] : nodes_) {
    if (!node.usable) continue;
    ++out.nodes;
    out.allocatable.Add(node.allocatable);
    out.requested.Add(node.foreign);
    Resources free = Minus(node.allocatable, node.used);
    out.largest_node_free = Larger(out.largest_node_free, free);
    out.largest_node_allocatable = Larger(out.largest_node_allocatable, node.allocatable);
    picture.Add(node.facts, node.allocatable, std::move(free));
  }
  picture.Finish(out);
  for (const auto& [name, round] : claims_) out.claims.push_back(name);
  return out;
}

}  // namespace fairway::clusters
