// FieldSet: a set of field paths, as server-side apply keeps it per manager. A trie whose edges are
// the path elements of Kubernetes' FieldsV1 text form: f:<name>, k:{"name":"c"}, v:<json>.
//
// The model is that of Kubernetes' structured merge: a node may be owned itself ("." in FieldsV1)
// beside its children. Plain value; any thread.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "clusters/kube/json.h"

namespace fairway::kube {

class FieldSet {
 public:
  // True when this very path is a member.
  bool owned = false;
  std::map<std::string, FieldSet, std::less<>> children;

  bool empty() const { return !owned && children.empty(); }
  FieldSet& Child(std::string_view element);
  const FieldSet* Find(std::string_view element) const;

  void Union(const FieldSet& other);
  // Removes the members that `other` has; branches that become empty go.
  void Subtract(const FieldSet& other);
  FieldSet Intersection(const FieldSet& other) const;
  bool operator==(const FieldSet&) const = default;

  // FieldsV1: {"f:spec":{"f:parallelism":{}}}. Decode is total: what is no object counts as empty.
  Value ToFieldsV1(StoragePtr storage = {}) const;
  static FieldSet FromFieldsV1(const Value& fields);

  // A path element in the form of messages: .spec, [name="c"], [="v"].
  static std::string ShowElement(std::string_view element);
  // The member paths in that form, .spec.containers[name="c"].image: at each level the members
  // first and then what is below them, both in order.
  void AppendPaths(const std::string& prefix, std::vector<std::string>& paths) const;
};

}  // namespace fairway::kube
