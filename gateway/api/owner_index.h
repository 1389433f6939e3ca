// OwnerIndex: which objects name which owners, by uid. Holds only objects that have owners.
// Thread: the loop.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "clusters/kube/json.h"
#include "store/object_key.h"

namespace fairway::gateway::api {

struct OwnerReference {
  std::string api_version, kind, name, uid;
  bool blocks = false;  // blockOwnerDeletion
};

std::vector<OwnerReference> OwnersOf(const kube::Object& doc);

class OwnerIndex {
 public:
  // Replaces what is known of `key`; no owners = forget it.
  void Set(const store::ObjectKey& key, std::vector<OwnerReference> owners);
  const std::vector<OwnerReference>* Owners(const store::ObjectKey& key) const;
  // Objects that name `uid` as an owner.
  const std::set<store::ObjectKey>* Dependents(std::string_view uid) const;
  size_t size() const { return owners_.size(); }

 private:
  std::map<store::ObjectKey, std::vector<OwnerReference>> owners_;
  std::unordered_map<std::string, std::set<store::ObjectKey>> dependents_;
};

}  // namespace fairway::gateway::api
