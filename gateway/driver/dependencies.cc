#include "gateway/driver/dependencies.h"

namespace fairway::gateway {

store::ObjectKey DependencyKey(const std::string& ns, const clusters::ObjectRef& ref) {
  std::string_view resource = ref.kind == "ConfigMap" ? "configmaps"
                              : ref.kind == "Secret"  ? "secrets"
                                                      : "serviceaccounts";
  return {std::string(resource), ns, ref.name};
}

void DependencyIndex::Set(JobId job, const std::vector<store::ObjectKey>& keys) {
  Forget(job);
  if (keys.empty()) return;
  for (const store::ObjectKey& key : keys) users_[key].insert(job);
  uses_[job] = keys;
}

void DependencyIndex::Forget(JobId job) {
  auto found = uses_.find(job);
  if (found == uses_.end()) return;
  for (const store::ObjectKey& key : found->second) {
    auto users = users_.find(key);
    if (users == users_.end()) continue;
    users->second.erase(job);
    if (users->second.empty()) users_.erase(users);
  }
  uses_.erase(found);
}

std::vector<JobId> DependencyIndex::UsersOf(const store::ObjectKey& key) const {
  auto found = users_.find(key);
  if (found == users_.end()) return {};
  return {found->second.begin(), found->second.end()};
}

}  // namespace fairway::gateway
