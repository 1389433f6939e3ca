// FlowTree: the nodes of a FairQueue, their tags and their place among their siblings. Thread: the
// loop. Pure.
#pragma once

#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <unordered_map>

#include "gateway/fairness/fair_queue.h"

namespace fairway::gateway {

// One node. Invariants: `ready` of the parent holds it exactly when it may be served: something of
// it can run, it is not in service, and (users) it has a seat left. `idle` of the parent holds it
// exactly when nothing is queued or seated and its tag lies ahead of the parent's virtual time.
struct FlowNode {
  struct ByStart {
    bool operator()(const FlowNode* a, const FlowNode* b) const {
      return std::tie(a->start, a->sequence) < std::tie(b->start, b->sequence);
    }
  };
  struct ByFinish {
    bool operator()(const FlowNode* a, const FlowNode* b) const {
      return std::tie(a->finish, a->name) < std::tie(b->finish, b->name);
    }
  };

  FlowNode* parent = nullptr;
  std::string name;
  int64_t weight = 1;
  int64_t start = 0, finish = 0;  // tags in the parent's virtual time
  int64_t now = 0;                // virtual time of the children
  uint64_t sequence = 0;          // earlier ones win a tie
  size_t queued = 0, bytes = 0;   // of the whole subtree
  size_t seats = 0;               // of users and above
  size_t seats_max = SIZE_MAX;
  bool is_ready = false, is_idle = false, in_service = false;
  bool pinned = false;  // classes stay

  struct Hash {
    using is_transparent = void;
    size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
  };
  std::unordered_map<std::string, std::unique_ptr<FlowNode>, Hash, std::equal_to<>> children;
  std::set<FlowNode*, ByStart> ready;
  std::set<FlowNode*, ByFinish> idle;
  std::list<FairQueue::Item> items;        // of clients
  std::list<std::shared_ptr<void>> holds;  // of clients and users

  bool HasWork() const { return !items.empty() || !ready.empty(); }
};

class FlowTree {
 public:
  FlowNode& root() { return root_; }
  const FlowNode& root() const { return root_; }
  size_t size() const { return size_; }

  FlowNode& Child(FlowNode& parent, std::string_view name);
  static FlowNode* Find(const FlowNode* parent, std::string_view name);

  // Something changed in `node`: its place among the siblings, and its ancestors', are put right.
  // Nodes that are of no more use are deleted, `node` too.
  void Settle(FlowNode& node);
  // `node` and its ancestors leave the ready sets until EndService, which charges them.
  void BeginService(FlowNode& node);
  void EndService(FlowNode& node, int64_t cost);

 private:
  void Place(FlowNode& node);
  void Sweep(FlowNode& parent);
  void Remove(FlowNode& node);

  size_t size_ = 0;
  uint64_t sequence_ = 0;
  FlowNode root_;
};

}  // namespace fairway::gateway
