// OpenAPI documents of the served kinds, made from the schema: what kubectl reads before create and
// apply (which parameters an operation takes) and for explain (fields and descriptions).
//
// The documents are made at the first question and kept; they depend on the schema and the list of
// kinds only, so that their hashes are the same on every start. One thread.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "clusters/kube/schema/schema.h"

namespace fairway::kube {

struct OpenApiDocument {
  std::string body;  // JSON, one line
  std::string hash;  // SHA-512 in upper-case hex: the ETag, and the `hash` parameter of v3
};

class OpenApi {
 public:
  // `kinds` are those that are served, in discovery order; they belong to the schema. Kinds without
  // a resource are passed over.
  OpenApi(const Schema& schema, std::vector<const KindInfo*> kinds);

  // GET /openapi/v3: the list of documents.
  const OpenApiDocument& index();
  // GET /openapi/v3/{path} with path "api/v1" or "apis/batch/v1"; nullptr where none is served.
  const OpenApiDocument* Find(std::string_view path);
  // GET /openapi/v2 as JSON.
  const OpenApiDocument& v2();
  // GET /openapi/v2 for clients that ask for
  // application/com.github.proto-openapi.spec.v2@v1.0+protobuf: the format's version and nothing
  // else. That is all kubectl needs of it.
  static std::string_view v2_protobuf();

 private:
  void MakeV3();

  const Schema& schema_;
  const std::vector<const KindInfo*> kinds_;
  std::map<std::string, OpenApiDocument, std::less<>> v3_;  // by path
  OpenApiDocument index_;
  OpenApiDocument v2_;
};

// "api/v1" or "apis/batch/v1".
std::string GroupVersionPath(const KindInfo& kind);

}  // namespace fairway::kube
