#include "gateway/fairness/flow_tree.h"

#include <algorithm>

namespace fairway::gateway {

FlowNode& FlowTree::Child(FlowNode& parent, std::string_view name) {
  auto found = parent.children.find(name);
  if (found != parent.children.end()) return *found->second;
  auto node = std::make_unique<FlowNode>();
  node->parent = &parent;
  node->name = name;
  FlowNode& child = *node;
  parent.children.emplace(child.name, std::move(node));
  ++size_;
  return child;
}

FlowNode* FlowTree::Find(const FlowNode* parent, std::string_view name) {
  if (parent == nullptr) return nullptr;
  auto found = parent->children.find(name);
  return found == parent->children.end() ? nullptr : found->second.get();
}

void FlowTree::Settle(FlowNode& node) {
  for (FlowNode* each = &node; each != &root_;) {
    FlowNode* parent = each->parent;
    Place(*each);
    Sweep(*parent);
    each = parent;
  }
}

void FlowTree::Place(FlowNode& node) {
  FlowNode& parent = *node.parent;
  bool ready = !node.in_service && node.HasWork() && node.seats < node.seats_max;
  bool idle = !node.in_service && node.queued == 0 && node.seats == 0 && !node.pinned;
  if (node.is_idle && !idle) {
    parent.idle.erase(&node);
    node.is_idle = false;
  }
  if (node.is_ready && !ready) {
    parent.ready.erase(&node);
    node.is_ready = false;
  }
  if (ready && !node.is_ready) {
    node.start = std::max(parent.now, node.finish);
    node.sequence = ++sequence_;
    node.is_ready = true;
    parent.ready.insert(&node);
  }
  if (idle && !node.is_idle) {
    node.is_idle = true;
    parent.idle.insert(&node);
  }
}

// A flow that has paid off what it used is forgotten: it would come back with the tag of a new one.
// When nothing waits below the parent, nobody was kept waiting and all is paid off.
void FlowTree::Sweep(FlowNode& parent) {
  if (parent.idle.empty()) return;
  if (parent.queued == 0 && !parent.in_service) {
    parent.now = std::max(parent.now, (*parent.idle.rbegin())->finish);
  }
  while (!parent.idle.empty() && (*parent.idle.begin())->finish <= parent.now) {
    FlowNode& node = **parent.idle.begin();
    parent.idle.erase(parent.idle.begin());
    Remove(node);
  }
}

void FlowTree::Remove(FlowNode& node) {
  // An idle node has no children that are not idle themselves.
  size_t nodes = 0;
  auto count = [&nodes](auto&& self, const FlowNode& each) -> void {
    ++nodes;
    for (const auto& [name, child] : each.children) self(self, *child);
  };
  count(count, node);
  size_ -= nodes;
  node.parent->children.erase(node.name);
}

void FlowTree::BeginService(FlowNode& node) {
  for (FlowNode* each = &node; each != &root_; each = each->parent) {
    FlowNode& parent = *each->parent;
    parent.now = std::max(parent.now, each->start);
    parent.in_service = true;
    each->in_service = true;
    if (each->is_ready) parent.ready.erase(each);
    each->is_ready = false;
  }
}

void FlowTree::EndService(FlowNode& node, int64_t cost) {
  for (FlowNode* each = &node; each != &root_; each = each->parent) {
    each->in_service = false;
    each->finish = each->start + std::max<int64_t>(1, cost / each->weight);
  }
  root_.in_service = false;
  Settle(node);
}

}  // namespace fairway::gateway
