// StoredRbac: the roles and bindings that are stored as objects, for the authorizer.
//
// Thread: the loop. Follows every staged change, so that a binding counts from the write on.
// Lifetime: the store outlives it.
#pragma once

#include <map>
#include <memory>

#include "clusters/kube/json.h"
#include "gateway/auth/rbac.h"
#include "scheduler/result.h"
#include "store/object_store.h"

namespace fairway::gateway::api {

// What a stored role or binding says. Total: what does not fit its kind is left out.
RbacRole ParseRole(std::string_view ns, std::string_view name, const kube::Object& doc);
RbacBinding ParseBinding(std::string_view ns, std::string_view name, const kube::Object& doc);

class StoredRbac final : public RbacSource {
 public:
  explicit StoredRbac(store::ObjectStore& store);

  // Reads what is stored. Once, before requests are served.
  Status Load();

  uint64_t generation() const override { return generation_; }
  void ForEachRole(const std::function<void(const RbacRole&)>& visit) const override;
  void ForEachBinding(const std::function<void(const RbacBinding&)>& visit) const override;

 private:
  void Take(const store::ObjectKey& key, const std::string& body);
  void Drop(const store::ObjectKey& key);

  store::ObjectStore& store_;
  uint64_t generation_ = 1;
  std::map<store::ObjectKey, RbacRole> roles_;
  std::map<store::ObjectKey, RbacBinding> bindings_;
  std::shared_ptr<int> life_ = std::make_shared<int>(0);
};

}  // namespace fairway::gateway::api
