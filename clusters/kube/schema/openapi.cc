#include "clusters/kube/schema/openapi.h"

#include <openssl/evp.h>

#include <utility>

#include "clusters/kube/json.h"
#include "clusters/kube/schema/openapi_paths.h"
#include "clusters/kube/schema/openapi_schema.h"
#include "scheduler/assert.h"

namespace fairway::kube {
namespace {

constexpr std::string_view kTitle = "Fairway";
constexpr std::string_view kInfoVersion = "v1";

std::string Sha512Hex(std::string_view bytes) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  const int done = EVP_Digest(bytes.data(), bytes.size(), digest, &size, EVP_sha512(), nullptr);
  FAIRWAY_ASSERT(done == 1);
  static constexpr char kHex[] = "0123456789ABCDEF";
  std::string out;
  for (unsigned int i = 0; i < size; ++i) {
    out += kHex[digest[i] >> 4];
    out += kHex[digest[i] & 15];
  }
  return out;
}

OpenApiDocument Finish(const Object& object) {
  OpenApiDocument document;
  document.body = Serialize(object);
  document.hash = Sha512Hex(document.body);
  return document;
}

}  // namespace

std::string GroupVersionPath(const KindInfo& kind) {
  return (kind.group.empty() ? "api/" : "apis/") + kind.api_version();
}

OpenApi::OpenApi(const Schema& schema, std::vector<const KindInfo*> kinds)
    : schema_(schema), kinds_(std::move(kinds)) {}

void OpenApi::MakeV3() {
  if (!index_.body.empty()) return;
  std::map<std::string, std::vector<const KindInfo*>> by_path;
  for (const KindInfo* kind : kinds_) {
    if (!kind->resource.empty()) by_path[GroupVersionPath(*kind)].push_back(kind);
  }
  Object listed;
  for (const auto& [path, kinds] : by_path) {
    OpenApiSchemas schemas(schema_, OpenApiVersion::kV3);
    Object paths;
    for (const KindInfo* kind : kinds) {
      AddKindPaths(schema_, *kind, OpenApiVersion::kV3, schemas, paths);
    }
    OpenApiDocument document =
        Finish(Object{{"openapi", "3.0.0"},
                      {"info", Object{{"title", kTitle}, {"version", kInfoVersion}}},
                      {"paths", std::move(paths)},
                      {"components", Object{{"schemas", schemas.Take()}}}});
    listed[path] = Object{{"serverRelativeURL", "/openapi/v3/" + path + "?hash=" + document.hash}};
    v3_[path] = std::move(document);
  }
  index_ = Finish(Object{{"paths", std::move(listed)}});
}

const OpenApiDocument& OpenApi::index() {
  MakeV3();
  return index_;
}

const OpenApiDocument* OpenApi::Find(std::string_view path) {
  MakeV3();
  const auto it = v3_.find(path);
  return it == v3_.end() ? nullptr : &it->second;
}

const OpenApiDocument& OpenApi::v2() {
  if (!v2_.body.empty()) return v2_;
  OpenApiSchemas schemas(schema_, OpenApiVersion::kV2);
  Object paths;
  for (const KindInfo* kind : kinds_) {
    if (kind->resource.empty()) continue;
    AddKindPaths(schema_, *kind, OpenApiVersion::kV2, schemas, paths);
  }
  v2_ = Finish(Object{{"swagger", "2.0"},
                      {"info", Object{{"title", kTitle}, {"version", kInfoVersion}}},
                      {"paths", std::move(paths)},
                      {"definitions", schemas.Take()}});
  return v2_;
}

std::string_view OpenApi::v2_protobuf() {
  // Field 1 of the document, `swagger`: "2.0".
  return "\x0a\x03"
         "2.0";
}

}  // namespace fairway::kube
