// Registry: the kinds that one API server serves, and how each is stored. Built once at start, then
// only read.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "clusters/kube/kinds/strategy.h"
#include "clusters/kube/schema/schema.h"

namespace fairway::gateway::api {

// "batch/v1"; "v1" for core.
std::string GroupVersion(std::string_view group, std::string_view version);

struct ServedKind {
  const kube::KindInfo* info = nullptr;
  const kube::Strategy* strategy = nullptr;
  std::string api_version;     // "batch/v1"
  std::string group_resource;  // "jobs.batch", as in error messages
  // store::ObjectKey::resource. Kinds of several groups may share it (events): one is the storage
  // form, the others are converted.
  std::string storage_resource;
  bool is_storage_form = true;
  // `{"kind":"Job","apiVersion":"batch/v1",`: every stored body begins with it.
  std::string body_prefix;

  const kube::KindInfo* operator->() const { return info; }
};

class Registry {
 public:
  // `served` names group/version/resource triples as "batch/v1/jobs" ("v1/pods" for core); empty =
  // every kind that has verbs and is not known to member clusters only.
  Registry(const kube::Schema& schema, const kube::Strategies& strategies,
           const std::vector<std::string>& served);

  const kube::Schema& schema() const { return schema_; }
  const std::vector<std::unique_ptr<ServedKind>>& kinds() const { return kinds_; }

  const ServedKind* FindResource(std::string_view group, std::string_view version,
                                 std::string_view resource) const;
  bool HasGroupVersion(std::string_view group, std::string_view version) const;
  // By ObjectKey::resource: the storage form.
  const ServedKind* FindStorage(std::string_view storage_resource) const;
  // By the apiVersion and kind of an object or an owner reference.
  const ServedKind* FindKind(std::string_view api_version, std::string_view kind) const;

 private:
  const kube::Schema& schema_;
  std::vector<std::unique_ptr<ServedKind>> kinds_;
  std::unordered_map<std::string, const ServedKind*> by_resource_;  // "batch/v1/jobs"
  std::unordered_map<std::string, const ServedKind*> by_storage_;
  std::unordered_map<std::string, const ServedKind*> by_kind_;  // "batch/v1/Job"
};

}  // namespace fairway::gateway::api
