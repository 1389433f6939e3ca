// QuotaBook: the flavors, cohorts and queues as they were written, by id and by name. Part of
// World. Two objects of one kind and name cannot be; if they are, the older one counts.
#pragma once

#include <absl/container/btree_map.h>
#include <absl/container/btree_set.h>

#include <string>
#include <string_view>
#include <utility>

#include "scheduler/quota/quota_spec.h"

namespace fairway::scheduler {

// One kind of named object.
template <typename ObjectId, typename Spec>
class NamedTable {
 public:
  using Objects = absl::btree_map<ObjectId, Spec>;

  // True when this is new or differs from what was known.
  bool Put(ObjectId id, const Spec& spec) {
    const auto [at, is_new] = objects_.try_emplace(id, spec);
    if (!is_new) {
      if (at->second == spec) return false;
      names_.erase({at->second.name, id});
      at->second = spec;
    }
    names_.emplace(spec.name, id);
    return true;
  }
  bool Erase(ObjectId id) {
    const auto at = objects_.find(id);
    if (at == objects_.end()) return false;
    names_.erase({at->second.name, id});
    objects_.erase(at);
    return true;
  }
  const Spec* Find(ObjectId id) const {
    const auto at = objects_.find(id);
    return at == objects_.end() ? nullptr : &at->second;
  }
  // 0 when there is none.
  ObjectId FindByName(std::string_view name) const {
    const auto at = names_.lower_bound({std::string(name), ObjectId{}});
    return at == names_.end() || at->first != name ? ObjectId{} : at->second;
  }
  const Objects& objects() const { return objects_; }

 private:
  Objects objects_;
  absl::btree_set<std::pair<std::string, ObjectId>> names_;
};

struct QuotaBook {
  NamedTable<FlavorId, FlavorSpec> flavors;
  NamedTable<CohortId, CohortSpec> cohorts;
  NamedTable<ClusterQueueId, ClusterQueueSpec> cluster_queues;
  NamedTable<LocalQueueId, LocalQueueSpec> local_queues;
};

}  // namespace fairway::scheduler
