// NodePicture: a member's nodes for placement, as bounded classes (scheduler/node_class.h). Pure.
//
// Labels: a few words per label of a node; each value is kept once. A label with more than
// kLabelValuesMax values (kubernetes.io/hostname in a larger cluster) does not tell nodes apart: it
// is blurred. So are the most varied labels while there are more than kNodeClassesMax classes.
// Rooms: nodes with the same amounts are one room. Where there are more than kNodeRoomsMax, free
// amounts are rounded down and allocatable ones up, in ever larger steps, until there are not:
// nothing is promised that no node has, and nothing called impossible that some node could take.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "clusters/kube/json.h"
#include "scheduler/cluster_view.h"

namespace fairway::clusters {

inline constexpr size_t kLabelValuesMax = 16;

// The labels of the nodes that are known now, each value once.
class LabelPool {
 public:
  using Values = std::map<std::string, uint32_t, std::less<>>;  // value -> nodes that have it
  using Keys = std::map<std::string, Values, std::less<>>;
  struct Label {
    Keys::iterator key;
    Values::iterator value;
  };
  Label Add(std::string_view key, std::string_view value);
  void Remove(const Label& label);
  const Keys& keys() const { return keys_; }

 private:
  Keys keys_;
};

// One node as it is told.
struct NodeFacts {
  std::vector<LabelPool::Label> labels;  // by key
  std::vector<scheduler::Taint> taints;
};
NodeFacts ReadNode(const kube::Object& node, LabelPool& pool);
void ForgetNode(NodeFacts& facts, LabelPool& pool);

// Collects usable nodes, then puts them into classes.
class NodePicture {
 public:
  explicit NodePicture(const LabelPool& pool) : pool_(pool) {}
  // `facts` must outlive Finish.
  void Add(const NodeFacts& facts, const scheduler::Resources& allocatable,
           scheduler::Resources free);
  // Fills node_classes and blurred_labels.
  void Finish(scheduler::Capacity& out);

 private:
  struct Entry {
    const NodeFacts* facts;
    scheduler::Resources allocatable, free;
  };
  const LabelPool& pool_;
  std::vector<Entry> nodes_;
};

}  // namespace fairway::clusters
