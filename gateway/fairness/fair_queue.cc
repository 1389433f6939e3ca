#include "gateway/fairness/fair_queue.h"

#include <string>
#include <utility>

#include "gateway/fairness/flow_tree.h"
#include "scheduler/assert.h"

namespace fairway::gateway {

// Outlives the queue for as long as there are seats.
struct FairQueue::State {
  using Node = FlowNode;

  FairLimits limits;
  std::vector<ClassInfo> classes;
  std::function<void()> on_seat_free;
  FlowTree tree;
  std::vector<Node*> class_nodes;
  Node* serving = nullptr;
  size_t seats = 0;  // of all classes but the exempt ones

  Node* User(const Flow& flow) const {
    return FlowTree::Find(class_nodes[flow.class_index], flow.user);
  }
  Node& MakeUser(const Flow& flow) {
    Node& user = tree.Child(*class_nodes[flow.class_index], flow.user);
    user.seats_max = classes[flow.class_index].exempt ? limits.seats_max : limits.user_seats_max;
    return user;
  }
  bool Waits() const { return tree.root().queued > 0; }

  void Enqueue(Node& leaf, Item item);
  Item Dequeue(Node& leaf, std::list<Item>::iterator at);
  bool MakeRoom(const Flow& flow, const Item& item, std::vector<Item>& refused);
  Node* Largest(size_t Node::*measure) const;
  Item DropNewest(Node& user, size_t Node::*measure);
  Node* NextClass(bool writes) const;
  void Leave(Node& user, size_t class_index);
};

namespace {

FlowNode* LargestChild(const FlowNode& parent, size_t FlowNode::*measure) {
  FlowNode* largest = nullptr;
  for (const auto& [name, child] : parent.children) {
    // Names settle a tie, so that the order of a hash table decides nothing.
    bool more = largest == nullptr || (*child).*measure > largest->*measure ||
                ((*child).*measure == largest->*measure && child->name < largest->name);
    if (more) largest = child.get();
  }
  return largest;
}

void CollectLeaves(FlowNode& node, std::vector<FlowNode*>& leaves) {
  if (!node.items.empty()) leaves.push_back(&node);
  for (const auto& [name, child] : node.children) CollectLeaves(*child, leaves);
}

void DropHolds(FlowNode& node) {
  node.holds.clear();
  for (const auto& [name, child] : node.children) DropHolds(*child);
}

}  // namespace

void FairQueue::State::Enqueue(Node& leaf, Item item) {
  for (Node* each = &leaf; each != nullptr; each = each->parent) {
    ++each->queued;
    each->bytes += item.bytes;
  }
  leaf.items.push_back(std::move(item));
  tree.Settle(leaf);
}

// Does not settle: the caller may have more to do with the leaf.
FairQueue::Item FairQueue::State::Dequeue(Node& leaf, std::list<Item>::iterator at) {
  Item item = std::move(*at);
  leaf.items.erase(at);
  for (Node* each = &leaf; each != nullptr; each = each->parent) {
    --each->queued;
    each->bytes -= item.bytes;
  }
  if (leaf.queued <= kClientQueuedLow && leaf.bytes < kClientBytesHigh) leaf.holds.clear();
  Node& user = *leaf.parent->parent;
  if (!user.holds.empty()) user.holds.pop_front();
  return item;
}

FlowNode* FairQueue::State::Largest(size_t Node::*measure) const {
  Node* largest = nullptr;
  for (Node* each : class_nodes) {
    Node* user = LargestChild(*each, measure);
    if (user != nullptr && (largest == nullptr || user->*measure > largest->*measure)) {
      largest = user;
    }
  }
  return largest;
}

FairQueue::Item FairQueue::State::DropNewest(Node& user, size_t Node::*measure) {
  Node& leaf = *LargestChild(*LargestChild(user, measure), measure);
  Item item = Dequeue(leaf, std::prev(leaf.items.end()));
  tree.Settle(leaf);
  return item;
}

// The longest flow gives way to shorter ones. False: the new item's own is the longest.
bool FairQueue::State::MakeRoom(const Flow& flow, const Item& item, std::vector<Item>& refused) {
  struct Bound {
    size_t Node::*measure;
    size_t max, added;
  };
  for (const Bound& bound : {Bound{&Node::queued, limits.queued_max, 1},
                             Bound{&Node::bytes, limits.queued_bytes_max, item.bytes}}) {
    while (tree.root().*bound.measure + bound.added > bound.max) {
      Node* largest = Largest(bound.measure);
      Node* own = User(flow);
      size_t own_size = own == nullptr ? 0 : own->*bound.measure;
      if (largest == nullptr || largest == own ||
          largest->*bound.measure <= own_size + bound.added) {
        return false;
      }
      refused.push_back(DropNewest(*largest, bound.measure));
    }
  }
  return tree.size() + 3 <= limits.flows_max;
}

FlowNode* FairQueue::State::NextClass(bool writes) const {
  if (seats >= limits.seats_max) return nullptr;
  for (Node* each : tree.root().ready) {
    for (size_t i = 0; i < class_nodes.size(); ++i) {
      if (class_nodes[i] == each && (writes || !classes[i].writes)) return each;
    }
  }
  return nullptr;
}

void FairQueue::State::Leave(Node& user, size_t class_index) {
  --user.seats;
  --class_nodes[class_index]->seats;
  if (!classes[class_index].exempt) --seats;
  tree.Settle(user);
  if (Waits() && on_seat_free) on_seat_free();
}

FairQueue::FairQueue(std::vector<ClassInfo> classes, const FairLimits& limits,
                     std::function<void()> on_seat_free)
    : state_(std::make_shared<State>()) {
  state_->limits = limits;
  state_->classes = std::move(classes);
  state_->on_seat_free = std::move(on_seat_free);
  for (size_t i = 0; i < state_->classes.size(); ++i) {
    FlowNode& node = state_->tree.Child(state_->tree.root(), std::to_string(i));
    node.weight = state_->classes[i].weight;
    node.pinned = true;
    state_->class_nodes.push_back(&node);
  }
}

FairQueue::~FairQueue() {
  state_->on_seat_free = nullptr;
  // What waits goes now; seats that are still taken keep the tree, and only it, alive.
  std::vector<FlowNode*> leaves;
  CollectLeaves(state_->tree.root(), leaves);
  DropHolds(state_->tree.root());
  for (FlowNode* leaf : leaves) {
    while (!leaf->items.empty()) state_->Dequeue(*leaf, leaf->items.begin());
  }
}

FairQueue::Seat FairQueue::Sit(const std::shared_ptr<State>& state, FlowNode& user,
                               size_t class_index) {
  ++user.seats;
  ++state->class_nodes[class_index]->seats;
  if (!state->classes[class_index].exempt) ++state->seats;
  return Seat(&user, [state, class_index](FlowNode* node) { state->Leave(*node, class_index); });
}

FairQueue::Seat FairQueue::TrySeat(const Flow& flow) {
  bool exempt = state_->classes[flow.class_index].exempt;
  if (!exempt && (state_->Waits() || state_->seats >= state_->limits.seats_max)) return nullptr;
  if (state_->tree.size() >= state_->limits.flows_max && state_->User(flow) == nullptr) {
    return nullptr;
  }
  FlowNode& user = state_->MakeUser(flow);
  if (user.seats >= user.seats_max) return nullptr;
  Seat seat = Sit(state_, user, flow.class_index);
  state_->tree.Settle(user);
  return seat;
}

FairQueue::Added FairQueue::Add(const Flow& flow, Item item) {
  Added added;
  State& state = *state_;
  FlowNode* space = FlowTree::Find(state.User(flow), flow.ns);
  bool flow_full = space != nullptr && space->queued >= state.limits.flow_queued_max;
  if (flow_full || !state.MakeRoom(flow, item, added.refused)) {
    added.taken = false;
    added.refused.push_back(std::move(item));
    return added;
  }
  FlowNode& leaf = state.tree.Child(state.tree.Child(state.MakeUser(flow), flow.ns), flow.client);
  state.Enqueue(leaf, std::move(item));
  added.client_full = leaf.queued >= kClientQueuedHigh || leaf.bytes >= kClientBytesHigh;
  return added;
}

bool FairQueue::CanTake(bool writes) const { return state_->NextClass(writes) != nullptr; }

bool FairQueue::Take(bool writes, Turn& turn) {
  FAIRWAY_ASSERT(state_->serving == nullptr);
  FlowNode* node = state_->NextClass(writes);
  if (node == nullptr) return false;
  size_t class_index = 0;
  while (state_->class_nodes[class_index] != node) ++class_index;
  FlowNode* user = *node->ready.begin();
  FlowNode* leaf = *(*user->ready.begin())->ready.begin();
  state_->tree.BeginService(*leaf);
  state_->serving = leaf;
  turn.seat = Sit(state_, *user, class_index);
  turn.item = state_->Dequeue(*leaf, leaf->items.begin());
  return true;
}

void FairQueue::Charge(int64_t cost_ns) {
  FAIRWAY_ASSERT(state_->serving != nullptr);
  state_->tree.EndService(*std::exchange(state_->serving, nullptr), cost_ns);
}

void FairQueue::LimitUsers(size_t seats_max) {
  state_->limits.user_seats_max = seats_max;
  std::vector<FlowNode*> waiting;  // settling them deletes none of them
  for (size_t i = 0; i < state_->class_nodes.size(); ++i) {
    if (state_->classes[i].exempt) continue;
    for (const auto& [name, user] : state_->class_nodes[i]->children) {
      user->seats_max = seats_max;
      if (user->queued > 0) waiting.push_back(user.get());
    }
  }
  for (FlowNode* user : waiting) state_->tree.Settle(*user);
}

std::vector<FairQueue::Item> FairQueue::Expire(int64_t since_ms) {
  std::vector<FlowNode*> leaves;
  CollectLeaves(state_->tree.root(), leaves);
  std::vector<Item> expired;
  for (FlowNode* leaf : leaves) {
    bool changed = false;
    while (!leaf->items.empty() && leaf->items.front().since_ms < since_ms) {
      expired.push_back(state_->Dequeue(*leaf, leaf->items.begin()));
      changed = true;
    }
    if (changed) state_->tree.Settle(*leaf);
  }
  return expired;
}

void FairQueue::HoldClient(const Flow& flow, std::shared_ptr<void> hold) {
  FlowNode* space = FlowTree::Find(state_->User(flow), flow.ns);
  FlowNode* client = FlowTree::Find(space, flow.client);
  // One is enough.
  if (client != nullptr && client->holds.empty()) client->holds.push_back(std::move(hold));
}

void FairQueue::HoldUser(const Flow& flow, std::shared_ptr<void> hold) {
  FlowNode* user = state_->User(flow);
  if (user == nullptr || user->queued == 0) return;
  if (user->holds.size() < state_->limits.user_held_max) user->holds.push_back(std::move(hold));
}

void FairQueue::ReleaseHolds() { DropHolds(state_->tree.root()); }

size_t FairQueue::queued() const { return state_->tree.root().queued; }
size_t FairQueue::queued(size_t index) const { return state_->class_nodes[index]->queued; }
size_t FairQueue::queued_bytes() const { return state_->tree.root().bytes; }
size_t FairQueue::seats() const { return state_->seats; }
size_t FairQueue::seats(size_t index) const { return state_->class_nodes[index]->seats; }
size_t FairQueue::flows() const { return state_->tree.size() - state_->class_nodes.size(); }

}  // namespace fairway::gateway
