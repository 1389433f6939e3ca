#include "gateway/api/owner_index.h"

#include <utility>

namespace fairway::gateway::api {

std::vector<OwnerReference> OwnersOf(const kube::Object& doc) {
  std::vector<OwnerReference> owners;
  const kube::Array* list = kube::GetArray(doc, {"metadata", "ownerReferences"});
  if (list == nullptr) return owners;
  for (const kube::Value& item : *list) {
    if (!item.is_object()) continue;
    const kube::Object& reference = item.get_object();
    auto text = [&](std::string_view key) {
      return std::string(kube::GetString(reference, {key}));
    };
    owners.push_back({text("apiVersion"), text("kind"), text("name"), text("uid"),
                      kube::Get<bool>(reference, {"blockOwnerDeletion"}).value_or(false)});
  }
  return owners;
}

void OwnerIndex::Set(const store::ObjectKey& key, std::vector<OwnerReference> owners) {
  auto known = owners_.find(key);
  if (known != owners_.end()) {
    for (const OwnerReference& owner : known->second) {
      auto dependents = dependents_.find(owner.uid);
      if (dependents == dependents_.end()) continue;
      dependents->second.erase(key);
      if (dependents->second.empty()) dependents_.erase(dependents);
    }
    owners_.erase(known);
  }
  if (owners.empty()) return;
  for (const OwnerReference& owner : owners) dependents_[owner.uid].insert(key);
  owners_.emplace(key, std::move(owners));
}

const std::vector<OwnerReference>* OwnerIndex::Owners(const store::ObjectKey& key) const {
  auto known = owners_.find(key);
  return known == owners_.end() ? nullptr : &known->second;
}

const std::set<store::ObjectKey>* OwnerIndex::Dependents(std::string_view uid) const {
  auto known = dependents_.find(std::string(uid));
  return known == dependents_.end() ? nullptr : &known->second;
}

}  // namespace fairway::gateway::api
