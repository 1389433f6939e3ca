// Which live jobs use which ConfigMaps, Secrets and ServiceAccounts, so that a change of one
// reaches the copies that run with it. Plain value; the loop.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "clusters/member/copy_manifest.h"
#include "scheduler/ids.h"
#include "store/object_key.h"

namespace fairway::gateway {

// The stored object that a reference of a Job in namespace `ns` means.
store::ObjectKey DependencyKey(const std::string& ns, const clusters::ObjectRef& ref);

class DependencyIndex {
 public:
  // Replaces what `job` was known to use.
  void Set(JobId job, const std::vector<store::ObjectKey>& keys);
  void Forget(JobId job);
  std::vector<JobId> UsersOf(const store::ObjectKey& key) const;

 private:
  std::map<store::ObjectKey, std::set<JobId>> users_;
  std::map<JobId, std::vector<store::ObjectKey>> uses_;
};

}  // namespace fairway::gateway
