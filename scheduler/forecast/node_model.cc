#include "scheduler/forecast/node_model.h"

#include <algorithm>
#include <utility>

#include "scheduler/policy/node_fit.h"
#include "scheduler/policy/node_rooms.h"

namespace fairway::scheduler {
namespace {

std::vector<Resources> OneByOne(std::vector<NodeRoom> rooms) {
  std::vector<Resources> out;
  for (const NodeRoom& room : rooms) {
    for (int32_t i = 0; i < room.nodes; ++i) out.push_back(room.amounts);
  }
  std::sort(out.begin(), out.end(), IsRoomier);
  return out;
}

Resources OnePod(const SpecEntry& spec) {
  Resources pod = spec.pod;
  pod.pods = 1;
  return pod;
}

void Narrow(Resources& amounts, const Resources& limit) {
  amounts.cpu_milli = std::min(amounts.cpu_milli, limit.cpu_milli);
  amounts.memory_bytes = std::min(amounts.memory_bytes, limit.memory_bytes);
  amounts.ephemeral_storage_bytes =
      std::min(amounts.ephemeral_storage_bytes, limit.ephemeral_storage_bytes);
  amounts.pods = std::min(amounts.pods, limit.pods);
  for (auto& [name, amount] : amounts.extended) amount = std::min(amount, limit.GetExtended(name));
}

}  // namespace

NodeModel::NodeModel(Capacity observed) : base_(std::move(observed)) {
  for (size_t c = 0; c < base_.node_classes.size(); ++c) {
    // The n-th freest node is taken to be the n-th largest: exact where a class's nodes are alike.
    const std::vector<Resources> free = OneByOne(base_.node_classes[c].free);
    const std::vector<Resources> whole = OneByOne(base_.node_classes[c].whole);
    for (size_t i = 0; i < free.size(); ++i) {
      nodes_.push_back({c, free[i], i < whole.size() ? whole[i] : free[i]});
    }
  }
}

void NodeModel::Put(JobId job, const SpecEntry& spec, int64_t pods) {
  Spots& spots = spots_[job];
  const Resources pod = OnePod(spec);
  const NodeWish* wish = spec.rules() == nullptr ? nullptr : &spec.rules()->nodes;
  while (pods > 0) {
    size_t best = nodes_.size();
    for (size_t i = 0; i < nodes_.size(); ++i) {
      const NodeClass& of = base_.node_classes[nodes_[i].cls];
      if (best < nodes_.size() && nodes_[i].free.cpu_milli <= nodes_[best].free.cpu_milli) continue;
      if (PodsThatFit(spec.pod, nodes_[i].free, 1) == 0) continue;
      if (!MatchesNodeTaints(wish, of) || !MatchesNodeLabels(wish, of, base_)) continue;
      best = i;
    }
    if (best == nodes_.size()) return;
    nodes_[best].free.Subtract(pod);
    spots.emplace_back(best, 1);
    --pods;
  }
}

void NodeModel::Take(JobId job, const SpecEntry& spec, int64_t pods) {
  const auto at = spots_.find(job);
  if (at == spots_.end()) return TakeUnknown(spec, pods);
  const Resources pod = OnePod(spec);
  for (const auto& [node, count] : at->second) {
    for (int64_t i = 0; i < count; ++i) nodes_[node].free.Add(pod);
  }
  spots_.erase(at);
}

void NodeModel::TakeUnknown(const SpecEntry& spec, int64_t pods) {
  const Resources pod = OnePod(spec);
  if (nodes_.empty()) {
    // No node was told: the roomiest one grows, up to an empty one. The sums hold anyway.
    if (base_.largest_node_allocatable == Resources{}) return;
    for (; pods > 0; --pods) base_.largest_node_free.Add(pod);
    return Narrow(base_.largest_node_free, base_.largest_node_allocatable);
  }
  const NodeWish* wish = spec.rules() == nullptr ? nullptr : &spec.rules()->nodes;
  for (; pods > 0; --pods) {
    size_t best = nodes_.size();
    for (size_t i = 0; i < nodes_.size(); ++i) {
      const NodeClass& of = base_.node_classes[nodes_[i].cls];
      Resources after = nodes_[i].free;
      after.Add(pod);
      if (!after.FitsIn(nodes_[i].whole)) continue;
      if (!MatchesNodeTaints(wish, of) || !MatchesNodeLabels(wish, of, base_)) continue;
      if (best < nodes_.size() && !IsRoomier(nodes_[best].free, nodes_[i].free)) continue;
      best = i;
    }
    if (best == nodes_.size()) return;  // it was not observed there yet
    nodes_[best].free.Add(pod);
  }
}

Capacity NodeModel::Observed() const {
  Capacity out = base_;
  if (nodes_.empty()) return out;
  out.largest_node_free = {};
  std::vector<std::vector<Resources>> free(out.node_classes.size());
  for (const Node& node : nodes_) {
    free[node.cls].push_back(node.free);
    Widen(out.largest_node_free, node.free);
  }
  for (size_t c = 0; c < free.size(); ++c) {
    out.node_classes[c].free = RoomsOf(std::move(free[c]));
  }
  return out;
}

}  // namespace fairway::scheduler
