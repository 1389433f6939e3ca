// NodeModel: the nodes of a simulated cluster and which pods they hold. Plain value: no objects, no
// time.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "scheduler/resources.h"

namespace fairway::gateway {

class NodeModel {
 public:
  void AddNode(const std::string& name, const scheduler::Resources& allocatable);
  const std::vector<std::string>& names() const { return names_; }
  const scheduler::Resources& allocatable(const std::string& node) const;

  // Puts a pod on the first node with room; nothing when none has.
  std::optional<std::string> Place(const scheduler::Resources& request);
  void Release(const std::string& node, const scheduler::Resources& request);

 private:
  struct Node {
    scheduler::Resources allocatable, free;
  };
  std::map<std::string, Node> nodes_;
  std::vector<std::string> names_;
};

}  // namespace fairway::gateway
