#include "gateway/api/registry.h"

#include <algorithm>

#include "clusters/kube/json.h"

namespace fairway::gateway::api {

std::string GroupVersion(std::string_view group, std::string_view version) {
  return group.empty() ? std::string(version) : std::string(group) + "/" + std::string(version);
}

namespace {

std::unique_ptr<ServedKind> MakeKind(const kube::KindInfo& info,
                                     const kube::Strategies& strategies) {
  auto kind = std::make_unique<ServedKind>();
  kind->info = &info;
  kind->strategy = &strategies.Get(info);
  kind->api_version = GroupVersion(info.group, info.version);
  kind->group_resource = info.group_resource();
  kind->is_storage_form = info.storage_group == info.group;
  kind->storage_resource = std::string(info.resource);
  if (!info.storage_group.empty()) {
    kind->storage_resource.append(".").append(info.storage_group);
  }
  kind->body_prefix = "{\"kind\":";
  kube::AppendJsonString(info.kind, kind->body_prefix);
  kind->body_prefix += ",\"apiVersion\":";
  kube::AppendJsonString(kind->api_version, kind->body_prefix);
  kind->body_prefix += ',';
  return kind;
}

const ServedKind* Lookup(const std::unordered_map<std::string, const ServedKind*>& map,
                         const std::string& key) {
  auto found = map.find(key);
  return found == map.end() ? nullptr : found->second;
}

}  // namespace

Registry::Registry(const kube::Schema& schema, const kube::Strategies& strategies,
                   const std::vector<std::string>& served)
    : schema_(schema) {
  for (const kube::KindInfo& info : schema.kinds()) {
    if (info.verbs.empty() || (served.empty() && info.member_only)) continue;
    std::string name = GroupVersion(info.group, info.version) + "/" + std::string(info.resource);
    if (!served.empty() && std::find(served.begin(), served.end(), name) == served.end()) continue;
    kinds_.push_back(MakeKind(info, strategies));
    const ServedKind* kind = kinds_.back().get();
    by_resource_.emplace(name, kind);
    by_kind_.emplace(kind->api_version + "/" + std::string(info.kind), kind);
    if (kind->is_storage_form && !info.ephemeral) by_storage_.emplace(kind->storage_resource, kind);
  }
}

const ServedKind* Registry::FindResource(std::string_view group, std::string_view version,
                                         std::string_view resource) const {
  return Lookup(by_resource_, GroupVersion(group, version) + "/" + std::string(resource));
}

bool Registry::HasGroupVersion(std::string_view group, std::string_view version) const {
  return std::any_of(kinds_.begin(), kinds_.end(), [&](const auto& kind) {
    return kind->info->group == group && kind->info->version == version;
  });
}

const ServedKind* Registry::FindStorage(std::string_view storage_resource) const {
  return Lookup(by_storage_, std::string(storage_resource));
}

const ServedKind* Registry::FindKind(std::string_view api_version, std::string_view kind) const {
  return Lookup(by_kind_, std::string(api_version) + "/" + std::string(kind));
}

}  // namespace fairway::gateway::api
