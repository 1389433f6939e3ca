#include "gateway/api/discovery.h"

#include <openssl/sha.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "clusters/kube/errors.h"
#include "clusters/kube/json.h"
#include "gateway/api/negotiation.h"
#include "gateway/api/reply.h"

namespace fairway::gateway::api {

namespace {

using kube::Array;
using kube::Object;

std::string UpperHexSha512(std::string_view text) {
  unsigned char digest[SHA512_DIGEST_LENGTH];
  SHA512(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest);
  constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string out;
  for (unsigned char byte : digest) {
    out += kHex[byte >> 4];
    out += kHex[byte & 15];
  }
  return out;
}

Array Texts(const std::vector<std::string_view>& texts) {
  Array array;
  for (std::string_view text : texts) array.emplace_back(text);
  return array;
}

Object LegacyResource(const ServedKind& kind) {
  const kube::KindInfo& info = *kind.info;
  Object row{{"name", info.resource},
             {"singularName", info.singular},
             {"namespaced", info.namespaced},
             {"kind", info.kind},
             {"verbs", Texts(info.verbs)}};
  if (!info.short_names.empty()) row["shortNames"] = Texts(info.short_names);
  if (!info.categories.empty()) row["categories"] = Texts(info.categories);
  return row;
}

Object LegacySubresource(const ServedKind& kind, const kube::Subresource& sub) {
  Object row{{"name", std::string(kind.info->resource) + "/" + std::string(sub.name)},
             {"singularName", ""},
             {"namespaced", kind.info->namespaced}};
  if (!sub.kind.empty()) {
    row["group"] = sub.group;
    row["version"] = sub.version;
  }
  row["kind"] = sub.kind.empty() ? kind.info->kind : sub.kind;
  row["verbs"] = Texts(sub.verbs);
  return row;
}

Object ResponseKind(std::string_view group, std::string_view version, std::string_view kind) {
  return {{"group", group}, {"version", version}, {"kind", kind}};
}

Object AggregatedResource(const ServedKind& kind) {
  const kube::KindInfo& info = *kind.info;
  Object row{{"resource", info.resource},
             {"responseKind", ResponseKind(info.group, info.version, info.kind)},
             {"scope", info.namespaced ? "Namespaced" : "Cluster"},
             {"singularResource", info.singular},
             {"verbs", Texts(info.verbs)}};
  if (!info.short_names.empty()) row["shortNames"] = Texts(info.short_names);
  if (!info.categories.empty()) row["categories"] = Texts(info.categories);
  Array subs;
  for (const kube::Subresource& sub : info.subresources) {
    subs.push_back(
        Object{{"subresource", sub.name},
               {"responseKind", sub.kind.empty() ? ResponseKind(info.group, info.version, info.kind)
                                                 : ResponseKind(sub.group, sub.version, sub.kind)},
               {"verbs", Texts(sub.verbs)}});
  }
  if (!subs.empty()) row["subresources"] = std::move(subs);
  return row;
}

// Groups and their versions, both in the order of preference.
struct Version {
  std::string_view name;
  std::vector<const ServedKind*> kinds;
};
struct Group {
  std::string_view name;
  std::vector<Version> versions;
};

std::vector<Group> GroupsOf(const Registry& registry) {
  std::vector<Group> groups;
  for (const auto& kind : registry.kinds()) {
    auto group = std::find_if(groups.begin(), groups.end(),
                              [&](const Group& g) { return g.name == kind->info->group; });
    if (group == groups.end()) group = groups.insert(group, Group{kind->info->group, {}});
    auto version = std::find_if(group->versions.begin(), group->versions.end(),
                                [&](const Version& v) { return v.name == kind->info->version; });
    if (version == group->versions.end()) {
      version = group->versions.insert(version, Version{kind->info->version, {}});
    }
    version->kinds.push_back(kind.get());
  }
  return groups;
}

Object LegacyGroup(const Group& group) {
  Array versions;
  for (const Version& version : group.versions) {
    versions.push_back(Object{{"groupVersion", GroupVersion(group.name, version.name)},
                              {"version", version.name}});
  }
  Object preferred = versions.front().get_object();
  return {{"name", group.name},
          {"versions", std::move(versions)},
          {"preferredVersion", std::move(preferred)}};
}

Object LegacyResources(const Group& group, const Version& version) {
  Array rows;
  for (const ServedKind* kind : version.kinds) {
    rows.push_back(LegacyResource(*kind));
    for (const kube::Subresource& sub : kind->info->subresources) {
      rows.push_back(LegacySubresource(*kind, sub));
    }
  }
  Object list{{"kind", "APIResourceList"}};
  if (!group.name.empty()) list["apiVersion"] = "v1";
  list["groupVersion"] = GroupVersion(group.name, version.name);
  list["resources"] = std::move(rows);
  return list;
}

Object AggregatedGroup(const Group& group) {
  Array versions;
  for (const Version& version : group.versions) {
    Array resources;
    for (const ServedKind* kind : version.kinds) resources.push_back(AggregatedResource(*kind));
    versions.push_back(Object{
        {"version", version.name}, {"resources", std::move(resources)}, {"freshness", "Current"}});
  }
  Object metadata;
  if (!group.name.empty()) metadata["name"] = group.name;
  return {{"metadata", std::move(metadata)}, {"versions", std::move(versions)}};
}

std::string AggregatedList(Array items, std::string_view version) {
  Object list{{"kind", "APIGroupDiscoveryList"},
              {"apiVersion", "apidiscovery.k8s.io/" + std::string(version)},
              {"metadata", Object()},
              {"items", std::move(items)}};
  return kube::Serialize(list) + "\n";
}

}  // namespace

Discovery::Discovery(const Registry& registry) {
  Array core, named, legacy;
  for (const Group& group : GroupsOf(registry)) {
    (group.name.empty() ? core : named).push_back(AggregatedGroup(group));
    for (const Version& version : group.versions) {
      Add((group.name.empty() ? "/api/" : "/apis/") + GroupVersion(group.name, version.name), "",
          kube::Serialize(LegacyResources(group, version)) + "\n");
    }
    if (group.name.empty()) continue;
    Object document = LegacyGroup(group);
    legacy.push_back(document);
    Object alone{{"kind", "APIGroup"}, {"apiVersion", "v1"}};
    for (auto& member : document) alone[member.key()] = member.value();
    Add("/apis/" + std::string(group.name), "", kube::Serialize(alone) + "\n");
  }
  Object groups{{"kind", "APIGroupList"}, {"apiVersion", "v1"}, {"groups", std::move(legacy)}};
  Add("/apis", "", kube::Serialize(groups) + "\n");
  for (std::string_view version : {"v2", "v2beta1"}) {
    Add("/api", version, AggregatedList(core, version));
    Add("/apis", version, AggregatedList(named, version));
  }
}

void Discovery::Add(std::string path, std::string_view version, std::string text) {
  Document document;
  document.etag = "\"" + UpperHexSha512(text) + "\"";
  document.text = std::make_shared<const std::string>(std::move(text));
  document.content_type = "application/json";
  if (!version.empty()) {
    document.content_type +=
        ";g=apidiscovery.k8s.io;v=" + std::string(version) + ";as=APIGroupDiscoveryList";
  }
  documents_[{std::move(path), std::string(version)}] = std::move(document);
}

void Discovery::ReplyWith(const ExchangePtr& exchange, const Document& document) const {
  Headers headers{{"content-type", document.content_type},
                  {"etag", document.etag},
                  {"vary", "Accept"},
                  {"cache-control", "public"}};
  if (exchange->request().Header("if-none-match") == document.etag) {
    return exchange->Reply(304, std::move(headers), std::string());
  }
  exchange->Reply(200, std::move(headers), document.text);
}

void Discovery::ReplyCoreVersions(const ExchangePtr& exchange) const {
  const Request& request = exchange->request();
  std::string_view host = request.Header("host");
  if (host.empty()) host = request.Header(":authority");
  Object address{{"clientCIDR", "0.0.0.0/0"}, {"serverAddress", host}};
  Object document{{"kind", "APIVersions"},
                  {"versions", Array{"v1"}},
                  {"serverAddressByClientCIDRs", Array{std::move(address)}}};
  exchange->Reply(200, {{"content-type", "application/json"}, {"vary", "Accept"}},
                  kube::Serialize(document) + "\n");
}

std::vector<std::string> Discovery::Paths() const {
  std::vector<std::string> paths;
  for (const auto& [key, document] : documents_) {
    if (paths.empty() || paths.back() != key.first) paths.push_back(key.first);
  }
  return paths;
}

bool Discovery::Handle(const ExchangePtr& exchange) const {
  const Request& request = exchange->request();
  std::string path = request.path;
  if (path.size() > 1 && path.ends_with('/')) path.pop_back();
  bool root = path == "/api" || path == "/apis";
  std::string version = root ? NegotiateDiscovery(request) : "";
  auto found = documents_.find(std::pair(path, version));
  if (found == documents_.end() && path != "/api") return false;
  if (request.method != "GET") {
    ReplyError(exchange, kube::MethodNotAllowed());
  } else if (found == documents_.end()) {
    ReplyCoreVersions(exchange);
  } else {
    ReplyWith(exchange, found->second);
  }
  return true;
}

}  // namespace fairway::gateway::api
