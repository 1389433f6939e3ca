#include "gateway/simulated/node_model.h"

#include "scheduler/assert.h"

namespace fairway::gateway {

void NodeModel::AddNode(const std::string& name, const scheduler::Resources& allocatable) {
  FAIRWAY_ASSERT(nodes_.emplace(name, Node{allocatable, allocatable}).second);
  names_.push_back(name);
}

const scheduler::Resources& NodeModel::allocatable(const std::string& node) const {
  return nodes_.at(node).allocatable;
}

std::optional<std::string> NodeModel::Place(const scheduler::Resources& request) {
  for (const std::string& name : names_) {
    Node& node = nodes_.at(name);
    if (!request.FitsIn(node.free)) continue;
    node.free.Subtract(request);
    return name;
  }
  return std::nullopt;
}

void NodeModel::Release(const std::string& node, const scheduler::Resources& request) {
  auto found = nodes_.find(node);
  if (found != nodes_.end()) found->second.free.Add(request);
}

}  // namespace fairway::gateway
